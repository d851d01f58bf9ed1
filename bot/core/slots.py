"""When digests fire: which slot is due, which comes next, and where its window begins.

A slot is a time of day on a calendar, and the moment at which a zone's clocks show it. Cron lines say which
times of day there are; the moments are found here and not by the cron library, which in some zones skips
slots near a change of the clocks (decision 0029). Where clocks are put forward, what falls into the gap
fires right after it. Where they are put back, a time of day fires when it comes first; only lines that fire
in every hour of the day fire in the second of the two hours as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from itertools import groupby, takewhile
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.model import DigestSpec

WEEK = timedelta(days=7)
LATE_AFTER = timedelta(minutes=15)
"""A digest sent longer after its slot than this says that it is late."""
ZONES_DIFFER = timedelta(hours=26)
"""No two zones' clocks are farther apart: from UTC-12 to UTC+14."""

_MOMENT = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
# Where the latest slot is looked for, the nearest stretch first: a line that fires every minute would
# otherwise be walked through for the whole catch-up time.
_STRETCHES = (timedelta(hours=1), timedelta(days=1), timedelta(days=8))
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HOURS = range(24)


class _Slot(NamedTuple):
    at: datetime
    """The moment, in UTC."""
    wall: datetime | None
    """The time of day that it stands for, without a zone; ``None`` for one of a line of every hour."""


def check_schedule(cron: str) -> None:
    """Raises ValueError, with a sentence for people, where a cron line is malformed or never fires."""
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError(
            f"a cron line has five fields (minute hour day month weekday), this one has {len(fields)}"
        )
    try:
        next(CronSim(cron, _EPOCH))
    except CronSimError as error:
        raise ValueError(str(error).replace("Bad ", "it can't be read, or never fires: bad ")) from error
    except StopIteration:
        raise ValueError("it never fires") from None


def cron_lines(times: Iterable[time], weekdays: Collection[int]) -> tuple[str, ...]:
    """The cron lines that fire at these times of the day. ``weekdays`` as in cron: 0 is Sunday.

    Hours with the same minutes share a line: every half hour is ``*/30``, spelled ``0,30 * * * *``.
    """
    minutes: dict[int, set[int]] = defaultdict(set)
    for each in times:
        minutes[each.hour].add(each.minute)
    hours: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for hour in sorted(minutes):
        hours[tuple(sorted(minutes[hour]))].append(hour)
    days = "*" if len(weekdays) == WEEK.days else _listed(sorted(weekdays))
    return tuple(
        f"{_listed(of_hour)} {'*' if len(same) == len(_HOURS) else _listed(same)} * * {days}"
        for of_hour, same in hours.items()
    )


def due_slot(
    spec: DigestSpec, last: datetime | None, now: datetime, taken: Collection[str] = ()
) -> datetime | None:
    """The latest slot of a digest that is due: after ``last``, and at most ``catch_up`` ago. In UTC.

    What is not late yet is due however short ``catch_up`` is: somebody has to look after the slot came.

    Slots missed before it are not made up one by one: one digest covers them. ``last`` is the latest slot
    taken up to now; ``None`` takes any slot within the catch-up time. ``taken``: times of day taken lately,
    as ``time_of_day`` spells them. They are not due again when the zone or its rules change, and with them
    the moment of the same time of day.
    """
    patience = max(spec.catch_up, LATE_AFTER)
    earliest = now - patience
    after = earliest if last is None else max(last, earliest)
    for stretch in (*_STRETCHES, patience):
        start = max(after, now - stretch)
        upcoming = takewhile(lambda slot: slot.at <= now, _slots(spec, start))
        due = [slot.at for slot in upcoming if slot.wall is None or _spelled(slot.wall) not in taken]
        if due:
            return due[-1]
        if start == after:
            return None
    return None


def next_slot(spec: DigestSpec, after: datetime) -> datetime | None:
    """The first slot after a moment, in UTC; ``None`` where the schedule never fires again."""
    slot = next(_slots(spec, after), None)
    return slot.at if slot else None


def time_of_day(spec: DigestSpec, at: datetime) -> str | None:
    """The date and time of day that a slot stands for, which make it the same slot whatever its moment.

    ``None`` for what is no slot (a digest composed by hand), and for one of a line that fires in every hour:
    such a line goes by elapsed time, and each of its moments is another slot.
    """
    slot = next(_slots(spec, at - _MOMENT), None)
    return _spelled(slot.wall) if slot and slot.at == at and slot.wall else None


def window_start(spec: DigestSpec, last: datetime | None, slot: datetime) -> datetime:
    """Where the window of a digest that ends at ``slot`` begins: at the slot taken last.

    A digest without one before ``slot`` begins a whole period back: at the scheduled slot before, or,
    where that is less than half a period ago (a digest composed by hand), at the one before that.
    """
    if last is not None and last < slot:
        return last
    patient = replace(spec, catch_up=_STRETCHES[-1])
    before = due_slot(patient, None, slot - _MOMENT)
    if before is None:
        return slot - WEEK
    further = due_slot(patient, None, before - _MOMENT) or before - WEEK
    return further if slot - before < (before - further) / 2 else before


def is_late(slot: datetime, now: datetime) -> bool:
    """Whether a digest for this slot has to say that it comes late."""
    return now - slot > LATE_AFTER


def _slots(spec: DigestSpec, after: datetime) -> Iterator[_Slot]:
    """All slots after a moment, in order, each moment once."""
    zone = ZoneInfo(spec.timezone)
    clock = after.astimezone(zone)
    # Where the clock shows this hour twice, slots of its second pass are behind on the clock.
    behind = _offset(clock, 0) - _offset(clock, 1)
    since = clock.replace(tzinfo=None) - max(behind, timedelta(0))
    moment = attrgetter("at")
    passes = [each for cron in spec.schedule for each in _passes(cron, zone, since)]
    for at, together in groupby(merge(*passes, key=moment), key=moment):
        if at > after:
            yield _Slot(at, max((slot.wall for slot in together if slot.wall), default=None))


def _passes(cron: str, zone: ZoneInfo, since: datetime) -> list[Iterator[_Slot]]:
    """The slots of a line in order: when its times of day come first, and when they come a second time."""
    # A line of every hour goes by elapsed time: the second of two hours is an hour like any other.
    if len(CronSim(cron, since).hours) == len(_HOURS):
        return [_pass(cron, zone, since, fold=fold, hourly=True) for fold in (0, 1)]
    return [_pass(cron, zone, since, fold=0, hourly=False)]


def _pass(cron: str, zone: ZoneInfo, since: datetime, *, fold: int, hourly: bool) -> Iterator[_Slot]:
    for wall in CronSim(cron, since):
        yield _Slot(_moment(wall, zone, fold), None if hourly else wall)


def _moment(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """When the clocks of a zone show this time of day, in UTC; in a gap: the first moment after it."""
    while True:
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += _MINUTE


def _offset(clock: datetime, fold: int) -> timedelta:
    return clock.replace(fold=fold).utcoffset() or timedelta(0)


def _spelled(wall: datetime) -> str:
    return wall.isoformat(" ", "minutes")


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
