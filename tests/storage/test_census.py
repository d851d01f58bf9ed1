"""Numbers for a monitor, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.model import Alarm, Part
from bot.model.census import Census, FeedHealth, FirstTold, Waiting
from bot.storage.store import SqlStore
from tests.storage.samples import (
    HOUR,
    MINUTE,
    NOW,
    delivery,
    feed,
    item,
    judgement,
    placement,
    telling,
    verdict,
)


def taken(store: SqlStore, at: datetime = NOW) -> Census:
    with store.read() as tx:
        return tx.census.take(at)


def test_of_an_empty_database_all_is_nothing_but_its_size(store: SqlStore) -> None:
    census = taken(store)
    assert census.size > 1000
    assert census == Census(at=NOW, size=census.size)


def test_each_feed_that_should_be_polled_is_counted_as_the_worst_that_it_is(store: SqlStore) -> None:
    names = ("well", "slow", "late", "odd", "hurt", "mute", "rolled", "gone", "off", "left")
    with store.begin() as tx:
        tx.feeds.sync([feed(name, enabled=name != "off") for name in names], NOW)
        tx.feeds.sync([feed(name, enabled=name != "off") for name in names if name != "left"], NOW)
        states = tx.feeds.states()
        due = {"slow": NOW - HOUR, "late": NOW - MINUTE, "gone": NOW - 9 * HOUR, "off": NOW - 9 * HOUR}
        changes = {
            "odd": {"failures": 3},
            "hurt": {"failures": 9, "trouble": "silent", "failing_since": NOW},
            "mute": {"trouble": "silent"},
            "rolled": {"trouble": "rolled-over"},
            "gone": {"disabled": "taken down", "failures": 1},
        }
        tx.feeds.save(
            [
                replace(
                    states[name],
                    next_poll_at=due.get(name, NOW + HOUR),
                    **changes.get(name, {}),  # type: ignore[arg-type]
                )
                for name in names[:-1]
            ]
        )
    census = taken(store)
    assert census.feeds == {
        FeedHealth.OK: 3,
        FeedHealth.FAILING: 2,
        FeedHealth.SILENT: 1,
        FeedHealth.ROLLED_OVER: 1,
        FeedHealth.DISABLED: 1,
    }
    assert census.due_since == NOW - HOUR
    assert taken(store, NOW - 2 * HOUR).due_since is None


def test_the_oldest_item_without_verdicts_is_told_and_an_edit_is_not_old(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.items.add([item("aaaaaa01", seen_at=NOW - 9 * HOUR), item("bbbbbb02", seen_at=NOW - 2 * HOUR)])
        tx.items.add([item("cccccc03", seen_at=NOW - HOUR)])
        tx.items.judge([judgement("aaaaaa01", verdict("aaaaaa01"))], NOW)
    assert (taken(store).unjudged, taken(store).unjudged_since) == (2, NOW - 2 * HOUR)
    with store.begin() as tx:
        tx.items.judge([judgement("bbbbbb02"), judgement("cccccc03")], NOW)
        tx.items.revise([item("aaaaaa01", seen_at=NOW - 9 * HOUR, content_hash="edited", title="Edited")])
    assert (taken(store).unjudged, taken(store).unjudged_since) == (1, None)


def test_what_waits_is_counted_by_channel(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add([delivery("a", created_at=NOW - HOUR, due_at=NOW + HOUR), delivery("b")], ())
        tx.outbox.add([delivery("c", channel="chat"), delivery("d", channel="done")], ())
        (sent,) = tx.queue.next("done", NOW, 1)
        tx.queue.begin([sent])
    with store.begin() as tx:
        assert tx.queue.give_back(sent, NOW, "") is False
    assert taken(store).waiting == {
        "mail": Waiting(messages=2, oldest=NOW - HOUR),
        "chat": Waiting(messages=1, oldest=NOW),
        "done": Waiting(messages=1, oldest=NOW),  # under way
    }


def test_alarms_are_counted_by_part_until_they_are_over(store: SqlStore) -> None:
    alarm = Alarm(part=Part.FEED, subject="wire", cause="failing", text="It fails.", raised_at=NOW)
    with store.begin() as tx:
        tx.alarms.put(alarm)
        tx.alarms.put(replace(alarm, subject="port"))
        tx.alarms.put(replace(alarm, subject="quay", over_at=NOW))
        tx.alarms.put(replace(alarm, part=Part.DISK, subject="/data"))
    assert taken(store).alarms == {Part.FEED: 2, Part.DISK: 1}


# ── what a delivery told for the first time ──────────────────────────────────────────────────────


@pytest.fixture
def told(store: SqlStore) -> SqlStore:
    """A story of four items: an old one, one that matches nothing, then two that match."""
    ages = {"aaaaaa01": 9, "bbbbbb02": 3, "cccccc03": 2, "dddddd04": 1}
    with store.begin() as tx:
        tx.items.add(
            [
                item(item_id, seen_at=NOW - hours * HOUR, baseline=hours == 9)
                for item_id, hours in ages.items()
            ]
        )
        tx.stories.place([placement(item_id, opens=item_id == "aaaaaa01") for item_id in ages], NOW)
        tx.items.judge(
            [judgement(item_id, verdict(item_id, matched=item_id != "bbbbbb02")) for item_id in ages], NOW
        )
        tx.outbox.add([delivery("first", kind="alert")], [telling()])
    return store


def first_told(store: SqlStore, key: str) -> FirstTold | None:
    with store.read() as tx:
        return tx.census.first_told(key)


def test_time_counts_from_the_first_item_that_matched(told: SqlStore) -> None:
    assert first_told(told, "first") == FirstTold(kind="alert", seen=(NOW - 2 * HOUR,))


def test_an_update_is_no_first_telling(told: SqlStore) -> None:
    later = NOW + timedelta(hours=5)
    with told.begin() as tx:
        tx.outbox.add([delivery("second", created_at=later)], [telling(revision=2, told_at=later)])
    assert first_told(told, "second") == FirstTold(kind="digest")


def test_each_channel_is_told_for_the_first_time(told: SqlStore) -> None:
    with told.begin() as tx:
        tx.outbox.add(
            [delivery("mine", channel="chat"), delivery("about us", kind="alarm", stories=())],
            [telling(channel="chat")],
        )
    assert first_told(told, "mine") == FirstTold(kind="digest", seen=(NOW - 2 * HOUR,))
    assert first_told(told, "about us") == FirstTold(kind="alarm")
    assert first_told(told, "nothing") is None
