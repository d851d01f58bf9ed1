"""Why a story is what it is: its items, what was done to it, who was told of it, and who was not and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.output import short_time
from bot.cli.spelled import spell_delivery, spell_story
from bot.core.amounts import plural

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Delivery, Outlook, Placing, Story, StoryEdit, UpdateDecision
    from bot.pipeline.alert import Reason
    from bot.ports import Tx


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What became of a story, or will, by everybody who watches its topics."""

    sent: Sequence[Delivery]
    rules: Sequence[Reason]
    outlooks: Sequence[Outlook]
    decisions: Sequence[UpdateDecision]

    @classmethod
    def of(cls, application: Application, tx: Tx, story: Story) -> Telling:
        from bot.pipeline.alert import why_alerted
        from bot.pipeline.outlook import outlooks

        rules = why_alerted(application.deps, tx, story)
        return cls(
            sent=tx.outbox.deliveries(state=None, limit=100, story_id=story.id),
            rules=rules,
            outlooks=outlooks(application.deps, tx, story, rules),
            decisions=tx.updates.of_story(story.id),
        )

    def spelled(self) -> dict[str, Any]:
        """For programs."""
        return {
            "deliveries": [spell_delivery(delivery) for delivery in self.sent],
            "alerts": [
                {"rule": reason.rule, "channel": reason.channel, "text": reason.text} for reason in self.rules
            ],
            "outlook": [asdict(outlook) for outlook in self.outlooks],
        }

    def lines(self, nobody: str) -> Iterator[str]:
        """Who was told, then what each digest and rule makes of it; ``nobody``: why nobody watches it."""
        from bot.core.outlook import in_line, sent_in_words

        yield ""
        yield "Told:" if self.sent else f"Not told: {self._why_not_yet(nobody)}"
        for delivery in self.sent:
            when = short_time(delivery.sent_at or delivery.due_at)
            note = f" ({delivery.note})" if delivery.note else ""
            route = f"{delivery.origin} by {delivery.channel} to {delivery.recipient}"
            yield f"  {delivery.state.value:<8} {when}  {route}{note}"
        if self.outlooks:
            yield ""
            yield "Digests and alerts:"
        for each in self.outlooks:
            went_out = sent_in_words(self.sent, each.at, each.origin, each.channel)
            yield f"  {in_line(each)}{f'; {went_out}' if went_out else ''}"
        yield from _update_lines(self.decisions)

    def _why_not_yet(self, nobody: str) -> str:
        from bot.model import Becomes

        if nobody:
            return nobody
        if waiting := dict.fromkeys(e.origin for e in self.outlooks if e.becomes is Becomes.WAITS):
            return f"it waits for {', '.join(waiting)}."
        reasons = dict.fromkeys(each.text for each in self.outlooks if each.becomes is Becomes.NOT)
        if len(reasons) == 1:
            return f"{next(iter(reasons))}."
        return "no digest and no alert takes it; each says below why."


def nobody_tells(application: Application, story: Story | None, topics: set[str]) -> str:
    """Why no digest and no alert rule tells what matches these topics; empty where one may."""
    deps = application.deps
    if story is not None and story.muted:
        return f"its story is muted; end that with: chipwatch stories mute {story.id[:12]} --undo"
    watched = [spec.topics for spec in deps.digests.values()] + [rule.topics for rule in deps.alerts]
    if any(topics.intersection(each) for each in watched):
        return ""
    return "no digest and no alert watches its topics."


def _update_lines(decisions: Sequence[UpdateDecision]) -> Iterator[str]:
    """Whether the story had news for those that had been told it, and why."""
    from bot.core.updates import decision_in_words

    if decisions:
        yield ""
        yield "News since it was told:"
    for decision in decisions:
        yield f"  {short_time(decision.at)}  {decision_in_words(decision)}"


@dataclass(frozen=True, kw_only=True)
class WhyStory:
    """Everything that is known of a story."""

    application: Application
    story: Story
    title: str
    relation: str
    placings: Mapping[str, Placing]
    edits: Sequence[StoryEdit]
    telling: Telling

    @classmethod
    def of(cls, application: Application, tx: Tx, story: Story) -> WhyStory:
        from bot.core.telling import relation_to_corpus, title_of
        from bot.pipeline.telling import background

        deps = application.deps
        return cls(
            application=application,
            story=story,
            title=title_of(story),
            relation=relation_to_corpus(story, list(deps.topics), background(deps)),
            placings=tx.edits.placings(story.id),
            edits=tx.edits.history(story.id),
            telling=Telling.of(application, tx, story),
        )

    def spelled(self) -> dict[str, Any]:
        """For programs."""
        spelled = spell_story(self.story)
        for item in spelled["items"]:
            placing = self.placings[item["id"]]
            item |= {"placed_at": placing.at, "placed_in": placing.story_id}
        told = self.telling.spelled()
        return {
            "about": "story",
            **spelled,
            "title": self.title,
            "relation": self.relation,
            "edits": [asdict(edit) for edit in self.edits],
            **told,
            "decisions": [asdict(decision) for decision in self.telling.decisions],
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        yield from self._head()
        yield from self._members()
        yield from self._changes()
        yield from self.telling.lines(self._nobody())

    def _nobody(self) -> str:
        topics = {verdict.topic_id for member in self.story.members for verdict in member.verdicts}
        if not topics:
            return "it matches no topic."
        return nobody_tells(self.application, self.story, topics)

    def _head(self) -> Iterator[str]:
        story = self.story
        yield self.title
        yield f"  story {story.id}: {plural(len(story.members), 'item')}"
        yield f"  seen {short_time(story.first_seen)} to {short_time(story.last_seen)} UTC"
        if self.relation:
            yield f"  {self.relation}"
        if story.muted:
            yield "  muted: nothing is told of it"

    def _members(self) -> Iterator[str]:
        for member in self.story.members:
            placement, placing = member.placement, self.placings[member.item.id]
            yield ""
            yield f"{member.item.id[:12]}  {member.source}: {member.item.title}"
            surely = (
                f" ({placement.similarity:.0%} sure)"
                if placement.similarity and not placement.copy_of
                else ""
            )
            yield f"  {placement.because or 'opens it'}{surely}"
            elsewhere = f" in story {placing.story_id}" if placing.story_id != self.story.id else ""
            yield f"  placed {short_time(placing.at)} UTC by grouping{elsewhere}"

    def _changes(self) -> Iterator[str]:
        if self.edits:
            yield ""
            yield "Changed:"
        for edit in self.edits:
            note = f" ({edit.because})" if edit.because else ""
            yield f"  {short_time(edit.at)} UTC by {edit.by}: {_done(edit)}{note}"


def _done(edit: StoryEdit) -> str:
    from bot.model import EditKind

    match edit.kind:
        case EditKind.MERGE:
            return f"story {edit.other} became part of story {edit.story_id}"
        case EditKind.SPLIT:
            items = plural(len(edit.items), "item")
            return f"{items} split off from story {edit.story_id} as story {edit.other}"
        case EditKind.MUTE:
            return "muted"
        case EditKind.UNMUTE:
            return "heard again"
