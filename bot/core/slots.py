"""When digests fire: which slot is due, which comes next, and where its window begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.model import DigestSpec

WEEK = timedelta(days=7)
LATE_AFTER = timedelta(minutes=15)
"""A digest sent longer after its slot than this says that it is late."""

_MOMENT = timedelta(seconds=1)
# Where the latest slot is looked for, the nearest stretch first: a line that fires every minute would
# otherwise be walked through for the whole catch-up time.
_STRETCHES = (timedelta(hours=1), timedelta(days=1), timedelta(days=8))
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


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


def due_slot(spec: DigestSpec, last: datetime | None, now: datetime) -> datetime | None:
    """The latest slot of a digest that is due: after ``last``, and at most ``catch_up`` ago. In UTC.

    Slots missed before it are not made up one by one: one digest covers them. ``last`` is the slot taken
    last; ``None`` takes any slot within the catch-up time. Where clocks are put forward a slot in the gap
    fires right after it; where they are put back it fires once.
    """
    earliest = now - spec.catch_up
    after = earliest if last is None else max(last, earliest)
    zone = ZoneInfo(spec.timezone)
    for stretch in _STRETCHES:
        start = max(after, now - stretch)
        slots = list(_slots(spec.schedule, zone, start, now))
        if slots:
            return slots[-1]
        if start == after:
            return None
    return max(_slots(spec.schedule, zone, after, now), default=None)


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


def next_slot(spec: DigestSpec, after: datetime) -> datetime | None:
    """The first slot after a moment, in UTC; ``None`` where the schedule never fires again."""
    for local in CronSim(spec.schedule, after.astimezone(ZoneInfo(spec.timezone))):
        slot = local.astimezone(UTC)
        if slot > after:
            return slot
    return None


def _slots(cron: str, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Slots after ``start`` up to ``end``, in UTC and in order."""
    for local in CronSim(cron, start.astimezone(zone)):
        slot = local.astimezone(UTC)
        if slot > end:
            return
        if slot > start:
            yield slot


def is_late(slot: datetime, now: datetime) -> bool:
    """Whether a digest for this slot has to say that it comes late."""
    return now - slot > LATE_AFTER
