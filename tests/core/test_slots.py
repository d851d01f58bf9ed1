from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.slots import LATE_AFTER, check_schedule, due_slot, is_late, next_slot
from bot.model import DigestSpec

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)

_MOMENTS = st.timedeltas(timedelta(0), timedelta(days=700)).map(
    lambda since: datetime(2025, 1, 1, tzinfo=UTC) + since
)


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


def test_the_next_slot_is_the_one_that_falls_due() -> None:
    morning = spec("0 8 * * *")
    slot = utc(2026, 3, 3, 7)
    assert next_slot(morning, slot - timedelta(seconds=1)) == slot
    assert next_slot(morning, slot) == slot + DAY
