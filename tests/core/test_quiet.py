from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.quiet import awake_for, quiet_at, slept

NIGHT = (time(22), time(7))
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ZONES = (
    "UTC",
    "Europe/Oslo",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "America/St_Johns",
)

zones = st.sampled_from(ZONES)
moments = st.integers(int(datetime(2011, 1, 1, tzinfo=UTC).timestamp()), 2**31).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
times = st.integers(0, 24 * 60 - 1).map(lambda minutes: time(minutes // 60, minutes % 60))
hours = st.tuples(times, times).filter(lambda pair: pair[0] != pair[1])


def oslo(year: int, month: int, day: int, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    local = datetime(year, month, day, hour, minute, fold=fold, tzinfo=ZoneInfo("Europe/Oslo"))
    return local.astimezone(UTC)


def reads_quiet(pair: tuple[time, time], zone: str, now: datetime) -> bool:
    """What the wall clock says, and nothing else."""
    begin, end = pair
    reading = now.astimezone(ZoneInfo(zone)).time()
    return begin <= reading < end if begin < end else reading >= begin or reading < end


def test_a_night_goes_over_midnight() -> None:
    found = quiet_at(NIGHT, "Europe/Oslo", oslo(2026, 6, 16, 2))
    assert found == (oslo(2026, 6, 15, 22), oslo(2026, 6, 16, 7))
    assert quiet_at(NIGHT, "Europe/Oslo", oslo(2026, 6, 15, 22)) == found
    assert quiet_at(NIGHT, "Europe/Oslo", oslo(2026, 6, 16, 6, 59)) == found
    assert quiet_at(NIGHT, "Europe/Oslo", oslo(2026, 6, 16, 7)) is None
    assert quiet_at(NIGHT, "Europe/Oslo", oslo(2026, 6, 15, 21, 59)) is None


def test_without_quiet_hours_it_is_never_quiet() -> None:
    now = oslo(2026, 6, 16, 2)
    assert quiet_at(None, "UTC", now) is None
    assert slept(None, "UTC", now - HOUR, now) == timedelta(0)


@pytest.mark.parametrize(
    ("day", "length"), [((2026, 3, 29), 8 * HOUR), ((2026, 10, 25), 10 * HOUR), ((2026, 6, 16), 9 * HOUR)]
)
def test_a_night_is_as_long_as_its_clocks_say(day: tuple[int, int, int], length: timedelta) -> None:
    morning = oslo(*day, 7)
    assert slept(NIGHT, "Europe/Oslo", morning - 12 * HOUR, morning + HOUR) == length


def test_where_clocks_jump_over_an_end_it_is_the_jump() -> None:
    jump = oslo(2026, 3, 29, 3)
    ends = quiet_at((time(22), time(2, 30)), "Europe/Oslo", jump - MINUTE)
    begins = quiet_at((time(2, 30), time(7)), "Europe/Oslo", jump)
    inside = quiet_at((time(2, 10), time(2, 50)), "Europe/Oslo", jump)
    assert (ends and ends.end, begins and begins.begin, inside) == (jump, jump, None)


def test_where_an_hour_comes_twice_quiet_lasts_from_the_first_to_the_second() -> None:
    first, second = oslo(2026, 10, 25, 2, 15), oslo(2026, 10, 25, 2, 45, fold=1)
    assert quiet_at((time(2, 15), time(2, 45)), "Europe/Oslo", first) == (first, second)
    assert second - first == 90 * MINUTE


@given(hours, zones, moments)
def test_it_is_quiet_whenever_the_wall_clock_reads_a_quiet_time(
    pair: tuple[time, time], zone: str, now: datetime
) -> None:
    found = quiet_at(pair, zone, now)
    if reads_quiet(pair, zone, now):
        assert found
    if found:
        assert found.begin <= now < found.end
        assert found.end - found.begin <= 49 * HOUR  # a day, and what a zone puts back: an hour, or a day
        assert quiet_at(pair, zone, found.end) is None
        assert not reads_quiet(pair, zone, found.end)


@given(hours, zones, moments)
def test_it_is_quiet_at_no_other_time_unless_clocks_are_put_back(
    pair: tuple[time, time], zone: str, now: datetime
) -> None:
    around = [now + step * 12 * HOUR for step in (-4, -3, -2, -1, 0, 1, 2, 3, 4)]
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0) for moment in around]
    if all(earlier <= later for earlier, later in pairwise(offsets)):
        assert bool(quiet_at(pair, zone, now)) == reads_quiet(pair, zone, now)


@given(hours, zones, moments, st.integers(0, 80), st.integers(0, 80))
def test_sleep_adds_up(pair: tuple[time, time], zone: str, start: datetime, one: int, two: int) -> None:
    middle, end = start + one * HOUR, start + (one + two) * HOUR
    whole = slept(pair, zone, start, end)
    assert whole == slept(pair, zone, start, middle) + slept(pair, zone, middle, end)
    assert timedelta(0) <= whole <= end - start


@given(hours, zones, moments, st.integers(1, 600))
def test_nothing_ages_while_it_is_quiet(
    pair: tuple[time, time], zone: str, start: datetime, minutes: int
) -> None:
    found = quiet_at(pair, zone, start)
    if found:
        end = min(start + minutes * MINUTE, found.end)
        assert slept(pair, zone, start, end) == end - start


@given(hours, zones, moments, st.integers(1, 40))
def test_going_back_to_before_what_was_quiet(
    pair: tuple[time, time], zone: str, now: datetime, long: int
) -> None:
    since = awake_for(pair, zone, long * HOUR, now)
    awake = now - since - slept(pair, zone, since, now)
    assert awake_for(None, zone, long * HOUR, now) == now - long * HOUR
    assert awake <= long * HOUR
    assert awake > long * HOUR - timedelta(seconds=2) or now - since >= timedelta(days=40)
