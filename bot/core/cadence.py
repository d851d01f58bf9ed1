"""When to poll a feed next, and how long to back off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol

from bot.core.text import digest
from bot.model import FeedState, Hints

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# These three are from bench/cadence.py; docs/polling.md has the figures.
_QUANTILE = 0.6
_PACE = timedelta(minutes=10)
_TOGETHER = timedelta(minutes=5)
_JITTER = 0.1
_NO_HINTS = Hints()
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Bounds(Protocol):
    """Of the time between two polls of a feed."""

    @property
    def min_interval(self) -> timedelta: ...
    @property
    def max_interval(self) -> timedelta: ...
    @property
    def unknown_interval(self) -> timedelta: ...


# ── polls ────────────────────────────────────────────────────────────────────────────────────────


def rhythm(published: Iterable[datetime], now: datetime) -> timedelta | None:
    """Time between two items as the feed shows it: a quantile of its gaps; ``None`` where none is known.

    The mean gap, seven days by the items of the week, says little of a feed that publishes in bursts. Items
    that came together count as one: one poll finds them all. The silence up to now counts as a gap, and no
    feed is taken for more than three times as quick as it is silent: one in which nothing happens is asked
    ever more rarely. Times in the future count for nothing.
    """
    moments = _apart(sorted((time for time in published if time <= now), reverse=True))
    if not moments:
        return None
    silence = now - moments[0]
    gaps = sorted([silence, *(later - earlier for later, earlier in pairwise(moments))])
    usual = gaps[int(_QUANTILE * (len(gaps) - 1))]
    return max(usual, silence / 3, _TOGETHER)


def _apart(times: Sequence[datetime]) -> list[datetime]:
    """Of times, newest first, those that a poll could have come between."""
    moments: list[datetime] = []
    for time in times:
        if not moments or moments[-1] - time >= _TOGETHER:
            moments.append(time)
    return moments


def interval(rhythm: timedelta | None, quiet: int, bounds: Bounds) -> timedelta:
    """How long to leave a feed alone: √(rhythm · 10 minutes), within the bounds.

    An item waits for half an interval on average. The waiting of all items of many feeds is least, for the
    same number of polls, where each feed is polled as often as the root of its rate says, not the rate
    itself (Sia, Cho and Cho, "Efficient Monitoring Algorithm for Fast News Alerts", IEEE TKDE 19(7), 2007).

    A feed without a rhythm is asked more rarely with each of its ``quiet`` polls: those in a row that found
    nothing. Intervals come in steps of √2, so that a rhythm that shifts a little keeps the feed's phase.
    """
    if rhythm is None:
        usual = bounds.unknown_interval * (1 + quiet)
    else:
        usual = timedelta(seconds=math.sqrt(rhythm.total_seconds() * _PACE.total_seconds()))
    step = timedelta(seconds=2 ** (round(2 * math.log2(usual.total_seconds())) / 2))
    return min(max(step, bounds.min_interval), bounds.max_interval)


def next_poll(
    feed_id: str,
    now: datetime,
    pause: timedelta,
    wait: timedelta,
    jitter: float,
    hints: Hints = _NO_HINTS,
    longest: timedelta = _DAY,
) -> datetime:
    """The next poll: about ``pause`` from now, and no sooner than the server asks.

    ``wait`` (from the answer) and ``hints`` (from the document) put it off, to ``longest`` at most.

    Each feed has its own phase, a stable fraction of its pause, so that feeds added or restarted together
    don't stay together: the first poll after that comes early, by up to half a pause. ``jitter`` (0 to 1)
    delays by up to a tenth.
    """
    latest = now + max(longest, pause)
    least = min(max(wait, hints.ttl or wait), longest)
    pause = max(pause, least)
    phase = int(digest((feed_id,)), 16) % 10_000 / 10_000 * pause
    target = now + pause
    aligned = target - (target - _EPOCH - phase) % (pause / 2)
    due = min(max(aligned, now + least) + pause * _JITTER * jitter, latest)
    return _unskipped(due, now + max(least, min(pause / 2, _HOUR)), latest, hints)


def _unskipped(due: datetime, earliest: datetime, latest: datetime, hints: Hints) -> datetime:
    """The first moment from ``due`` on that the publisher doesn't want skipped, else the last one before.

    Whole days are skipped only as far as ``latest``; where all is skipped, it stays with ``due``.
    """
    if not _skipped(due, hints):
        return due
    steps = range(math.ceil((latest - earliest) / _HOUR) + 1)
    later = [min(due + step * _HOUR, latest) for step in steps]
    sooner = [max(due - step * _HOUR, earliest) for step in steps]
    hours = replace(hints, skip_days=())
    attempts = ((hints, later), (hours, later), (hours, sooner))
    found = (moment for asked, moments in attempts for moment in moments if not _skipped(moment, asked))
    return next(found, due)


def _skipped(moment: datetime, hints: Hints) -> bool:
    return moment.hour in hints.skip_hours or moment.weekday() in hints.skip_days


def expected(state: FeedState, now: datetime) -> float:
    """What a poll is worth: how long, in seconds and taken together, items have probably waited for it.

    They come at a rate of 1/rhythm and have waited half the time since the last poll: waited² / (2 · rhythm).
    Where polls are rationed, spending them on the largest values makes the waiting of all items least.
    A feed that was never polled comes first; one that shows no rhythm is taken for daily.
    """
    if state.last_polled_at is None:
        return math.inf
    waited = max(now - state.last_polled_at, timedelta(0)).total_seconds()
    return waited**2 / (2 * (state.rhythm or _DAY).total_seconds())


def backoff(failures: int, base: timedelta, longest: timedelta) -> timedelta:
    """How long to wait after the given number of failures in a row: twice as long each time, bounded."""
    doublings = min(max(0, failures - 1), 20)
    return min(base * (1 << doublings), longest)
