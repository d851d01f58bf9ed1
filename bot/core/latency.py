"""Detection latency: how long after its publication an item was first seen.

What a date can't say is left out: items without one, items that were old when their feed was first polled
or when they came up (``age.LATE_AFTER``), and dates at midnight UTC, which are nearly always days without a
time. A date after the first sight counts as seen at once: it is a clock that is ahead, or an announcement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from math import ceil

from bot.core.age import LATE_AFTER
from bot.core.amounts import plural
from bot.model import Item, Latency

MINUTE = timedelta(minutes=1)
LEAST_ITEMS = 20
"""With fewer the 95th percentile is nothing but the slowest item."""
_DAY_ONLY = time()


def latency(item: Item) -> timedelta | None:
    """How long an item was out when it was first seen; ``None`` where that can't be said."""
    return None if item.baseline or item.published is None else between(item.published, item.seen_at)


def between(published: datetime, seen: datetime) -> timedelta | None:
    """The same of the two moments, both in UTC, of an item that is no baseline."""
    waited = seen - published
    if waited > LATE_AFTER or published.time() == _DAY_ONLY:
        return None
    return max(waited, timedelta(0))


def percentiles(minutes: Mapping[int, int]) -> Latency | None:
    """Median and 95th percentile by nearest rank; ``None`` with too few items.

    ``minutes``: whole minutes that items waited, rounded up → how many items. Nearest rank: the smallest
    value that at least that part of all does not exceed (Hyndman and Fan, "Sample Quantiles in Statistical
    Packages", The American Statistician 50(4), 1996, definition 1).
    """
    items = sum(minutes.values())
    if items < LEAST_ITEMS:
        return None
    half, most = (_nearest_rank(minutes, ceil(items * percent / 100)) * MINUTE for percent in (50, 95))
    return Latency(items=items, half=half, most=most)


def _nearest_rank(minutes: Mapping[int, int], rank: int) -> int:
    for waited in sorted(minutes):
        rank -= minutes[waited]
        if rank <= 0:
            return waited
    raise ValueError("the rank is beyond the last item")


def in_words(latency: Latency) -> str:
    """``half of the items were seen within 9 minutes of publication, 95 % within 41 minutes``."""
    half, most = _within(latency.half), _within(latency.most)
    return f"half of the items were seen within {half} of publication, 95 % within {most}"


def _within(time: timedelta) -> str:
    """``a minute``, ``41 minutes``, ``5 hours``, ``3 days``: rounded up."""
    if time <= 90 * MINUTE:
        return _some(time / MINUTE, "minute")
    hours = time / timedelta(hours=1)
    return _some(hours, "hour") if hours <= 48 else _some(hours / 24, "day")


def _some(count: float, unit: str) -> str:
    whole = max(1, ceil(count))
    return f"a {unit}" if whole == 1 else plural(whole, unit)
