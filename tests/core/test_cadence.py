from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cadence import (
    backoff,
    expected,
    interval,
    next_poll,
    rhythm,
)
from bot.model import FeedState, Hints

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_MOMENTS = st.timedeltas(timedelta(0), timedelta(days=700)).map(
    lambda since: datetime(2025, 1, 1, tzinfo=UTC) + since
)


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[arg-type,misc]


class Policy(NamedTuple):
    min_interval: timedelta = timedelta(minutes=5)
    max_interval: timedelta = DAY
    unknown_interval: timedelta = HOUR


def every(gap: timedelta, count: int = 20, since: timedelta = timedelta(0)) -> list[datetime]:
    return [NOW - since - number * gap for number in range(count)]


# ── rhythm ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("gap", [timedelta(minutes=20), HOUR, DAY, 9 * DAY])
def test_an_even_feed_has_the_rhythm_of_its_gaps(gap: timedelta) -> None:
    assert rhythm(every(gap), NOW) == gap


def test_a_feed_that_publishes_in_bursts_has_their_rhythm() -> None:
    bursts = [NOW - day * DAY - number * HOUR / 4 for day in range(3) for number in range(12)]
    assert rhythm(bursts, NOW) == HOUR / 4


def test_what_one_poll_finds_together_is_one() -> None:
    daily = [NOW - day * DAY - number * timedelta(seconds=20) for day in range(5) for number in range(10)]
    found = rhythm(daily, NOW)
    assert found and abs(found - DAY) < timedelta(minutes=5)


def test_a_feed_that_was_moved_with_all_its_dates_has_the_rhythm_of_its_silence() -> None:
    assert rhythm([NOW - 3 * DAY] * 30, NOW) == 3 * DAY


def test_a_feed_slows_as_it_falls_silent() -> None:
    silences = [HOUR, DAY, 10 * DAY, 100 * DAY]
    assert [rhythm(every(HOUR, since=silence), NOW) for silence in silences] == [
        HOUR,
        DAY / 3,
        10 * DAY / 3,
        100 * DAY / 3,
    ]


def test_rhythm_needs_a_time_that_is_past() -> None:
    assert rhythm([], NOW) is None
    assert rhythm([NOW + HOUR], NOW) is None


@given(st.lists(_MOMENTS, min_size=1))
def test_rhythm_is_between_what_a_poll_can_tell_apart_and_all_that_is_known(dates: list[datetime]) -> None:
    past = [date for date in dates if date <= NOW]
    found = rhythm(dates, NOW)
    assert found == rhythm(sorted(past), NOW)
    if found is not None:
        assert timedelta(minutes=5) <= found <= max(NOW - min(past), timedelta(minutes=5))
        assert found >= (NOW - max(past)) / 3


# ── interval ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("gap", "minutes"), [(timedelta(minutes=10), 10), (HOUR, 24), (DAY, 120), (7 * DAY, 317)]
)
def test_the_interval_grows_with_the_root_of_the_rhythm(gap: timedelta, minutes: float) -> None:
    found = interval(gap, 0, Policy()) / timedelta(minutes=1)
    assert minutes / 1.2 < found < minutes * 1.2


def test_a_rhythm_that_shifts_a_little_keeps_the_interval() -> None:
    assert interval(HOUR, 0, Policy()) == interval(1.1 * HOUR, 3, Policy())


def test_a_feed_without_a_rhythm_is_asked_ever_more_rarely() -> None:
    intervals = [interval(None, quiet, Policy()) for quiet in (0, 3, 15, 1_000)]
    assert intervals == sorted(set(intervals))
    assert abs(intervals[0] - HOUR) < HOUR / 5
    assert intervals[-1] == DAY


@given(
    st.none() | st.timedeltas(timedelta(minutes=5), 4000 * DAY),
    st.none() | st.timedeltas(timedelta(minutes=5), 4000 * DAY),
    st.integers(0, 10**6),
    st.timedeltas(timedelta(minutes=1), DAY),
    st.timedeltas(DAY, 30 * DAY),
)
def test_intervals_are_within_bounds_and_follow_the_rhythm(
    one: timedelta | None, other: timedelta | None, quiet: int, shortest: timedelta, longest: timedelta
) -> None:
    policy = Policy(shortest, longest)
    found, second = interval(one, quiet, policy), interval(other, quiet, policy)
    assert shortest <= found <= longest
    if one and other and one <= other:
        assert found <= second
    assert interval(None, quiet, policy) <= interval(None, quiet + 1, policy)


# ── the next poll ────────────────────────────────────────────────────────────────────────────────

_WAITS = st.timedeltas(timedelta(0), 2 * DAY)
_PAUSES = st.timedeltas(timedelta(minutes=5), DAY)
_HOURS = st.sets(st.integers(0, 23)).map(sorted).map(tuple)
_DAYS = st.sets(st.integers(0, 6)).map(sorted).map(tuple)


@given(st.text(max_size=10), _MOMENTS, _PAUSES, _WAITS, st.floats(0, 1), st.timedeltas(DAY / 4, 3 * DAY))
def test_the_next_poll_is_about_an_interval_away(
    feed: str, now: datetime, pause: timedelta, wait: timedelta, jitter: float, longest: timedelta
) -> None:
    due = next_poll(feed, now, pause, wait, jitter, longest=longest)
    asked = min(wait, longest)
    assert now + max(pause / 2, asked) <= due
    assert due <= now + min(1.1 * max(pause, asked), max(pause, longest))


