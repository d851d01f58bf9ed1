from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.slots import (
    LATE_AFTER,
    check_schedule,
    cron_lines,
    due_slot,
    is_late,
    next_slot,
    time_of_day,
    window_start,
)
from bot.model import DigestSpec
from tests.zones import Change, changes_of, distinct_zones, hourly_by_walking, reached_by_walking

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
AROUND = timedelta(hours=5)
"""What a change of the clocks moves is nearer: the largest of these years is by three hours."""


def spec(schedule: str, zone: str = "Europe/Berlin", catch_up: timedelta = DAY) -> DigestSpec:
    return DigestSpec(
        name="d", title="D", topics=(), channels=(), schedule=(schedule,), timezone=zone, catch_up=catch_up
    )


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("cron", ["0 8 * * MON-FRI", "*/15 * * * *", "0 0 29 2 *", "30 7 1 * *"])
def test_schedules_that_fire_pass(cron: str) -> None:
    check_schedule(cron)


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("0 8 * *", "five fields"),
        ("0 0 8 * * *", "five fields"),
        ("", "five fields"),
        ("61 8 * * *", "bad minute"),
        ("0 8 * * FOO", "bad day-of-week"),
        ("0 8 31 2 *", "never fires"),
    ],
)
def test_schedules_that_never_fire_are_named(cron: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_schedule(cron)


def test_a_slot_is_due_once() -> None:
    morning = spec("0 8 * * *")
    slot = utc(2026, 3, 3, 7)
    assert due_slot(morning, utc(2026, 3, 2, 7), utc(2026, 3, 3, 6, 59, 59)) is None
    assert due_slot(morning, utc(2026, 3, 2, 7), slot) == slot
    assert due_slot(morning, slot, utc(2026, 3, 3, 20)) is None


def test_however_short_the_catch_up_a_slot_is_due_until_it_would_be_late() -> None:
    at_once = spec("30 7 * * *", "UTC", catch_up=timedelta(0))
    slot, last = utc(2026, 3, 3, 7, 30), utc(2026, 3, 2, 7, 30)
    assert due_slot(at_once, last, slot + timedelta(seconds=9)) == slot
    assert due_slot(at_once, last, slot + LATE_AFTER + MINUTE) is None


def test_of_several_missed_slots_the_latest_is_due() -> None:
    assert due_slot(spec("0 8 * * *", catch_up=7 * DAY), utc(2026, 2, 20, 7), NOW) == utc(2026, 3, 3, 7)


def test_what_is_older_than_the_catch_up_time_is_past() -> None:
    monday = spec("0 8 * * MON")
    assert due_slot(monday, utc(2026, 2, 23, 7), utc(2026, 3, 3, 6)) == utc(2026, 3, 2, 7)
    assert due_slot(monday, utc(2026, 2, 23, 7), utc(2026, 3, 3, 8)) is None
    assert due_slot(monday, None, utc(2026, 3, 3, 6)) == utc(2026, 3, 2, 7)


def test_a_slot_in_the_gap_of_spring_fires_after_it() -> None:
    assert due_slot(spec("30 2 * * *"), utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 0, 59)) is None
    assert due_slot(spec("30 2 * * *"), utc(2026, 3, 28, 1, 30), utc(2026, 3, 29, 1, 5)) == utc(
        2026, 3, 29, 1
    )
    assert due_slot(spec("30 2 * * *"), utc(2026, 3, 29, 1), utc(2026, 3, 29, 20)) is None


def test_a_slot_in_the_doubled_hour_of_autumn_fires_once() -> None:
    first = utc(2026, 10, 25, 0, 30)
    assert due_slot(spec("30 2 * * *"), utc(2026, 10, 24, 0, 30), utc(2026, 10, 25, 0, 45)) == first
    assert due_slot(spec("30 2 * * *"), first, utc(2026, 10, 25, 22)) is None


def test_late_is_a_quarter_of_an_hour() -> None:
    assert not is_late(NOW, NOW + LATE_AFTER)
    assert is_late(NOW, NOW + LATE_AFTER + timedelta(seconds=1))


def test_the_next_slot_is_the_one_that_falls_due() -> None:
    morning = spec("0 8 * * *")
    slot = utc(2026, 3, 3, 7)
    assert next_slot(morning, slot - timedelta(seconds=1)) == slot
    assert next_slot(morning, slot) == slot + DAY


def test_a_schedule_that_never_fires_again_has_no_next_slot() -> None:
    assert next_slot(spec("0 0 29 2 *"), utc(2026, 3, 1)) == utc(2028, 2, 28, 23)
    assert next_slot(replace(spec("0 8 * * *"), schedule=()), NOW) is None


def test_lines_fire_together_and_a_moment_of_two_is_one_slot() -> None:
    twice = replace(spec("0 8 * * *", "UTC"), schedule=("0 8 * * *", "0 8,18 * * *"))
    found = [next_slot(twice, utc(2026, 3, 3, hour)) for hour in (7, 8, 18)]
    assert found == [utc(2026, 3, 3, 8), utc(2026, 3, 3, 18), utc(2026, 3, 4, 8)]


def test_times_of_the_day_become_lines() -> None:
    every_day, sunday = range(7), {0}
    assert cron_lines([time(7, 30)], sunday) == ("30 7 * * 0",)
    assert cron_lines([time(8), time(18), time(8, 30)], every_day) == ("0,30 8 * * *", "0 18 * * *")
    assert cron_lines([time(hour) for hour in range(24)], every_day) == ("0 * * * *",)


