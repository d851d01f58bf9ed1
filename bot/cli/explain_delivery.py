"""Why a delivery was composed, from what stories and why these, how it stands, and what happens next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.output import short_time
from bot.cli.spelled import matched, spell_delivery
from bot.core.amounts import plural

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Delivery, Story, Telling
    from bot.ports import Tx


@dataclass(frozen=True, kw_only=True)
class ToldHere:
    """A story of a message, and what the message told of it."""

    story_id: str
    title: str
    topics: str
    """Those that it matches now, with scores; empty where it matches none any more."""
    revision: int | None
    """1 for a first telling; ``None`` where the channel was told more of it since."""
    told_since: int


@dataclass(frozen=True, kw_only=True)
class WhyDelivery:
    """Everything that is known of a delivery."""

    delivery: Delivery
    composer: str
    stories: Sequence[ToldHere]
    next: str

    @classmethod
    def of(cls, application: Application, tx: Tx, delivery: Delivery) -> WhyDelivery:
        from bot.core.nextup import what_next

        deps = application.deps
        state = tx.queue.destinations().get(delivery.channel)
        told = tx.outbox.told(delivery.channel, delivery.stories)
        stories = [
            _told_here(delivery, story_id, tx.stories.get(story_id), told.get(story_id))
            for story_id in delivery.stories
        ]
        known = delivery.channel in deps.channels
        return cls(
            delivery=delivery,
            composer=_composer(application, delivery),
            stories=stories,
            next=what_next(delivery, state, known=known, now=deps.clock.now()),
        )

    def spelled(self) -> dict[str, Any]:
        """For programs."""
        return {
            "about": "delivery",
            **spell_delivery(self.delivery),
            "composed_by": self.composer,
            "told": [asdict(each) for each in self.stories],
            "next": self.next,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        delivery = self.delivery
        yield delivery.message.subject
        yield f"  delivery {delivery.key}"
        yield f"  to {delivery.recipient} by {delivery.channel}"
        yield f"  composed {short_time(delivery.created_at)} UTC by {self.composer}"
        yield ""
        yield f"{_state(delivery)}; {_attempts(delivery)}"
        if delivery.note:
            yield f"  {delivery.note}"
        yield f"  next: {self.next}"
        if self.stories:
            yield ""
            yield f"It tells {plural(len(self.stories), 'story')}:"
        for each in self.stories:
            yield f"  {each.story_id[:12]}  {each.title}"
            yield f"    {_why_here(each)}"
        if not self.stories and delivery.kind == "alarm":
            yield ""
            yield f"It tells of the bot itself; the message: chipwatch deliveries show {delivery.key[:12]}"


def _told_here(delivery: Delivery, story_id: str, story: Story | None, told: Telling | None) -> ToldHere:
    from bot.core.telling import title_of

    here = told is not None and told.told_at == delivery.created_at
    return ToldHere(
        story_id=story_id,
        title=title_of(story) if story else "(gone)",
        topics=matched([verdict for member in story.members for verdict in member.verdicts]) if story else "",
        revision=told.revision if told and here else None,
        told_since=0 if told is None or here or told.told_at < delivery.created_at else 1,
    )


def _composer(application: Application, delivery: Delivery) -> str:
    """The digest or rule, with what it asks for as it is configured now."""
    deps, name = application.deps, delivery.origin
    match delivery.kind:
        case "alarm":
            return "alarms: trouble of the bot itself"
        case "alert":
            rule = next((each for each in deps.alerts if each.name == name), None)
            if rule is None:
                return f"alert rule {name}, which is not configured any more"
            least = f", from {rule.min_score:.0%}" if rule.min_score else ""
            return f"alert rule {name}: {', '.join(rule.topics)}{least}"
        case _:
            spec = deps.digests.get(name)
            if spec is None:
                return f"digest {name}, which is not configured any more"
            return f"digest {name}: {', '.join(spec.topics)}; {' and '.join(spec.schedule)} {spec.timezone}"


def _state(delivery: Delivery) -> str:
    doubt = ", and an attempt got no answer" if delivery.unanswered else ""
    when = f" on {short_time(delivery.sent_at)} UTC" if delivery.sent_at else ""
    return f"{delivery.state.value.capitalize()}{when}{doubt}"


def _attempts(delivery: Delivery) -> str:
    return plural(delivery.attempt, "attempt")


def _why_here(told: ToldHere) -> str:
    """``told for the first time: mtia 97%``."""
    if told.revision is None:
        how = "told here, and more of it since" if told.told_since else "what was told here was taken back"
    elif told.revision == 1:
        how = "told for the first time"
    else:
        how = f"update {told.revision - 1}: it had news since"
    return f"{how}: {told.topics or 'it matches no topic any more'}"