@given(_PAUSES, st.floats(0, 1), st.none() | _WAITS, _WAITS, _WAITS)
def test_who_asks_for_more_patience_is_never_polled_sooner(
    pause: timedelta, jitter: float, ttl: timedelta | None, wait: timedelta, more: timedelta
) -> None:
    hints, plainly = Hints(ttl=ttl), next_poll("feed", NOW, pause, wait, jitter)
    assert next_poll("feed", NOW, pause, wait, jitter, hints) >= plainly
    assert next_poll("feed", NOW, pause, wait + more, jitter, hints) >= plainly


@given(_MOMENTS, _PAUSES, st.timedeltas(timedelta(0), HOUR), st.floats(0, 1), _HOURS, _DAYS)
def test_hours_that_a_publisher_wants_skipped_are_skipped(
    now: datetime,
    pause: timedelta,
    wait: timedelta,
    jitter: float,
    hours: tuple[int, ...],
    days: tuple[int, ...],
) -> None:
    due = next_poll("feed", now, pause, wait, jitter, Hints(skip_hours=hours, skip_days=days))
    assert due.hour not in hours or len(hours) == 24
    assert now + min(pause / 2, HOUR) <= due <= now + DAY


@given(_MOMENTS, _PAUSES, _WAITS, st.floats(0, 1), _HOURS, _DAYS, st.timedeltas(DAY / 4, 3 * DAY))
def test_hints_never_reach_beyond_the_longest_interval_or_before_what_the_server_asks(
    now: datetime,
    pause: timedelta,
    wait: timedelta,
    jitter: float,
    hours: tuple[int, ...],
    days: tuple[int, ...],
    longest: timedelta,
) -> None:
    hints = Hints(skip_hours=hours, skip_days=days, ttl=wait)
    due = next_poll("feed", now, pause, timedelta(0), jitter, hints, longest)
    assert now + min(wait, longest) <= due <= now + max(pause, longest)


def test_a_day_that_a_publisher_wants_skipped_is_skipped() -> None:
    saturday = Hints(skip_days=(5,))
    friday_night = utc(2026, 3, 6, 23)
    due = next_poll("feed", friday_night, 3 * HOUR, HOUR, 0, saturday, 2 * DAY)
    assert utc(2026, 3, 8) <= due < utc(2026, 3, 8, 1)


def test_days_are_not_skipped_beyond_the_longest_interval() -> None:
    weekdays_only = Hints(skip_days=(5, 6), skip_hours=(1,))
    friday_night = utc(2026, 3, 6, 23)
    due = next_poll("feed", friday_night, 3 * HOUR, HOUR, 0, weekdays_only)
    assert friday_night + HOUR <= due <= friday_night + 4 * HOUR
    assert due.hour != 1


def test_where_all_is_skipped_nothing_is() -> None:
    never = Hints(skip_hours=tuple(range(24)), skip_days=tuple(range(7)))
    assert next_poll("feed", NOW, HOUR, HOUR, 0.5, never) == next_poll("feed", NOW, HOUR, HOUR, 0.5)


def test_feeds_polled_together_do_not_stay_together() -> None:
    due = [next_poll(f"feed {number}", NOW, HOUR, timedelta(0), 0.5) for number in range(200)]
    first_half = sum(moment < NOW + 0.8 * HOUR for moment in due)
    assert 60 < first_half < 140


def test_a_feed_keeps_its_phase() -> None:
    first = next_poll("feed", NOW, HOUR, timedelta(0), 0.5)
    second = next_poll("feed", first, HOUR, timedelta(0), 0.5)
    third = next_poll("feed", second + timedelta(minutes=2), HOUR, timedelta(0), 0.5)
    assert second - first == third - second == HOUR


def test_a_phase_does_not_hold_up_what_waits_for_the_server() -> None:
    due = {next_poll("feed", NOW, HOUR, 2 * HOUR, jitter / 10) - NOW for jitter in range(11)}
    assert min(due) >= 2 * HOUR
    assert max(due) - min(due) == HOUR / 5


# ── what a poll is worth ─────────────────────────────────────────────────────────────────────────


def test_polls_are_worth_what_has_probably_waited_for_them() -> None:
    hourly = FeedState(feed_id="f", url="u", next_poll_at=NOW, rhythm=HOUR, last_polled_at=NOW - 2 * HOUR)
    assert expected(hourly, NOW) == 2 * 3600  # two items, an hour each
    assert expected(replace(hourly, rhythm=DAY), NOW) < expected(hourly, NOW)
    assert expected(replace(hourly, rhythm=None), NOW) == expected(replace(hourly, rhythm=DAY), NOW)
    assert expected(replace(hourly, last_polled_at=None), NOW) > 1e9
    assert expected(hourly, NOW - 3 * HOUR) == 0


@given(st.timedeltas(timedelta(minutes=5), 30 * DAY), st.timedeltas(timedelta(minutes=5), 30 * DAY))
def test_feeds_that_are_due_after_their_intervals_are_worth_alike(one: timedelta, other: timedelta) -> None:
    policy = Policy(timedelta(seconds=1), 1000 * DAY)
    worth = [
        expected(
            FeedState(
                feed_id="f",
                url="u",
                next_poll_at=NOW,
                rhythm=gap,
                last_polled_at=NOW - interval(gap, 0, policy),
            ),
            NOW,
        )
        for gap in (one, other)
    ]
    assert max(worth) < 2.1 * min(worth)  # but for the steps of √2


# ── failures ─────────────────────────────────────────────────────────────────────────


def test_backoff_doubles_up_to_its_bound() -> None:
    waits = [backoff(failures, timedelta(minutes=5), DAY) for failures in (1, 2, 3, 10, 10_000)]
    assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20), DAY, DAY]
