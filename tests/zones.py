"""Every IANA zone's clock for ten years, and what a watcher of it sees: an oracle for slots.

The watcher looks at the clock minute by minute and knows nothing of offsets, folds and gaps.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

BEGIN, END = datetime(2022, 12, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_STEP = timedelta(days=3)
"""No zone of these years sets its clocks and sets them back within so short a time."""


class Change(NamedTuple):
    zone: str
    at: datetime
    """The first minute, in UTC, in which the clocks are set otherwise."""


@cache
def changes_of(zone: str) -> Sequence[Change]:
    """Of the offset from UTC."""
    found, moment = [], BEGIN
    while moment < END:
        if _shift(moment, zone) != _shift(moment + _STEP, zone):
            found.append(Change(zone, _first(moment, moment + _STEP, zone)))
        moment += _STEP
    return found


@cache
def distinct_zones() -> Sequence[str]:
    """Of the zones whose clocks go alike all the time, one: the first by name."""
    by_clock: dict[object, str] = {}
    for zone in sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}):
        changes = [(each.at, _shift(each.at, zone)) for each in changes_of(zone)]
        by_clock.setdefault((_shift(BEGIN, zone), *changes), zone)
    return [*by_clock.values()]


def reached_by_walking(zone: str, start: datetime, end: datetime) -> Mapping[datetime, datetime]:
    """Time of day (with its date) → when the clock showed or passed it first, after ``start``."""
    reached: dict[datetime, datetime] = {}
    highest = _clock(start, zone)
    moment = start
    while moment < end:
        moment += _MINUTE
        while highest < _clock(moment, zone):
            highest += _MINUTE
            reached[highest] = moment
    return reached


def hourly_by_walking(zone: str, minute: int, start: datetime, end: datetime) -> list[datetime]:
    """When the clock showed this minute of an hour, or passed it by."""
    found, moment, before = [], start, _clock(start, zone)
    while moment < end:
        moment += _MINUTE
        shown = _clock(moment, zone)
        passed = max((shown - before) // _MINUTE, 1)
        if any((shown - each * _MINUTE).minute == minute for each in range(passed)):
            found.append(moment)
        before = shown
    return found


def _clock(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _shift(moment: datetime, zone: str) -> timedelta | None:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()


def _first(before: datetime, after: datetime, zone: str) -> datetime:
    old = _shift(before, zone)
    while after - before > _MINUTE:
        middle = before + (after - before) // 2 // _MINUTE * _MINUTE
        before, after = (middle, after) if _shift(middle, zone) == old else (before, middle)
    return after
