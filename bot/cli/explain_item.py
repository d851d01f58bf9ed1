"""Why an item was judged, placed and told as it was: each verdict's shares, its story, who heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.explain_story import Telling, nobody_tells
from bot.cli.output import short_time
from bot.cli.spelled import spell_answer, spell_item, spell_story
from bot.core.amounts import plural

if TYPE_CHECKING:
    from datetime import datetime

    from bot.app import Application
    from bot.model import Answer, Item, Placement, Placing, Story, Verdict
    from bot.ports import Tx


@dataclass(frozen=True, kw_only=True)
class WhyItem:
    """Everything that is known of an item."""

    application: Application
    item: Item
    verdicts: Sequence[Verdict]
    judged_at: datetime | None
    answers: Sequence[Answer]
    placement: Placement | None
    placing: Placing | None
    story: Story | None
    telling: Telling

    @classmethod
    def of(cls, application: Application, tx: Tx, item: Item) -> WhyItem:
        placement = tx.stories.placement(item.id)
        story = tx.stories.get(placement.story_id) if placement else None
        nothing = Telling(sent=(), rules=(), outlooks=(), decisions=())
        return cls(
            application=application,
            item=item,
            verdicts=tx.items.verdicts(item.id),
            judged_at=tx.items.judged_at(item.id),
            answers=[answer for answer in tx.feedback.answers() if answer.item_id == item.id],
            placement=placement,
            placing=tx.edits.placings(story.id).get(item.id) if story else None,
            story=story,
            telling=Telling.of(application, tx, story) if story else nothing,
        )

    def spelled(self) -> dict[str, Any]:
        """For programs."""
        return {
            "about": "item",
            **spell_item(self.item),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "placement": self.placement and asdict(self.placement),
            "story": self.story and spell_story(self.story),
            "answers": [spell_answer(answer) for answer in self.answers],
            **self.telling.spelled(),
            "updates": [asdict(decision) for decision in self.telling.decisions],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from self._head()
        yield from self._verdicts()
        yield from self._story()
        yield from self.telling.lines(self._nobody())

    def _nobody(self) -> str:
        """Why no digest and no alert rule looks at it at all; empty where one does."""
        topics = {verdict.topic_id for verdict in self.verdicts if verdict.matched}
        members = self.story.members if self.story else ()
        topics |= {verdict.topic_id for member in members for verdict in member.verdicts}
        if not self.verdicts and self.judged_at is None:
            return "it is not judged yet."
        if not topics:
            return "neither it nor its story matches a topic."
        return nobody_tells(self.application, self.story, topics)

    def _head(self) -> Iterator[str]:
        item = self.item
        feed = self.application.deps.feeds.get(item.feed_id)
        yield item.title
        yield f"  {item.url or 'no address'}"
        yield f"  item {item.id}"
        yield f"  published {short_time(item.published)}, first seen {short_time(item.seen_at)} UTC"
        yield f"  from {feed.title or feed.url if feed else 'a feed that is not configured any more'}"
        if item.baseline:
            yield "  was already old when its feed was polled for the first time: known, never told by itself"

    def _verdicts(self) -> Iterator[str]:
        if not self.verdicts:
            yield ""
            yield _without_verdict(self.judged_at)
        for verdict in self.verdicts:
            yield ""
            yield from self._verdict(verdict)

    def _verdict(self, verdict: Verdict) -> Iterator[str]:
        from bot.core.reasons import in_words

        topic = self.application.deps.topics.get(verdict.topic_id)
        decision = "matched" if verdict.matched else "not matched"
        title = topic.title if topic else verdict.topic_id
        yield f"{title}: {decision}, {verdict.score:.0%} (from {verdict.threshold:.0%})"
        yield f"  {in_words(verdict)}"
        for answer in self.answers:
            if answer.topic_id == verdict.topic_id:
                yield f"  {_answered(answer)}"
        for share in verdict.shares:
            yield f"  {share.share:+6.2f}  {share.signal:<10} {share.detail}"
        total = sum(share.share for share in verdict.shares)
        yield f"  {total:+6.2f}  sum: log-odds of {verdict.score:.1%}"
        if verdict.nearest:
            near = verdict.nearest
            yield f"  nearest exemplar {near.exemplar}: {near.similarity:.2f} alike, {near.relation.value}"
        yield f"  profile {verdict.profile_version}"

    def _story(self) -> Iterator[str]:
        placement, placing, story = self.placement, self.placing, self.story
        if placement is None or story is None:
            return
        yield ""
        muted = ", muted: nothing is told of it" if story.muted else ""
        yield f"Story {story.id}: {plural(len(story.members), 'item')}{muted}"
        yield f"  this one {placement.because or 'opens it'}"
        if placing is not None and placing.story_id != story.id:
            how = f"chipwatch stories --explain {story.id[:12]}"
            yield f"  it was in story {placing.story_id} then; how it came here: {how}"
        for member in story.members:
            if member.item.id != self.item.id:
                copy = "  (a copy)" if member.placement.copy_of else ""
                yield f"  {member.item.id[:12]}  {member.source}: {member.item.title}{copy}"


def _without_verdict(judged_at: datetime | None) -> str:
    if judged_at is None:
        return "Not judged yet: the next triage does it."
    return (
        f"Set aside without a verdict on {short_time(judged_at)} UTC: no topic was watched, or a fault of "
        "ours, which the log of that time tells, kept it from being judged. It is judged again once edited."
    )


def _answered(answer: Answer) -> str:
    said = "as this topic" if answer.yes else "as not this topic"
    effect = "" if answer.adopted else "; pending, it has no effect yet"
    note = f" ({answer.note})" if answer.note else ""
    return f"marked {said} on {short_time(answer.answered_at)} UTC{note}{effect}"
