"""Quiet hours: when a rule sends nothing, and for how long it slept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_PATIENCE = timedelta(days=40)


class Quiet(NamedTuple):
    """One span of quiet: from ``begin`` on, and no longer at ``end``. Both in UTC."""

    begin: datetime
    end: datetime


def quiet_at(hours: tuple[time, time] | None, timezone: str, now: datetime) -> Quiet | None:
    """The span of quiet that ``now`` lies in; ``None`` while things may be sent."""
    if hours is None:
        return None
    return next((each for each in _spans(hours, timezone, now, now) if each.begin <= now < each.end), None)


def slept(hours: tuple[time, time] | None, timezone: str, since: datetime, until: datetime) -> timedelta:
    """How much of the time from ``since`` to ``until`` was quiet."""
    if hours is None or since >= until:
        return timedelta(0)
    overlaps = (
        min(each.end, until) - max(each.begin, since) for each in _spans(hours, timezone, since, until)
    )
    return sum((overlap for overlap in overlaps if overlap > timedelta(0)), timedelta(0))


def awake_for(hours: tuple[time, time] | None, timezone: str, length: timedelta, now: datetime) -> datetime:
    """The moment since which that much time was not quiet, up to ``now``.

    At most ``_PATIENCE`` further back than the length itself.
    """
    since, owed = now, length
    limit = now - length - _PATIENCE
    while owed > _SECOND and since > limit:
        earlier = max(since - owed, limit)
        owed = slept(hours, timezone, earlier, since)
        since = earlier
    return since


def _spans(hours: tuple[time, time], timezone: str, since: datetime, until: datetime) -> list[Quiet]:
    """All that touch the time from ``since`` to ``until``, and some around it; none overlap.

    Where clocks are put back, quiet begins with the first of two equal times and ends with the second;
    where they are put forward over its beginning or end, that is the moment of the jump. So it is quiet
    whenever the wall clock reads a quiet time.
    """
    zone = ZoneInfo(timezone)
    begin, end = hours
    over_midnight = _DAY if end <= begin else timedelta(0)
    day = since.astimezone(zone).date() - 2 * _DAY
    last = until.astimezone(zone).date() + _DAY
    spans: list[Quiet] = []
    while day <= last:
        one = Quiet(_moment(day, begin, zone, again=0), _moment(day + over_midnight, end, zone, again=1))
        if spans and one.begin <= spans[-1].end:
            spans[-1] = Quiet(spans[-1].begin, max(one.end, spans[-1].end))
        elif one.begin < one.end:
            spans.append(one)
        day += _DAY
    return spans


def _moment(day: date, at: time, zone: ZoneInfo, *, again: int) -> datetime:
    """When the wall clock reads that time; ``again``: which of two where it does so twice (PEP 495)."""
    local = datetime.combine(day, at, zone).replace(fold=again)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    return _jump(local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC), zone)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment between these two, to the second, at which clocks are put forward."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)
