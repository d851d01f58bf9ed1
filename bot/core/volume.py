"""Whether a topic is in the news far more than it uses to be: a volume spike.

Counted are stories, not items: forty reports of one event are one story, which a digest shows with all its
sources. A story counts in every window in which it gets an article on the topic. A window is held against
those of the same length in the four weeks before it: those that end at the same hour of the same weekday
where there are three, since weekends are quiet; else all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, exp, floor, lgamma, log
from operator import itemgetter
from statistics import fmean, median
from typing import TypeAlias

from bot.model import Window

REFERENCE = timedelta(days=28)
LEAST_REFERENCE = timedelta(days=14)
"""With a shorter history nothing is said."""
LEAST_STORIES = 6
"""Three where there is one as a rule are no spike."""
TIMES_USUAL = 3.0
BY_CHANCE = 0.001
"""A window as full as this one, or fuller, must be rarer than that."""

Sightings: TypeAlias = Sequence[tuple[datetime, str]]
"""When articles on a topic were first seen, in order, and the ids of their stories."""

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_FEWEST_WINDOWS = 3


def reference(window: Window, begins: datetime) -> Window | None:
    """The time that a window is held against; ``None`` where it is too short.

    ``begins``: since when the topic is judged as it is now.
    """
    start = max(begins, window.start - REFERENCE)
    return Window(start=start, end=window.start) if window.start - start >= LEAST_REFERENCE else None


def usual(window: Window, before: Window, seen: Sightings) -> float | None:
    """How many stories such a window has as a rule, where this one is a spike; ``None`` where it is none.

    ``before``: the reference; ``seen``: the articles of both.
    """
    now = stories(seen, window)
    alike = _alike(window, before)
    if now < LEAST_STORIES or len(alike) < _FEWEST_WINDOWS:
        return None
    # The median, so that one spike does not hide the next for four weeks.
    rule = median(stories(seen, each) for each in alike)
    if now < TIMES_USUAL * rule:
        return None
    spread = _dispersion(seen, window, before)
    return rule if _chance(now / spread, len(alike) * rule / spread, len(alike)) < BY_CHANCE else None


def stories(seen: Sightings, window: Window) -> int:
    """How many stories had an article in a window."""
    start, end = (bisect_right(seen, moment, key=itemgetter(0)) for moment in (window.start, window.end))
    return len({story_id for _, story_id in seen[start:end]})


def _alike(window: Window, before: Window) -> list[Window]:
    """What a window is held against."""
    length = window.end - window.start
    same_hour = _windows(window, before, ceil(length / _WEEK) * _WEEK)
    return same_hour if len(same_hour) >= _FEWEST_WINDOWS else _windows(window, before, length)


def _windows(window: Window, before: Window, step: timedelta) -> list[Window]:
    """Of the same length, each one ``step`` before the other, as many as the reference holds."""
    return [
        Window(start=window.start - back * step, end=window.end - back * step)
        for back in range(1, (window.start - before.start) // step + 1)
    ]


def _dispersion(seen: Sightings, window: Window, before: Window) -> float:
    """How much more counts vary than those of independent stories would: at least 1.

    One thing leads to another: so many stories are worth one. It is Pearson's X² by its degrees of freedom
    (McCullagh and Nelder, Generalized Linear Models, 1989, 4.5), each weekday and hour having its own mean.
    Of days where the window is longer, since there are few windows then. The fullest is left out: it may be
    a spike.
    """
    length = min(window.end - window.start, _DAY)
    windows = _windows(Window(start=window.start, end=window.start + length), before, length)
    counts = [stories(seen, each) for each in windows]
    fullest = counts.index(max(counts))
    a_week = _WEEK // length if _WEEK % length == timedelta(0) else 1
    squares, freedom = 0.0, 0
    for phase in range(a_week):
        of_phase = [counts[at] for at in range(phase, len(counts), a_week) if at != fullest]
        if any(of_phase):
            mean = fmean(of_phase)
            squares += sum((count - mean) ** 2 for count in of_phase) / mean
            freedom += len(of_phase) - 1
    return max(1.0, squares / freedom) if freedom else 1.0


def _chance(now: float, before: float, windows: int) -> float:
    """How probable ``now`` or more stories are if they come at the rate of ``before`` in so many windows.

    Of all of them each falls into this window with chance 1 ÷ (windows + 1) (Przyborowski and Wilenski,
    "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940).
    """
    least, total = floor(now), floor(now) + ceil(before)
    part = 1 / (windows + 1)
    return sum(
        exp(
            lgamma(total + 1)
            - lgamma(count + 1)
            - lgamma(total - count + 1)
            + count * log(part)
            + (total - count) * log(1 - part)
        )
        for count in range(least, total + 1)
    )
