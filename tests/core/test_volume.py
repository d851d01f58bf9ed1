"""Which topics have far more stories than usual, and how often that is said without a reason."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.volume import LEAST_STORIES, REFERENCE, reference, stories, usual
from bot.model import Window

BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""A Monday."""
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YEAR = 365

Stream = list[tuple[datetime, str]]


def last_day(days: int) -> Window:
    return Window(start=BEGIN + (days - 1) * DAY, end=BEGIN + days * DAY)


def daily(counts: list[int]) -> Stream:
    """So many stories on each day."""
    return [
        (BEGIN + day * DAY + (number + 1) * (DAY / (count + 1)), f"{day}-{number}")
        for day, count in enumerate(counts)
        for number in range(count)
    ]


def told(counts: list[int]) -> float | None:
    """What is usual, if the last of the days is a spike."""
    window = last_day(len(counts))
    before = reference(window, BEGIN)
    return usual(window, before, daily(counts)) if before else None


# ── what is a spike ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("counts", "rule"),
    [
        ([14] * 28 + [42], 14),
        ([14] * 28 + [41], None),
        ([0] * 28 + [LEAST_STORIES], 0),
        ([0] * 28 + [LEAST_STORIES - 1], None),
        # Three times as many by chance.
        ([3] * 28 + [9], None),
        # Two weeks are enough, less is not.
        ([14] * 14 + [60], 14),
        ([14] * 13 + [60], None),
        # Weekdays against weekdays, weekends against weekends.
        (([20] * 5 + [2] * 2) * 4 + [20], None),
        (([20] * 5 + [2] * 2) * 4 + [20] * 5 + [20], 2),
        # One spike does not hide the next.
        ([14] * 21 + [60] + [14] * 6 + [60], 14),
    ],
)
def test_a_day_is_held_against_days_of_its_kind(counts: list[int], rule: float | None) -> None:
    assert told(counts) == rule


def test_a_story_counts_once_however_many_report_it() -> None:
    window = last_day(29)
    seen = [*daily([5] * 29), *((window.end - HOUR, "one") for _ in range(40))]
    assert stories(seen, window) == 6
    before = reference(window, BEGIN)
    assert before is not None
    assert usual(window, before, seen) is None


def test_weeks_are_held_against_weeks_and_a_month_against_nothing() -> None:
    seen = daily([4] * 28 + [16] * 7)
    week = Window(start=BEGIN + 28 * DAY, end=BEGIN + 35 * DAY)
    before = reference(week, BEGIN)
    assert before == Window(start=BEGIN, end=BEGIN + REFERENCE)
    assert usual(week, before, seen) == 28
    month = Window(start=BEGIN + 28 * DAY, end=BEGIN + 58 * DAY)
    assert usual(month, before, seen) is None


def test_what_began_lately_has_nothing_to_be_held_against() -> None:
    window = last_day(60)
    assert reference(window, window.start - timedelta(days=14) + HOUR) is None
    assert reference(window, window.start - timedelta(days=14)) is not None


@given(st.lists(st.integers(0, 40), min_size=15, max_size=29), st.integers(0, 200))
def test_more_stories_never_make_a_spike_less_of_one(counts: list[int], more: int) -> None:
    rule = told(counts)
    if rule is not None:
        assert told([*counts[:-1], counts[-1] + more]) == rule
        assert counts[-1] >= max(LEAST_STORIES, 3 * rule)


# ── how often it is said ─────────────────────────────────────────────────────────────────────────


def poisson(chance: random.Random, mean: float) -> int:
    """Knuth's way (The Art of Computer Programming, 3.4.1)."""
    limit, product, count = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def stream(chance: random.Random, days: int, rate: float, *, burst: float, weekend: float) -> Stream:
    """``rate`` stories on a weekday. An event brings ``burst`` of them on average (geometric) in hours."""
    found: Stream = []
    for day in range(days):
        for event in range(poisson(chance, rate / burst * (weekend if day % 7 >= 5 else 1))):
            at, number = BEGIN + day * DAY + chance.random() * DAY, 0
            while True:
                found.append((at, f"{day}-{event}-{number}"))
                if chance.random() < 1 / burst:
                    break
                at, number = at + chance.expovariate(1 / 8) * HOUR, number + 1
    return sorted(found)


def spikes(seen: Stream, days: int) -> Iterator[Window]:
    """The days that would be told of."""
    for day in range(15, days + 1):
        window = last_day(day)
        before = reference(window, BEGIN)
        if before is not None and usual(window, before, seen) is not None:
            yield window


RATES = (1, 4, 14, 50)


@pytest.mark.parametrize(("burst", "a_year"), [(1.0, 0.5), (4.0, 4.0)])
@pytest.mark.parametrize("weekend", [1.0, 0.2])
def test_of_streams_in_which_nothing_changes_little_is_told(
    burst: float, a_year: float, weekend: float
) -> None:
    """Measured over ten years each: 0.05 a year of independent stories, 0.8 where each event brings four."""
    chance = random.Random(f"{burst} {weekend}")
    streams = [stream(chance, YEAR, rate, burst=burst, weekend=weekend) for rate in RATES]
    told = sum(len(list(spikes(seen, YEAR))) for seen in streams)
    assert told / len(RATES) <= a_year


@pytest.mark.parametrize("weekend", [1.0, 0.2])
@pytest.mark.parametrize(("rate", "times", "found"), [(5, 6, 0.85), (14, 4, 0.75), (50, 4, 0.9)])
def test_most_true_spikes_are_found(rate: float, times: float, found: float, weekend: float) -> None:
    chance, tries, told = random.Random(f"{rate} {times} {weekend}"), 60, 0
    for number in range(tries):
        days = 29 + number % 5
        seen = stream(chance, days, rate, burst=1.0, weekend=weekend)
        window = last_day(days)
        quiet = weekend if (days - 1) % 7 >= 5 else 1.0
        more = poisson(chance, rate * quiet * (times - 1))
        seen = sorted([*seen, *((window.start + chance.random() * DAY, f"new-{at}") for at in range(more))])
        before = reference(window, BEGIN)
        told += before is not None and usual(window, before, seen) is not None
    assert told / tries >= found
