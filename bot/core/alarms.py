"""Alarms: which trouble people are told of, when, and by which channel; each once, and once that it is over.

What people know of an alarm follows from its times: ``told_at`` is when they were told of it last, and what
began or ended after that they do not know yet. So an alarm goes from begun to told, to over, to told again;
then it stays in memory for a while, for trouble that comes back soon is told less readily. What was over
before anybody heard of it is forgotten.

A message refused for good and a jump of the clock have no end. They are told when they happen, and for a
while not again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.core.care import FAILING
from bot.core.text import digest as text_hash
from bot.core.text import shorten
from bot.model import Alarm, Delivery, DeliveryState, Destination, Part, Settlement

DISABLED = "disabled"
GAVE_UP = "given up"
REFUSED = "refused"
NAME = "alarms"
Identity: TypeAlias = tuple[Part, str, str]
NETWORK: Identity = (Part.FEED, "", "most failing")
"""The alarm that most feeds fail at once."""

QUIET = timedelta(days=7)
"""How long the same answer of a service is told no second time."""
STEADY = timedelta(minutes=15)
"""So long a trouble must be over before that is told: one that comes and goes has not ended."""
RELAPSE = timedelta(hours=1)
"""So long a trouble must last that came back while its end was remembered, before it is told."""
REMEMBERED = timedelta(days=2)
"""How long an end is remembered, and a jump of the clock."""
APART = timedelta(hours=1)
"""Least time between two messages about single feeds and topics."""
COLLECTED = timedelta(minutes=10)
"""So long what is told of a feed or a topic waits for others."""
_NETWORKS_SHARE = timedelta(days=2)
"""A feed that failed with the network has failed for a day within so long; one told later has its own."""
_ASKED_AGAIN = timedelta(hours=25)
"""Within so long every failing feed has been asked again: pauses go up to a day."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_TICK = timedelta(microseconds=1)
_REASON = 160
_CODE = re.compile(r"\b[1-5]\d\d\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Over:
    """An alarm that stands no more, if it did."""

    part: Part
    subject: str
    cause: str
    text: str = ""
    """What people are told; without it the usual words."""
    quietly: bool = False
    """There is nothing to say about it, or another alarm says it all."""


Observation: TypeAlias = Alarm | Over
"""That there is trouble, or that it is over."""


def raised(delivery: Delivery, settlement: Settlement, now: datetime) -> Alarm | None:
    """The alarm that the end of an attempt gives cause for."""
    reason = shorten(settlement.note, _REASON)
    name = delivery.channel
    if settlement.disables:
        text = (
            f"Nothing can be sent to “{name}” until somebody acts: {reason}. Its messages wait. Mend "
            f"the cause in chipwatch.toml, or run: chipwatch deliveries enable {name}"
        )
        return Alarm(part=Part.CHANNEL, subject=name, cause=DISABLED, text=text, raised_at=now)
    if settlement.state is not DeliveryState.DEAD:
        return None
    if settlement.gave_up:
        text = f"A message to “{name}” was given up: {reason}. See: chipwatch deliveries dead"
        return Alarm(part=Part.CHANNEL, subject=name, cause=GAVE_UP, text=text, raised_at=now)
    # The number of an answer and not its words, which may be new every time.
    code = _CODE.search(settlement.note)
    text = f"A message to “{name}” was refused for good: {reason}. See: chipwatch deliveries dead"
    cause = f"{REFUSED} {code.group() if code else ''}".strip()
    return Alarm(part=Part.CHANNEL, subject=name, cause=cause, text=text, raised_at=now)


# ── what an alarm is, and how it stands ──────────────────────────────────────────────────────────


def identity(alarm: Observation) -> Identity:
    """What makes two alarms one."""
    return alarm.part, alarm.subject, alarm.cause


def stands(alarm: Alarm) -> bool:
    """Whether it is something that is wrong now: not over, and none of those that have no end."""
    return alarm.over_at is None and not _is_passing(alarm)


def is_known(alarm: Alarm) -> bool:
    """Whether people were told how it stands."""
    return alarm.told_at is not None and alarm.told_at >= _changed(alarm)


def is_done_with(alarm: Alarm, now: datetime) -> bool:
    """Over before anybody was told of it; or told, and remembered for long enough."""
    if alarm.told_at is None:
        return alarm.over_at is not None
    if not is_known(alarm) or stands(alarm):
        return False
    return now - alarm.told_at > (QUIET if _is_refusal(alarm) else REMEMBERED)


def set_right(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm with its times before now, in their order: a clock that was wrong set those ahead of it."""
    times = [alarm.raised_at, *filter(None, (alarm.told_at, alarm.over_at))]
    ahead = max(times) - now
    if ahead < timedelta(0):
        return alarm
    back = ahead + _TICK
    return replace(
        alarm,
        raised_at=alarm.raised_at - back,
        told_at=alarm.told_at - back if alarm.told_at else None,
        over_at=alarm.over_at - back if alarm.over_at else None,
    )


def is_ahead(alarm: Alarm, now: datetime) -> bool:
    """Whether it has times that only a wrong clock explains."""
    return max(filter(None, (alarm.told_at, _changed(alarm)))) - now > _CLOCKS_DIFFER


def _changed(alarm: Alarm) -> datetime:
    return alarm.over_at or alarm.raised_at


def _is_refusal(alarm: Alarm) -> bool:
    return alarm.part is Part.CHANNEL and alarm.cause.startswith(REFUSED)


def _is_passing(alarm: Alarm) -> bool:
    """About one moment: there is nothing that could be over."""
    return _is_refusal(alarm) or alarm.part is Part.CLOCK


def _is_gathered(alarm: Alarm) -> bool:
    """About one feed or topic of many, and in no hurry."""
    return alarm.part in (Part.FEED, Part.TOPIC) and identity(alarm) != NETWORK


# ── how it begins and ends ───────────────────────────────────────────────────────────────────────


def noted(observation: Observation, before: Alarm | None, now: datetime) -> Alarm | None:
    """What to write down of an observation, in place of ``before``; ``None`` where it changes nothing."""
    if isinstance(observation, Alarm):
        return begun(observation, before)
    return ended(observation, before, now) if before and stands(before) else None


def begun(alarm: Alarm, before: Alarm | None) -> Alarm | None:
    """What to write down where trouble is found; ``None`` where that stands already.

    What is over, and was not told to be, goes on as if it had not ended.
    """
    if before is None:
        return alarm
    before = set_right(before, alarm.raised_at)
    if _is_refusal(alarm):
        return alarm if alarm.raised_at - before.raised_at > QUIET else None
    if _is_passing(alarm):
        return replace(alarm, told_at=before.told_at)
    if before.over_at is None:
        return None
    if before.told_at is not None and not is_known(before):
        return replace(before, text=alarm.text, over_at=None)
    return replace(alarm, told_at=before.told_at)


def ended(over: Over, alarm: Alarm, now: datetime) -> Alarm:
    """What to write down where a trouble that stands is over."""
    if over.quietly:
        return replace(alarm, told_at=None, over_at=now)
    alarm = set_right(alarm, now)
    # Nobody heard that it came back: for people it has been over all the time.
    known_over = alarm.told_at if alarm.told_at and not is_known(alarm) else None
    return replace(alarm, over_at=known_over or now, text=over.text or _over(alarm))


def over_by_sending(channel: str, known: Sequence[Alarm]) -> list[Over]:
    """What is over once something was sent to a channel."""
    return [
        Over(part=each.part, subject=each.subject, cause=each.cause)
        for each in known
        if identity(each)[:2] == (Part.CHANNEL, channel) and stands(each)
    ]


def _over(alarm: Alarm) -> str:
    match alarm.part:
        case Part.CHANNEL:
            return f"Messages to “{alarm.subject}” go out again."
        case Part.STEP:
            return f"The step “{alarm.subject}” works again."
        case Part.CONFIGURATION:
            return "The configuration can be read again, and is in force."
    return f"This is over: {alarm.text}"


# ── when it is told ──────────────────────────────────────────────────────────────────────────────


def to_tell(known: Sequence[Alarm], now: datetime) -> list[Alarm]:
    """What people should be told now, all at once.

    Most of it at once; what is about single feeds and topics is gathered, so that there is one message an
    hour of it at most.
    """
    ready = [each for each in known if _is_ripe(each, now) and not _is_the_networks(each, known, now)]
    gathered = [each for each in ready if _is_gathered(each)]
    at_once = [each for each in ready if not _is_gathered(each)]
    last = max((each.told_at for each in known if each.told_at and _is_gathered(each)), default=None)
    if not gathered or (last and now - last < APART):
        return at_once
    is_time = now - min(map(_changed, gathered)) >= COLLECTED
    return at_once + gathered if is_time else at_once


def _is_ripe(alarm: Alarm, now: datetime) -> bool:
    """Whether it is news that has lasted for long enough."""
    if is_known(alarm):
        return False
    if alarm.over_at is not None:
        return alarm.told_at is not None and now - alarm.over_at >= STEADY
    return alarm.told_at is None or now - alarm.raised_at >= RELAPSE


def _is_the_networks(alarm: Alarm, known: Sequence[Alarm], now: datetime) -> bool:
    """Whether a feed fails only because all do: no news until each was asked once more on a sound network."""
    if not _is_gathered(alarm) or alarm.cause != FAILING or alarm.over_at is not None:
        return False
    down = next((each for each in known if identity(each) == NETWORK), None)
    if down is None or not down.raised_at <= alarm.raised_at < down.raised_at + _NETWORKS_SHARE:
        return False
    return down.over_at is None or (alarm.raised_at <= down.over_at and now - down.over_at < _ASKED_AGAIN)


def targets(
    alarm: Alarm,
    wanted: Sequence[str],
    channels: Collection[str],
    destinations: Mapping[str, Destination],
) -> tuple[str, ...]:
    """Which channels tell an alarm: those wanted that work, else the first other one that does."""

    def works(channel: str) -> bool:
        state = destinations.get(channel)
        return (Part.CHANNEL, channel) != identity(alarm)[:2] and not (state and state.disabled_at)

    return tuple(filter(works, wanted)) or tuple(filter(works, channels))[:1]


def told(alarm: Alarm, now: datetime) -> Alarm:
    """The alarm once a message tells it."""
    return replace(alarm, told_at=max(now, _changed(alarm)))


def key_of(told: Sequence[Alarm], channel: str, now: datetime) -> str:
    """Another one at another time: what was to tell the same alarms before may have expired."""
    moments = [f"{each.part} {each.subject} {each.cause} {each.raised_at} {each.over_at}" for each in told]
    return text_hash((NAME, channel, now.isoformat(), *moments), size=16)
