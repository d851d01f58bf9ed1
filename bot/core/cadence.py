"""When to poll a feed next, how long to back off, and which digest slot is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.core.text import digest
from bot.model import DigestSpec

WEEK = timedelta(days=7)
LATE_AFTER = timedelta(minutes=15)
"""A digest sent longer after its slot than this says that it is late."""

_QUICKEST = timedelta(minutes=1)
_JITTER = 0.1
_MOMENT = timedelta(seconds=1)
# Where the latest slot is looked for, the nearest stretch first: a line that fires every minute would
# otherwise be walked through for the whole catch-up time.
_STRETCHES = (timedelta(hours=1), timedelta(days=1), timedelta(days=8))
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def rhythm(published: Iterable[datetime | None], now: datetime) -> timedelta | None:
    """Mean time between two items, from the dates of a document; ``None`` where none has a date.

    Seven days divided by the items of the last seven days (the formula of Miniflux). A document that
    reaches back less far is taken for the time it covers; one without an item of that week is as slow as
    its newest item is old.
    """
    dates = [date for date in published if date is not None and date <= now]
    if not dates:
        return None
    recent = [date for date in dates if date > now - WEEK]
    if not recent:
        return now - max(dates)
    span = WEEK if len(recent) < len(dates) else now - min(recent)
    return max(_QUICKEST, span / len(recent))


def next_poll(feed_id: str, now: datetime, interval: timedelta, wait: timedelta, jitter: float) -> datetime:
    """The next poll: about ``interval`` from now and no sooner than ``wait``.

    Each feed has its own phase, a stable fraction of its interval, so that feeds added or restarted
    together don't stay together: the first poll after that comes early, by up to half an interval. ``jitter``
    (0 to 1) delays by up to a tenth.
    """
    phase = int(digest((feed_id,)), 16) % 10_000 / 10_000 * interval
    target = now + interval
    aligned = target - (target - _EPOCH - phase) % (interval / 2)
    return max(aligned + interval * _JITTER * jitter, now + wait)


def backoff(failures: int, base: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after the given number of failures in a row: twice as long each time, bounded."""
    doublings = min(max(0, failures - 1), 20)
    return min(base * (1 << doublings), longest)


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
