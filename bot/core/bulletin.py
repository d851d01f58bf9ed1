"""The message that tells alarms: its title, and a line an alarm, of many the first few and a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.alarms import NAME, NETWORK, identity
from bot.core.amounts import plural
from bot.core.views import MOST_NOTICES
from bot.model import Alarm, Digest, Notice, Part, Window

RECOVERED, MORE = "recovered", "more"
_COUNTED = frozenset({Part.FEED, Part.TOPIC})
"""Parts of which there are so many that a title says how many."""
_BEGUN: Mapping[Part, str] = {
    Part.CHANNEL: "Delivery trouble",
    Part.DISK: "The disk is almost full",
    Part.CLOCK: "The clock jumped",
    Part.CONFIGURATION: "The configuration was refused",
    Part.STEP: "chipwatch has trouble",
}
_OVER: Mapping[Part, str] = {
    Part.CHANNEL: "Delivery works again",
    Part.FEED: "Feeds can be read again",
    Part.TOPIC: "A topic is as usual again",
    Part.DISK: "There is room on the disk again",
    Part.CONFIGURATION: "The configuration is sound again",
    Part.STEP: "chipwatch works again",
}
_SEVERAL = "chipwatch has trouble"
_SEVERAL_OVER = "chipwatch works again"


def bulletin(told: Sequence[Alarm], now: datetime, timezone: str) -> Digest:
    """The message that tells these alarms: what is wrong before what is over.

    Of kinds the rarest comes first, so that none is hidden by three hundred feeds; of a kind the oldest.
    """
    sizes = Counter(map(_kind, told))
    ordered = sorted(told, key=lambda each: (each.over_at is not None, sizes[_kind(each)], _at(each)))
    return Digest(
        kind="alarm",
        name=NAME,
        title=_title(ordered),
        window=Window(start=min(map(_at, ordered)), end=now),
        timezone=timezone,
        sections=(),
        notices=tuple(_notices(ordered, now)),
    )


def _title(told: Sequence[Alarm]) -> str:
    if NETWORK in map(identity, told):
        return "Most feeds fail" if any(each.over_at is None for each in told) else "Feeds can be read again"
    begun = {each.part for each in told if each.over_at is None}
    if begun and begun <= _COUNTED:
        counts = Counter(part for part, _ in {(each.part, each.subject) for each in told if not each.over_at})
        return "Trouble with " + " and ".join(plural(counts[part], part.value) for part in sorted(begun))
    if len(begun) == 1:
        return _BEGUN[begun.pop()]
    over = {each.part for each in told}
    if begun or len(over) > 1:
        return _SEVERAL if begun else _SEVERAL_OVER
    return _OVER.get(over.pop(), _SEVERAL_OVER)


def _notices(told: Sequence[Alarm], now: datetime) -> list[Notice]:
    """A line each; of too many the first ones, and last how many more there are: a line is kept for that."""
    # Two troubles of a feed may end in one moment and with the same words.
    lines = list({(each.part, each.subject, each.text): each for each in told}.values())
    if len(lines) <= MOST_NOTICES:
        return [_notice(each) for each in lines]
    shown, rest = lines[: MOST_NOTICES - 1], lines[MOST_NOTICES - 1 :]
    counts = Counter(map(_kind, rest))
    counted = ", ".join(f"{plural(count, part.value)} {cause}" for (part, cause), count in counts.items())
    text = f"And {len(rest):,} more: {counted}. See: chipwatch status"
    return [*map(_notice, shown), Notice(feed_id="", kind=MORE, text=text, at=now)]


def _notice(alarm: Alarm) -> Notice:
    return Notice(feed_id=alarm.subject, kind=_kind(alarm)[1], text=alarm.text, at=_at(alarm))


def _kind(alarm: Alarm) -> tuple[Part, str]:
    return alarm.part, RECOVERED if alarm.over_at else alarm.cause


def _at(alarm: Alarm) -> datetime:
    return alarm.over_at or alarm.raised_at
