"""The outbox on both engines: composed once, leased, settled alone, remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine, text

from bot.model import Delivery, DeliveryState, Message, Settlement
from bot.storage.store import SqlStore
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import HOUR, MINUTE, NOW, delivery, telling

LEASE = 5 * MINUTE


def composed(store: SqlStore, *some: Delivery) -> int:
    with store.begin() as tx:
        return tx.outbox.add(some, [])


def claim(store: SqlStore, *, now: datetime = NOW, limit: int = 10) -> list[Delivery]:
    with store.begin() as tx:
        return list(tx.outbox.claim(now, limit, LEASE))


def settle(store: SqlStore, key: str, state: DeliveryState, **more: object) -> None:
    with store.begin() as tx:
        tx.outbox.settle(Settlement(**{"key": key, "state": state, "attempt": 1} | more))  # type: ignore[arg-type]


def listed(
    store: SqlStore, *, state: DeliveryState | None = None, story_id: str | None = None
) -> list[Delivery]:
    with store.read() as tx:
        return list(tx.outbox.deliveries(state=state, limit=10, story_id=story_id))


def test_every_field_of_a_delivery_comes_back(store: SqlStore) -> None:
    full = delivery(stories=("s2", "s1"), note="n", sent_at=NOW, state=DeliveryState.SENT, attempt=2)
    assert composed(store, full) == 1
    assert listed(store) == [full]


def test_a_key_that_is_there_is_left_alone(store: SqlStore) -> None:
    assert composed(store, delivery("a"), delivery("b")) == 2
    other = Message(subject="Other", content_type="text/plain", body=b"other")
    assert composed(store, delivery("a", message=other, stories=("s9",)), delivery("c")) == 1
    assert {one.message.subject for one in listed(store)} == {"Good news"}
    assert listed(store, story_id="s9") == []


def test_the_longest_due_are_claimed_first_in_the_order_composed(store: SqlStore) -> None:
    composed(
        store,
        delivery("part-2", due_at=NOW),
        delivery("part-1", due_at=NOW),
        delivery("late", due_at=NOW - HOUR),
        delivery("early", due_at=NOW + timedelta(microseconds=1)),
    )
    assert [one.key for one in claim(store, limit=2)] == ["late", "part-2"]
    assert [one.key for one in claim(store)] == ["part-1"]
    assert claim(store) == []


def test_a_lease_alone_is_no_attempt(store: SqlStore) -> None:
    composed(store, delivery())
    assert claim(store) == [delivery()]
    assert claim(store, now=NOW + LEASE - timedelta(microseconds=1)) == []
    assert claim(store, now=NOW + LEASE) == [delivery()]


def test_the_only_process_ends_the_leases_of_a_killed_one(store: SqlStore) -> None:
    composed(store, delivery("leased"), delivery("begun"), delivery("waiting", due_at=NOW + HOUR))
    claim(store)
    with store.begin() as tx:
        tx.outbox.begin_attempt("begun", 0)
        assert tx.outbox.release() == 2
        assert tx.outbox.release() == 0
    assert [(one.key, one.interrupted) for one in claim(store)] == [("leased", False), ("begun", True)]


def test_an_attempt_that_never_reported_comes_again_interrupted_and_counted(store: SqlStore) -> None:
    composed(store, delivery())
    claim(store)
    with store.begin() as tx:
        tx.outbox.begin_attempt("key-1", 0)
    assert [one.state for one in listed(store)] == [DeliveryState.SENDING]
    assert claim(store) == []
    for later in (NOW + LEASE, NOW + 2 * LEASE):
        (again,) = claim(store, now=later)
        assert (again.interrupted, again.state, again.attempt) == (True, DeliveryState.SENDING, 1)


def test_of_two_processes_that_hold_a_message_one_begins(store: SqlStore) -> None:
    composed(store, delivery())
    (mine,) = claim(store)
    (theirs,) = claim(store, now=NOW + LEASE)
    with store.begin() as tx:
        assert tx.outbox.begin_attempt(theirs.key, theirs.attempt)
        assert not tx.outbox.begin_attempt(mine.key, mine.attempt)


def test_an_attempt_begins_only_on_what_is_still_to_be_sent(store: SqlStore) -> None:
    composed(store, delivery("sent", state=DeliveryState.SENT), delivery("dead", state=DeliveryState.DEAD))
    with store.begin() as tx:
        tx.outbox.begin_attempt("sent", 0)
        tx.outbox.begin_attempt("dead", 0)
    assert {(one.key, one.state) for one in listed(store)} == {
        ("sent", DeliveryState.SENT),
        ("dead", DeliveryState.DEAD),
    }


def test_a_settled_delivery_is_not_claimed_and_a_refused_one_when_it_is_due(store: SqlStore) -> None:
    composed(store, delivery("a"), delivery("b"))
    claim(store)
    settle(store, "a", DeliveryState.SENT, sent_at=NOW, note="250 ok")
    settle(store, "b", DeliveryState.PENDING, due_at=NOW + MINUTE, note="451 later", attempt=3)
    assert claim(store) == []
    (again,) = claim(store, now=NOW + MINUTE)
    assert (again.key, again.attempt, again.note, again.interrupted) == ("b", 3, "451 later", False)
    (sent,) = listed(store, state=DeliveryState.SENT)
    assert (sent.key, sent.attempt, sent.sent_at, sent.note) == ("a", 1, NOW, "250 ok")


def test_what_was_sent_stays_sent(store: SqlStore) -> None:
    composed(store, delivery())
    settle(store, "key-1", DeliveryState.SENT, sent_at=NOW)
    settle(store, "key-1", DeliveryState.PENDING, due_at=NOW)
    assert [(one.state, one.sent_at) for one in listed(store)] == [(DeliveryState.SENT, NOW)]


def test_changed_bytes_are_never_sent(store: SqlStore, url: str) -> None:
    composed(store, delivery("whole"), delivery("damaged"))
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE deliveries SET body = :body WHERE key = 'damaged'"), {"body": b"other"}
        )
    engine.dispose()
    assert [one.key for one in claim(store)] == ["whole"]
    assert [(one.key, one.note) for one in listed(store, state=DeliveryState.DEAD)] == [
        ("damaged", "its bytes changed since it was composed")
    ]


def test_newest_first_by_state_and_story(store: SqlStore) -> None:
    composed(
        store,
        delivery("old", created_at=NOW - HOUR, stories=("s1", "s2", "s1")),
        delivery("first", stories=()),
        delivery("second", stories=("s2",), state=DeliveryState.DEAD),
    )
    assert [one.key for one in listed(store)] == ["second", "first", "old"]
    assert [one.key for one in listed(store, story_id="s2")] == ["second", "old"]
    assert [one.key for one in listed(store, story_id="s1")] == ["old"]
    assert [one.key for one in listed(store, state=DeliveryState.DEAD, story_id="s2")] == ["second"]
    with store.read() as tx:
        assert len(tx.outbox.deliveries(state=None, limit=2)) == 2


def test_only_what_ended_badly_is_tried_again(store: SqlStore) -> None:
    composed(store, *(delivery(state.value, state=state, attempt=4) for state in DeliveryState))
    with store.begin() as tx:
        assert tx.outbox.retry([state.value for state in DeliveryState] + ["unknown key"], NOW + HOUR) == 2
    pending = {one.key: one for one in listed(store, state=DeliveryState.PENDING)}
    assert set(pending) == {"pending", "dead", "unknown"}
    assert {(pending[key].attempt, pending[key].due_at) for key in ("dead", "unknown")} == {(0, NOW + HOUR)}
    assert pending["pending"].attempt == 4


def test_a_channel_remembers_what_it_was_told_last(store: SqlStore) -> None:
    first = telling()
    update = replace(first, revision=2, told_at=NOW + HOUR, sources=5)
    with store.begin() as tx:
        tx.outbox.add([], [update, first, telling("story-2"), telling(channel="chat", origin="alarm")])
        tx.outbox.add([], [replace(first, sources=99)])
        assert tx.outbox.told("mail", ["story-1", "story-3"]) == {"story-1": update}
        assert tx.outbox.told("chat", ["story-1", "story-2"]) == {
            "story-1": telling(channel="chat", origin="alarm")
        }


def test_a_slot_is_taken_once(store: SqlStore) -> None:
    with store.begin() as tx:
        assert tx.outbox.last_slot("morning") is None
        assert tx.outbox.slot("morning", NOW, NOW)
        assert tx.outbox.slot("morning", NOW - HOUR, NOW)
        assert tx.outbox.slot("evening", NOW + HOUR, NOW)
    with store.begin() as tx:
        assert not tx.outbox.slot("morning", NOW, NOW + HOUR)
        last = tx.outbox.last_slot("morning")
    assert last == NOW
    assert last is not None
    assert last.tzinfo is UTC


def test_a_slot_without_a_message_does_not_count_as_composed(store: SqlStore) -> None:
    taken = [NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR, NOW]
    with store.begin() as tx:
        for at in taken:
            tx.outbox.slot("morning", at, at + MINUTE)
        composed_at = {"one": taken[0] + MINUTE, "two": taken[1] + MINUTE, "four": taken[3] + MINUTE}
        tx.outbox.add([delivery(key, created_at=at, origin="morning") for key, at in composed_at.items()], ())
        tx.outbox.add([delivery("x", created_at=taken[2] + MINUTE, origin="evening")], ())
        tx.outbox.add([delivery("y", created_at=taken[2] + MINUTE, origin="morning", channel="other")], ())
        channel = delivery("one").channel
        found = [tx.outbox.last_composed("morning", channel, before) for before in taken]
        assert tx.outbox.last_composed("evening", channel, NOW) is None
    assert found == [None, taken[0], taken[1], taken[1]]


def test_pruning_drops_what_ended_long_ago_and_keeps_what_waits(store: SqlStore) -> None:
    composed(store, *(delivery(key, stories=("s1",)) for key in ("sent", "dead", "held", "waiting")))
    settle(store, "sent", DeliveryState.SENT)
    settle(store, "dead", DeliveryState.DEAD)
    settle(store, "held", DeliveryState.UNKNOWN)
    with store.begin() as tx:
        assert tx.outbox.prune(NOW - HOUR) == 0
        assert tx.outbox.prune(NOW + HOUR) == 2
    assert {one.key for one in listed(store, story_id="s1")} == {"held", "waiting"}
