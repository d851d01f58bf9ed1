"""What a digest makes of a story for one channel: told when, waits until when, or not told and why not.

``core.alerts`` says the same of alert rules. Nothing is decided here: what is said follows what
``core.select`` would choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.moments import clock, weekday_clock
from bot.core.select import Chosen
from bot.core.telling import Background, best_verdicts, tell
from bot.model import Becomes, Delivery, DigestSpec, Outlook, Story, Telling

NOTHING_NEW = "nothing material is new since"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a digest and its channel stand when it is asked about a story."""

    told: Telling | None = None
    """What the channel was last told of the story, by whatever."""
    note: Telling | None = None
    """The note that the story waits, if there is one."""
    slot: datetime | None = None
    """When the digest comes next; ``None`` for never again."""
    chosen: Sequence[Chosen] = ()
    """What it would tell then, in order."""
    since: datetime | None = None
    """It looks at what was seen or judged later than this."""


def digest_outlook(
    spec: DigestSpec, channel: str, story: Story, reading: Reading, background: Background
) -> Outlook:
    """What becomes of the story by this digest on this channel."""
    zone = ZoneInfo(spec.timezone)
    told = reading.told
    place = next((at for at, each in enumerate(reading.chosen, 1) if each.story.id == story.id), None)
    before = f"told {_by(told, spec.name)}on {clock(told.told_at, zone)}" if told else ""
    if place is not None and reading.slot is not None:
        waits = _waits(spec, reading, place, zone)
        text = f"{before}; its news {waits}" if told else waits
        return _outlook(spec, channel, Becomes.WAITS, text, reading.slot)
    if told:
        mute = "; it is muted now" if story.muted else f"; {NOTHING_NEW}"
        becomes = Becomes.TOLD if told.origin == spec.name else Becomes.NOT
        return _outlook(spec, channel, becomes, before + mute, told.told_at)
    return _outlook(spec, channel, Becomes.NOT, _why_not(spec, story, reading, background, zone), None)


def _waits(spec: DigestSpec, reading: Reading, place: int, zone: ZoneInfo) -> str:
    total = len(reading.chosen)
    assert reading.slot is not None  # noqa: S101 - asked before
    words = f"waits for {weekday_clock(reading.slot, zone)}, number {place} of {total}"
    if place > spec.max_stories:
        words += f": a line among “also seen”, since max_stories is {spec.max_stories}"
    if reading.note:
        words += f"; noted on {clock(reading.note.told_at, zone)}, when {reading.note.origin} had to leave it"
    return words


def _why_not(spec: DigestSpec, story: Story, reading: Reading, background: Background, zone: ZoneInfo) -> str:
    """Cheap questions first; each has the same answer as in ``core.select``."""
    if story.muted:
        return f"its story is muted; end that with: chipwatch stories mute {story.id[:12]} --undo"
    if not best_verdicts(story, spec.topics):
        return "it matches none of the digest's topics"
    if all(member.item.baseline for member in story.members):
        return "it was old when its feed was first polled"
    if tell(story, spec.topics, None, background) is None:
        return "it is comment or a round-up on what was told lately"
    if reading.slot is None:
        return "the digest's schedule never comes again"
    if reading.since:
        return (
            f"nothing of it was seen or judged after {clock(reading.since, zone)}, "
            "where the next digest begins to look"
        )
    return "the next digest does not take it up"


def sent_in_words(sent: Sequence[Delivery], told_at: datetime | None, origin: str, channel: str) -> str:
    """``sent (3f2a9c81d4aa)``, ``2 sent, 1 dead``: the messages that a telling went out with."""
    own = [
        each
        for each in sent
        if (each.origin, each.channel) == (origin, channel) and each.created_at == told_at
    ]
    if len(own) == 1:
        return f"{own[0].state.value} ({own[0].key[:12]})"
    states = [each.state.value for each in own]
    return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))


def in_line(outlook: Outlook) -> str:
    """``digest daily by mail: waits for …``."""
    who = f"{outlook.kind} {outlook.origin} by {outlook.channel}"
    return f"{who}: {'not told: ' if outlook.becomes is Becomes.NOT else ''}{outlook.text}"


def _by(told: Telling, name: str) -> str:
    return "" if told.origin == name else f"by {told.origin} "


def _outlook(spec: DigestSpec, channel: str, becomes: Becomes, text: str, at: datetime | None) -> Outlook:
    return Outlook(kind="digest", origin=spec.name, channel=channel, becomes=becomes, text=text, at=at)
