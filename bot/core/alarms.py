"""Alarms: which trouble of a channel people are told of, how often, and by which other channel.

Told once: that a channel is disabled; that messages to it were given up; that one was refused for good, once
a week for each answer. Told once as well: that the first two are over. A refusal is never over: it was about
one message, and the next one that goes through says nothing about it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.text import digest as text_hash
from bot.core.text import shorten
from bot.model import Alarm, Delivery, DeliveryState, Destination, Digest, Notice, Part, Settlement, Window

DISABLED = "disabled"
GAVE_UP = "given up"
REFUSED = "refused"
NAME = "alarms"
TITLE = "Delivery trouble"
QUIET = timedelta(days=7)
"""How long the same answer of a service is told no second time."""
_REASON = 160
_CODE = re.compile(r"\b[1-5]\d\d\b")


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


def identity(alarm: Alarm) -> tuple[Part, str, str]:
    """What makes two alarms one."""
    return alarm.part, alarm.subject, alarm.cause


def is_news(alarm: Alarm, known: Sequence[Alarm]) -> bool:
    """Whether it was not raised before: only a refusal is told again, after some days."""
    for each in known:
        if identity(each) == identity(alarm):
            return each.over_at is not None or (
                each.cause.startswith(REFUSED) and alarm.raised_at - each.raised_at > QUIET
            )
    return True


def ended(channel: str, known: Sequence[Alarm], now: datetime) -> list[Alarm]:
    """What is over once something was sent to a channel."""
    return [
        replace(each, over_at=now)
        for each in known
        if identity(each)[:2] == (Part.CHANNEL, channel)
        and each.over_at is None
        and not each.cause.startswith(REFUSED)
    ]


def to_tell(known: Sequence[Alarm]) -> list[Alarm]:
    """Raised and not told yet, or told and over since."""
    return [each for each in known if (each.told_at is None) == (each.over_at is None)]


def is_done_with(alarm: Alarm) -> bool:
    """Over before anybody was told of it."""
    return alarm.told_at is None and alarm.over_at is not None


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


def words(alarm: Alarm) -> str:
    """What people are told now."""
    if alarm.over_at is None:
        return alarm.text
    return f"Messages to “{alarm.subject}” go out again."


def digest_of(told: Sequence[Alarm], now: datetime, timezone: str) -> Digest:
    """The message that tells alarms."""
    return Digest(
        kind="alarm",
        name=NAME,
        title=TITLE if any(each.over_at is None for each in told) else "Delivery works again",
        window=Window(start=min(each.over_at or each.raised_at for each in told), end=now),
        timezone=timezone,
        sections=(),
        notices=tuple(
            Notice(
                feed_id=each.subject,
                kind=each.cause if each.over_at is None else "recovered",
                text=words(each),
                at=each.over_at or each.raised_at,
            )
            for each in told
        ),
    )


def key_of(told: Sequence[Alarm], channel: str, now: datetime) -> str:
    """Another one at another time: what was to tell the same alarms before may have expired."""
    moments = [f"{each.part} {each.subject} {each.cause} {each.raised_at} {each.over_at}" for each in told]
    return text_hash((NAME, channel, now.isoformat(), *moments), size=16)
