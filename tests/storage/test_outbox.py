"""The outbox on both engines: composed once, leased, settled alone, remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

from bot.model import Delivery, DeliveryState, Message, Settlement
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, delivery, telling


def composed(store: SqlStore, *some: Delivery) -> int:
    with store.begin() as tx:
        return tx.outbox.add(some, [])


def settle(store: SqlStore, key: str, state: DeliveryState, **more: Any) -> None:
    given: dict[str, Any] = {"key": key, "state": state, "attempt": 1}
    with store.begin() as tx:
        tx.queue.settle([Settlement(**given | more)])


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
        assert tx.outbox.last_slot("morning", NOW) is None
        assert tx.outbox.slot("morning", NOW, NOW)
        assert tx.outbox.slot("morning", NOW - HOUR, NOW)
        assert tx.outbox.slot("evening", NOW + HOUR, NOW)
    with store.begin() as tx:
        assert not tx.outbox.slot("morning", NOW, NOW + HOUR)
        last = tx.outbox.last_slot("morning", NOW)
        assert tx.outbox.last_slot("morning", NOW - MINUTE) == NOW - HOUR, "later ones are in the future"
    assert last == NOW
    assert last is not None
    assert last.tzinfo is UTC


def test_a_time_of_day_is_taken_once_whatever_its_moment(store: SqlStore) -> None:
    eight = "2026-11-22 08:00"
    with store.begin() as tx:
        assert tx.outbox.slot("morning", NOW, NOW, eight)
        assert not tx.outbox.slot("morning", NOW + HOUR, NOW, eight)
        assert tx.outbox.slot("evening", NOW, NOW, eight)
        assert tx.outbox.slot("morning", NOW + HOUR, NOW), "by hand, at no slot"
        assert tx.outbox.slot("morning", NOW + 2 * HOUR, NOW)
    with store.read() as tx:
        assert tx.outbox.times_of_day("morning", NOW - MINUTE) == {eight}
        assert tx.outbox.times_of_day("morning", NOW) == set()
        assert tx.outbox.last_slot("morning", NOW + HOUR) == NOW + HOUR


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


def test_a_thread_begins_where_a_recipient_got_the_first_alert_on_a_story(store: SqlStore) -> None:
    alert: dict[str, Any] = {"kind": "alert", "stories": ("s1",), "state": DeliveryState.SENT}
    composed(
        store,
        delivery("digest", recipient="ann", **alert | {"kind": "digest"}, note="no thread"),
        delivery("first", recipient="ann", **alert, note="id 1"),
        delivery("update", recipient="ann", **alert, note="id 2"),
        delivery("lost", recipient="bob", **alert | {"state": DeliveryState.DEAD}, note="410"),
        delivery("second", recipient="bob", **alert, note="id 3"),
        delivery("other story", recipient="cem", **alert | {"stories": ("s2",)}, note="id 4"),
        delivery("other channel", channel="chat", recipient="dan", **alert, note="id 5"),
    )
    with store.read() as tx:
        assert tx.outbox.receipts("mail", "s1") == {"ann": "id 1", "bob": "id 3"}
        assert tx.outbox.receipts("mail", "s3") == {}


def test_slots_are_forgotten_but_for_the_last_of_each_digest(store: SqlStore) -> None:
    with store.begin() as tx:
        for age in (1, 2, 3):
            tx.outbox.slot("morning", NOW - age * HOUR, NOW)
        tx.outbox.slot("yearly", NOW - 9 * HOUR, NOW)
        assert tx.outbox.forget_slots(NOW - 2 * HOUR) == 1
        assert tx.outbox.forget_slots(NOW) == 1
        assert tx.outbox.last_slot("morning", NOW) == NOW - HOUR
        assert tx.outbox.last_slot("yearly", NOW) == NOW - 9 * HOUR
        assert not tx.outbox.slot("yearly", NOW - 9 * HOUR, NOW)


def test_pruning_drops_what_ended_long_ago_and_keeps_what_waits(store: SqlStore) -> None:
    composed(
        store, *(delivery(key, stories=("s1",)) for key in ("sent", "dead", "held", "passed on", "waiting"))
    )
    settle(store, "sent", DeliveryState.SENT)
    settle(store, "dead", DeliveryState.DEAD)
    settle(store, "held", DeliveryState.UNKNOWN)
    settle(store, "passed on", DeliveryState.EXPIRED)
    with store.begin() as tx:
        assert tx.outbox.prune(NOW - HOUR, 9) == 0
        assert tx.outbox.prune(NOW + HOUR, 9) == 4
    assert {one.key for one in listed(store, story_id="s1")} == {"waiting"}