# ── what makes a slot the same ───────────────────────────────────────────────────────────────────


def test_a_slot_stands_for_a_time_of_day() -> None:
    assert time_of_day(spec("0 8 * * *"), utc(2026, 3, 3, 7)) == "2026-03-03 08:00"
    assert time_of_day(spec("0 8 * * *"), utc(2026, 3, 3, 7, 0, 1)) is None, "composed by hand"
    assert time_of_day(spec("0 * * * *"), utc(2026, 3, 3, 7)) is None, "an hour is an hour"
    assert time_of_day(spec("30 2 * * *"), utc(2026, 3, 29, 1)) == "2026-03-29 02:30", "in the gap"
    assert time_of_day(spec("0 2,3 * * *"), utc(2026, 3, 29, 1)) == "2026-03-29 03:00", "of two the last"


def test_a_digest_that_moves_to_another_zone_is_not_sent_twice_on_the_day() -> None:
    eight = utc(2026, 3, 3, 7)
    taken = {time_of_day(spec("0 8 * * *"), eight) or ""}
    moved = spec("0 8 * * *", "America/New_York")
    assert due_slot(moved, eight, utc(2026, 3, 3, 13), taken) is None
    assert due_slot(moved, eight, utc(2026, 3, 4, 13), taken) == utc(2026, 3, 4, 13)


def test_an_earlier_slot_that_was_not_taken_is_due_behind_one_that_was() -> None:
    often = replace(spec("0 8 * * *", "UTC"), schedule=("0 8 * * *", "0 10 * * *"))
    due = due_slot(often, utc(2026, 3, 2, 10), utc(2026, 3, 3, 12), {"2026-03-03 10:00"})
    assert due == utc(2026, 3, 3, 8)


# ── every zone ───────────────────────────────────────────────────────────────────────────────────


def slots_between(digest: DigestSpec, start: datetime, end: datetime) -> Iterator[datetime]:
    slot = next_slot(digest, start)
    while slot and slot <= end:
        yield slot
        slot = next_slot(digest, slot)


def check_times_of_day(change: Change, step: int) -> None:
    """A daily digest fires when the clock reaches or passes its time, and then not again."""
    start, end = change.at - AROUND, change.at + AROUND
    for wall, reached in list(reached_by_walking(change.zone, start, end).items())[::step]:
        daily = spec(f"{wall.minute} {wall.hour} * * *", change.zone)
        assert [*slots_between(daily, start, end)] == [reached], (change, wall)
        assert time_of_day(daily, reached) == wall.isoformat(" ", "minutes")


def check_hours(change: Change) -> None:
    """A line of every hour fires whenever the clock shows its minute, and after a gap that hides one."""
    start, end = change.at - AROUND, change.at + AROUND
    for minute in (0, 20, 45):
        walked = hourly_by_walking(change.zone, minute, start, end)
        assert [*slots_between(spec(f"{minute} * * * *", change.zone), start, end)] == walked, change


def check_years(zone: str, at: time, years: range) -> None:
    """One slot a day, in order, at its time of day but on days without it."""
    daily = spec(f"{at.minute} {at.hour} * * *", zone)
    start, end = utc(years[0], 1, 1, 12), utc(years[-1], 12, 31)
    found = [*slots_between(daily, start, end)]
    assert all(one < other for one, other in pairwise(found))
    local = [slot.astimezone(ZoneInfo(zone)) for slot in found]
    days = {slot.date() for slot in local}
    assert len(days) == len(found)
    assert max(days) - min(days) == (len(days) - 1) * DAY
    changed = {each.at.astimezone(ZoneInfo(zone)).date() for each in changes_of(zone)}
    assert {slot.date() for slot in local if slot.time() != at} <= changed


# Deferred: looking at all zones takes a second or two, which no other test has to wait for.
_ZONES = st.deferred(lambda: st.sampled_from(distinct_zones()))
_CHANGES = st.deferred(
    lambda: st.sampled_from([each for zone in distinct_zones() for each in changes_of(zone)])
)


@settings(max_examples=25, deadline=None)
@given(_CHANGES, st.integers(30, 90))
def test_a_time_of_day_fires_once_around_a_change_of_the_clocks(change: Change, step: int) -> None:
    check_times_of_day(change, step)


@settings(max_examples=25, deadline=None)
@given(_CHANGES)
def test_an_hour_is_an_hour_around_a_change_of_the_clocks(change: Change) -> None:
    check_hours(change)


@settings(max_examples=10, deadline=None)
@given(_ZONES, st.times().map(lambda each: each.replace(second=0, microsecond=0)), st.integers(2023, 2032))
def test_a_daily_digest_fires_every_local_day_once(zone: str, at: time, year: int) -> None:
    check_years(zone, at, range(year, year + 1))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_every_zone_and_every_change_of_its_clocks_for_ten_years(part: int) -> None:
    """Of zones whose clocks go alike one; in parts, which may run side by side."""
    for zone in distinct_zones()[part::4]:
        for change in changes_of(zone):
            check_times_of_day(change, 15)
            check_hours(change)
        check_years(zone, time(2, 30), range(2023, 2033))


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia"])
def test_windows_begin_at_the_slot_before(zone: str) -> None:
    daily = spec("30 2 * * *", zone)
    slot = next_slot(daily, NOW)
    assert slot is not None
    assert slot - 1.2 * DAY < window_start(daily, None, slot) < slot - 0.8 * DAY
