from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.cadence import (
    LATE_AFTER,
    backoff,
    check_schedule,
    due_slot,
    is_late,
    next_poll,
    rhythm,
)
from bot.model import DigestSpec

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_MOMENTS = st.timedeltas(timedelta(0), timedelta(days=700)).map(
    lambda since: datetime(2025, 1, 1, tzinfo=UTC) + since
)


def spec(schedule: str, zone: str = "Europe/Berlin", catch_up: timedelta = DAY) -> DigestSpec:
    return DigestSpec(
        name="d", title="D", topics=(), channels=(), schedule=schedule, timezone=zone, catch_up=catch_up
    )


def utc(*fields: int) -> datetime:
    return datetime(*fields, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_rhythm_is_a_week_by_the_items_of_the_week() -> None:
    dates = [NOW - number * DAY for number in range(14)]
    assert rhythm(dates, NOW) == timedelta(days=7) / 7


def test_a_document_that_reaches_back_an_hour_is_taken_for_an_hour() -> None:
    assert rhythm([NOW - number * timedelta(minutes=6) for number in range(1, 11)], NOW) == timedelta(
        minutes=6
    )


def test_a_quiet_feed_is_as_slow_as_its_newest_item_is_old() -> None:
    assert rhythm([NOW - 30 * DAY, NOW - 90 * DAY, None], NOW) == 30 * DAY


def test_rhythm_needs_a_date() -> None:
    assert rhythm([None, NOW + HOUR], NOW) is None


@given(st.lists(_MOMENTS, min_size=1))
def test_rhythm_is_positive(dates: list[datetime]) -> None:
    found = rhythm(dates, NOW)
    assert found is None or found >= timedelta(minutes=1)


@given(
    st.text(max_size=10),
    st.timedeltas(timedelta(minutes=5), DAY),
    st.timedeltas(timedelta(0), 2 * DAY),
    st.floats(0, 1),
)
def test_the_next_poll_is_about_an_interval_away(
    feed: str, interval: timedelta, wait: timedelta, jitter: float
) -> None:
    due = next_poll(feed, NOW, interval, wait, jitter)
    assert due >= NOW + wait
    assert NOW + 0.5 * interval <= due
    assert due <= max(NOW + wait, NOW + 1.1 * interval)


def test_feeds_polled_together_do_not_stay_together() -> None:
    due = [next_poll(f"feed {number}", NOW, HOUR, timedelta(0), 0.5) for number in range(200)]
    first_half = sum(moment < NOW + 0.8 * HOUR for moment in due)
    assert 60 < first_half < 140


def test_a_feed_keeps_its_phase() -> None:
    first = next_poll("feed", NOW, HOUR, timedelta(0), 0.5)
    second = next_poll("feed", first, HOUR, timedelta(0), 0.5)
    third = next_poll("feed", second + timedelta(minutes=2), HOUR, timedelta(0), 0.5)
    assert second - first == third - second == HOUR


def test_backoff_doubles_up_to_its_bound() -> None:
    waits = [backoff(failures, timedelta(minutes=5), DAY) for failures in (1, 2, 3, 10, 10_000)]
    assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20), DAY, DAY]


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


@settings(max_examples=50)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 23),
    st.integers(0, 59),
    _MOMENTS,
    st.integers(min_value=7, max_value=700),
)
def test_a_daily_digest_fires_every_local_day_once(
    zone: str, hour: int, minute: int, start: datetime, step: int
) -> None:
    daily = spec(f"{minute} {hour} * * *", zone)
    last, now, slots = start, start, []
    while now < start + 3 * DAY:
        now += timedelta(minutes=step)
        if (slot := due_slot(daily, last, now)) is not None:
            assert last < slot <= now
            slots.append(slot)
            last = slot
    days = [slot.astimezone(ZoneInfo(zone)).date() for slot in slots]
    assert len(set(days)) == len(days)
    assert 2 <= len(days) <= 4
    assert all((later - earlier).days == 1 for earlier, later in pairwise(days))


def test_late_is_a_quarter_of_an_hour() -> None:
    assert not is_late(NOW, NOW + LATE_AFTER)
    assert is_late(NOW, NOW + LATE_AFTER + timedelta(seconds=1))
