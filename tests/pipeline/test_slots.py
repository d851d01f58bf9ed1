"""Slots under a clock that is set, zones that move and rules that change: each is sent once, none is lost.

The database is a real one. What should fall due is found by looking at a clock every minute, as the tests of
``core.slots`` do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.slots import time_of_day
from bot.model import DigestSpec
from bot.pipeline.digest import slot_due
from bot.storage.store import SqlStore
from tests.pipeline.conftest import Bot, opened_bot
from tests.zones import reached_by_walking

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Some days before the clocks change in Europe, in America and on Lord Howe, and before a leap day.
STARTS = [
    datetime(*day, 12, tzinfo=UTC)
    for day in ((2026, 3, 27), (2026, 10, 23), (2026, 3, 6), (2027, 4, 2), (2028, 2, 27))
]
# To go from Berlin to Lagos is what an update brings that ends daylight-saving time.
ZONES = ("Europe/Berlin", "Africa/Lagos", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
SPEC = DigestSpec(
    name="daily", title="Daily", topics=(), channels=(), schedule=("30 2 * * *",), timezone=ZONES[0]
)
NAMES = count()


def tick(store: SqlStore, spec: DigestSpec, now: datetime) -> datetime | None:
    """What the step does, but for the message."""
    with store.begin() as tx:
        if tx.outbox.last_slot(spec.name, now) is None:
            tx.outbox.slot(spec.name, now, now)
        slot = slot_due(tx, spec, now)
        if slot is not None:
            assert tx.outbox.slot(spec.name, slot, now, time_of_day(spec, slot)), "what is due can be taken"
    return slot


def owed(spec: DigestSpec, now: datetime) -> tuple[datetime, datetime] | None:
    """The latest half past two within the catch-up time that a watcher of the clock saw, and when."""
    seen = reached_by_walking(spec.timezone, now - spec.catch_up - 5 * HOUR, now)
    due = [each for each in seen.items() if (each[0].hour, each[0].minute) == (2, 30)]
    due = [(wall, at) for wall, at in due if now - spec.catch_up < at]
    return due[-1] if due else None


_ACTIONS = st.tuples(
    st.timedeltas(timedelta(seconds=10), 9 * HOUR),
    st.sampled_from([None] * 6 + [HOUR, -HOUR, -HOUR, 30 * HOUR, -30 * HOUR, 366 * DAY, -366 * DAY]),
    st.none() | st.none() | st.sampled_from(ZONES),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(STARTS), st.sampled_from(ZONES), st.lists(_ACTIONS, min_size=10, max_size=25))
def test_each_slot_is_sent_once_and_none_within_the_catch_up_time_is_lost(
    bot: Bot, start: datetime, zone: str, actions: list[tuple[timedelta, timedelta | None, str | None]]
) -> None:
    spec = replace(SPEC, name=f"daily {next(NAMES)}", timezone=zone)
    moments: set[datetime] = set()
    times: set[str] = set()
    now = start
    for passes, set_by, moves_to in actions:
        now += passes + (set_by or timedelta(0))
        spec = replace(spec, timezone=moves_to or spec.timezone)
        slot = tick(bot.store, spec, now)
        assert tick(bot.store, spec, now) is None
        if slot:
            assert now - spec.catch_up <= slot <= now
            spelled = time_of_day(spec, slot)
            assert spelled
            assert slot not in moments
            assert spelled not in times
            moments.add(slot)
            times.add(spelled)
        if expected := owed(spec, now):
            wall, at = expected
            with bot.store.read() as tx:
                last = tx.outbox.last_slot(spec.name, now)
            assert last
            assert last >= at or wall.isoformat(" ", "minutes") in times


def test_a_clock_that_was_a_year_ahead_silences_no_digest(tmp_path: Path) -> None:
    start = datetime(2027, 2, 27, 12, tzinfo=UTC)
    with opened_bot(tmp_path) as bot:
        assert tick(bot.store, SPEC, start) is None
        ahead = start + 366 * DAY
        assert tick(bot.store, SPEC, ahead) == datetime(2028, 2, 28, 1, 30, tzinfo=UTC)
        sent = [tick(bot.store, SPEC, start + hours * HOUR) for hours in range(1, 72)]
        assert [slot for slot in sent if slot] == [
            datetime(2027, 2, day, 1, 30, tzinfo=UTC) + DAY for day in (27, 28)
        ] + [datetime(2027, 3, 2, 1, 30, tzinfo=UTC)]


def test_a_leap_day_has_its_digest(tmp_path: Path) -> None:
    leap = replace(SPEC, schedule=("0 9 29 2 *",), timezone="UTC")
    with opened_bot(tmp_path) as bot:
        days = (datetime(2028, 1, 1, 12, tzinfo=UTC) + number * DAY for number in range(366))
        sent = [slot for day in days if (slot := tick(bot.store, leap, day))]
    assert sent == [datetime(2028, 2, 29, 9, tzinfo=UTC)]


def test_half_past_two_on_the_days_on_which_clocks_change(tmp_path: Path) -> None:
    """By ticks every minute of these days: right after the gap, and the first of the two."""
    with opened_bot(tmp_path) as bot:
        for start, sent_at in (
            (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
            (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ):
            spec = replace(SPEC, name=str(start))
            ticks = (start + minutes * MINUTE for minutes in range(6 * 60))
            assert [(now, slot) for now in ticks if (slot := tick(bot.store, spec, now))] == [
                (sent_at, sent_at)
            ]
