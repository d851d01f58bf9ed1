"""Queues on both engines: one destination one server, in order, settled alone, paused and disabled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot.model import Delivery, DeliveryState, Destination, Settlement
from bot.storage.store import SqlStore
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import HOUR, MINUTE, NOW, delivery, telling

LEASE = 5 * MINUTE
PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
DEAD, EXPIRED, UNKNOWN = DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.UNKNOWN


def composed(store: SqlStore, *some: Delivery) -> None:
    with store.begin() as tx:
        tx.outbox.add(some, [])


def due(store: SqlStore, now: datetime = NOW) -> list[str]:
    with store.read() as tx:
        return list(tx.queue.due(now))


def following(store: SqlStore, *, now: datetime = NOW, channel: str = "mail", limit: int = 10) -> list[str]:
    with store.begin() as tx:
        return [each.key for each in tx.queue.next(channel, now, limit)]


def begin(store: SqlStore, *keys: str) -> set[str]:
    with store.begin() as tx:
        return set(tx.queue.begin([each for each in tx.queue.next("mail", NOW, 10) if each.key in keys]))


def settle(store: SqlStore, key: str, state: DeliveryState, **more: Any) -> None:
    given: dict[str, Any] = {"key": key, "state": state, "attempt": 1}
    with store.begin() as tx:
        tx.queue.settle([Settlement(**given | more)])


def listed(store: SqlStore, state: DeliveryState | None = None) -> dict[str, Delivery]:
    with store.read() as tx:
        return {each.key: each for each in tx.outbox.deliveries(state=state, limit=99)}


# ── who serves what ──


def test_a_destination_is_due_while_something_can_be_sent_to_it_the_longest_waiting_first(
    store: SqlStore,
) -> None:
    composed(
        store,
        delivery("a", channel="chat"),
        delivery("b", channel="mail", due_at=NOW - HOUR),
        delivery("c", channel="later", due_at=NOW + MINUTE),
        delivery("d", channel="done", state=SENT),
        delivery("e", channel="held", state=UNKNOWN),
    )
    assert due(store) == ["mail", "chat"]
    assert due(store, NOW + HOUR) == ["mail", "chat", "later"]


def test_one_process_serves_a_destination_until_its_lease_ends(store: SqlStore) -> None:
    composed(store, delivery())
    with store.begin() as tx:
        assert tx.queue.serve("mail", NOW, LEASE)
        assert not tx.queue.serve("mail", NOW + LEASE - timedelta(microseconds=1), LEASE)
        assert tx.queue.serve("chat", NOW, LEASE)
    assert due(store) == []
    assert due(store, NOW + LEASE) == ["mail"]
    with store.begin() as tx:
        assert tx.queue.serve("mail", NOW + LEASE, LEASE)


def test_a_lease_is_moved_given_back_or_ended_by_the_only_process(store: SqlStore) -> None:
    composed(store, delivery())
    with store.begin() as tx:
        tx.queue.serve("mail", NOW, LEASE)
        tx.queue.renew(["mail"], NOW + HOUR)
    assert due(store, NOW + LEASE) == []
    with store.begin() as tx:
        tx.queue.renew(["mail"], NOW)
    assert due(store) == ["mail"]
    with store.begin() as tx:
        tx.queue.serve("mail", NOW, LEASE)
        assert tx.queue.release() == 1
        assert tx.queue.release() == 0
    assert due(store) == ["mail"]


def test_a_lease_is_held_until_somebody_else_takes_over(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.queue.serve("mail", NOW, LEASE)
        tx.queue.serve("chat", NOW, LEASE)
        ours = {"mail": NOW + LEASE, "chat": NOW + LEASE, "gone": NOW}
        assert tx.queue.held(ours) == {"mail", "chat"}
        tx.queue.serve("chat", NOW + LEASE, LEASE)
        assert tx.queue.held(ours) == {"mail"}
        tx.queue.release()
        assert tx.queue.held(ours) == set()


# ── order ──


def test_messages_leave_in_the_order_composed(store: SqlStore) -> None:
    composed(
        store,
        delivery("part-1", due_at=NOW),
        delivery("part-2", due_at=NOW - MINUTE),
        delivery("other", channel="chat"),
        delivery("early", due_at=NOW + timedelta(microseconds=1)),
    )
    assert following(store, limit=1) == ["part-1"]
    assert following(store) == ["part-1", "part-2"]


def test_what_waits_for_its_next_try_holds_up_what_is_behind_it_to_the_same_recipient(
    store: SqlStore,
) -> None:
    composed(store, delivery("first"), delivery("bob's", recipient="bob"), delivery("second", origin="other"))
    begin(store, "first")
    settle(store, "first", PENDING, due_at=NOW + MINUTE)
    assert following(store) == ["bob's"]
    assert following(store, now=NOW + MINUTE) == ["first", "bob's", "second"]


def test_what_was_tried_often_holds_up_only_its_own_parts(store: SqlStore) -> None:
    composed(store, delivery("1/2"), delivery("2/2"), delivery("next day", created_at=NOW + MINUTE))
    settle(store, "1/2", PENDING, due_at=NOW + HOUR, attempt=3)
    assert following(store) == ["next day"]
    assert following(store, now=NOW + HOUR) == ["1/2", "2/2", "next day"]


@pytest.mark.parametrize("state", [SENT, DEAD, UNKNOWN])
def test_what_has_ended_holds_up_nothing(store: SqlStore, state: DeliveryState) -> None:
    composed(store, delivery("1/2"), delivery("2/2"))
    settle(store, "1/2", state)
    assert following(store) == ["2/2"]


# ── attempts ──


def test_an_attempt_that_never_reported_comes_again_interrupted_and_counted(store: SqlStore) -> None:
    composed(store, delivery())
    assert begin(store, "key-1") == {"key-1"}
    assert listed(store)["key-1"].state is SENDING
    with store.begin() as tx:
        (again,) = tx.queue.next("mail", NOW, 9)
        assert (again.interrupted, again.attempt, again.unanswered) == (True, 1, False)
        assert tx.queue.begin([again]) == {"key-1"}
        (again,) = tx.queue.next("mail", NOW, 9)
    assert (again.interrupted, again.attempt, again.unanswered) == (True, 2, True)


def test_of_two_processes_that_hold_a_message_one_begins(store: SqlStore) -> None:
    composed(store, delivery("a"), delivery("b"))
    with store.begin() as tx:
        mine = tx.queue.next("mail", NOW, 9)
        assert tx.queue.begin(mine[:1]) == {"a"}
        assert tx.queue.begin(mine) == {"b"}
        assert tx.queue.begin(mine) == set()
        assert tx.queue.begin([]) == set()
    assert {each.attempt for each in listed(store).values()} == {1}


def test_an_attempt_begins_only_on_what_is_still_to_be_sent(store: SqlStore) -> None:
    ended = [delivery(state.value, state=state) for state in (SENT, DEAD, EXPIRED, UNKNOWN)]
    composed(store, *ended)
    with store.begin() as tx:
        assert tx.queue.begin(ended) == set()
    assert {key: each.state.value for key, each in listed(store).items()} == {
        key: key for key in listed(store)
    }


def test_each_attempt_settles_alone(store: SqlStore) -> None:
    composed(store, delivery("a"), delivery("b"))
    with store.begin() as tx:
        tx.queue.settle(
            [
                Settlement(key="a", state=SENT, attempt=1, sent_at=NOW, note="250 ok"),
                Settlement(
                    key="b", state=PENDING, attempt=3, due_at=NOW + MINUTE, note="no answer", unanswered=True
                ),
            ]
        )
    found = listed(store)
    assert (found["a"].state, found["a"].sent_at, found["a"].note) == (SENT, NOW, "250 ok")
    assert (found["a"].due_at, found["a"].unanswered) == (NOW, False)
    assert (found["b"].attempt, found["b"].due_at, found["b"].unanswered) == (3, NOW + MINUTE, True)
    settle(store, "b", DEAD, attempt=4)
    assert listed(store)["b"].unanswered, "what may have been accepted once may have been for ever"


def test_what_was_sent_stays_sent(store: SqlStore) -> None:
    composed(store, delivery())
    settle(store, "key-1", SENT, sent_at=NOW)
    settle(store, "key-1", PENDING, due_at=NOW)
    assert [(one.state, one.sent_at) for one in listed(store).values()] == [(SENT, NOW)]


def test_changed_bytes_are_never_sent(store: SqlStore, url: str) -> None:
    composed(store, delivery("whole"), delivery("damaged"))
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE deliveries SET body = :body WHERE key = 'damaged'"), {"body": b"other"}
        )
    engine.dispose()
    assert following(store) == ["whole"]
    assert [(one.key, one.note) for one in listed(store, DEAD).values()] == [
        ("damaged", "its bytes changed since it was composed")
    ]


# ── what keeps a channel waiting ──


def test_a_paused_channel_waits_until_the_longest_pause_ends(store: SqlStore) -> None:
    composed(store, delivery())
    with store.begin() as tx:
        tx.queue.pause("mail", NOW + HOUR, "429")
        tx.queue.pause("mail", NOW + MINUTE, "503")
        assert tx.queue.destinations() == {
            "mail": Destination(channel="mail", paused_until=NOW + HOUR, paused_why="429")
        }
    assert due(store, NOW + HOUR - timedelta(microseconds=1)) == []
    assert due(store, NOW + HOUR) == ["mail"]


def test_a_disabled_channel_waits_until_it_is_enabled(store: SqlStore) -> None:
    composed(store, delivery())
    with store.begin() as tx:
        tx.queue.disable("mail", NOW, "404 no_service", "print")
        tx.queue.disable("mail", NOW + HOUR, "403", "other print")
        assert tx.queue.destinations()["mail"] == Destination(
            channel="mail", disabled_at=NOW, disabled_why="404 no_service", fingerprint="print"
        )
    assert due(store, NOW + 99 * HOUR) == []
    with store.begin() as tx:
        assert tx.queue.enable("mail")
        assert not tx.queue.enable("mail")
        assert not tx.queue.enable("chat")
    assert due(store) == ["mail"]


# ── given up ──


def told(store: SqlStore, story_id: str, channel: str = "mail") -> list[tuple[int, str]]:
    """Revision and origin of all rows, notes that a story waits included."""
    with store.read() as tx:
        last = tx.outbox.told(channel, [story_id])
        notes = tx.alerts.waiting(channel, ["now"], NOW - HOUR)
    return [(each.revision, each.origin) for each in (*notes, *last.values()) if each.story_id == story_id]


def alert(key: str = "a", **changes: Any) -> Delivery:
    given: dict[str, Any] = {"kind": "alert", "origin": "now", "stories": ("s1",), "state": DEAD}
    return delivery(key, **given | changes)


def give_back(store: SqlStore, each: Delivery) -> bool:
    with store.begin() as tx:
        return tx.queue.give_back(each, NOW + HOUR, "too old")


def test_what_an_alert_told_waits_for_the_digest_again(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add([alert()], [telling("s1", origin="now"), telling("s2", origin="now")])
    assert give_back(store, alert())
    assert told(store, "s1") == [(0, "now")]
    assert told(store, "s2") == [(1, "now")]
    assert [(one.state, one.note) for one in listed(store).values()] == [(EXPIRED, "too old")]


def test_an_update_that_was_given_back_leaves_the_first_telling(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add(
            [alert("first", created_at=NOW - HOUR, state=SENT)], [telling("s1", told_at=NOW - HOUR)]
        )
        tx.outbox.add([alert("update")], [telling("s1", origin="now", revision=2)])
    assert give_back(store, alert("update"))
    assert told(store, "s1") == [(-1, "now"), (1, "morning")]


def test_what_a_digest_told_waits_for_the_next_and_what_was_told_since_stays(store: SqlStore) -> None:
    digest = alert(kind="digest", origin="morning", stories=("s1", "s2"))
    with store.begin() as tx:
        tx.outbox.add([digest], [telling("s1"), telling("s2"), telling("s2", revision=2, origin="now")])
    assert give_back(store, digest)
    assert told(store, "s2") == [(2, "now")]
    assert told(store, "s1") == []
    with store.read() as tx:
        notes = tx.alerts.waiting("mail", None, NOW - HOUR)
        assert [(each.story_id, each.revision, each.told_at) for each in notes] == [("s1", 0, NOW + HOUR)]


def test_that_a_story_waits_is_news_where_it_waited_before(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add(
            [alert()],
            [telling("s1", origin="now", revision=0, told_at=NOW - HOUR), telling("s1", origin="now")],
        )
    assert give_back(store, alert())
    with store.read() as tx:
        assert [each.told_at for each in tx.alerts.waiting("mail", ["now"], NOW - 9 * HOUR)] == [NOW + HOUR]


@pytest.mark.parametrize(
    ("changes", "given_back"),
    [
        ({"state": DEAD}, True),
        ({"state": DEAD, "unanswered": True}, False),
        ({"state": SENT}, False),
        ({"state": PENDING}, False),
        ({"state": SENT, "stories": ("s2",)}, True),
        ({"state": SENT, "created_at": NOW - MINUTE}, True),
    ],
)
def test_nothing_is_given_back_that_another_recipient_may_have_got(
    store: SqlStore, changes: dict[str, Any], given_back: bool
) -> None:
    with store.begin() as tx:
        tx.outbox.add([alert(), alert("b", recipient="bob", **changes)], [telling("s1", origin="now")])
    assert give_back(store, alert()) is given_back
    expected = EXPIRED if given_back and changes == {"state": DEAD} else changes["state"]
    assert listed(store)["b"].state is expected


def test_what_was_told_since_is_not_given_back(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add(
            [alert()], [telling("s1", origin="now"), telling("s1", revision=2, told_at=NOW + MINUTE)]
        )
    assert not give_back(store, alert())
    assert listed(store)["a"].state is DEAD


def test_a_message_without_stories_gives_nothing_back(store: SqlStore) -> None:
    composed(store, alert(stories=()))
    assert not give_back(store, alert(stories=()))


# ── a clock that was wrong ───────────────────────────────────────────────────────────────────────


def test_what_a_clock_that_was_ahead_put_off_is_sent_by_the_one_that_is_right(store: SqlStore) -> None:
    year = 365 * 24 * HOUR
    quiet = delivery("quiet", kind="alert", created_at=NOW - HOUR, due_at=NOW + 8 * HOUR)
    composed(store, quiet, delivery("written ahead", created_at=NOW + HOUR, due_at=NOW + HOUR))
    composed(store, delivery("soon"), delivery("tried ahead"), delivery("in a year"), delivery("sent"))
    begin(store, "soon", "tried ahead", "in a year", "sent")
    settle(store, "soon", DeliveryState.PENDING, due_at=NOW + MINUTE)
    settle(store, "tried ahead", DeliveryState.PENDING, due_at=NOW + HOUR + 5 * MINUTE)
    settle(store, "in a year", DeliveryState.PENDING, due_at=NOW + year)
    settle(store, "sent", DeliveryState.SENT, due_at=NOW + year)

    def right(back: timedelta) -> dict[str, datetime]:
        with store.begin() as tx:
            tx.queue.set_right(NOW, back)
        return {key: each.due_at for key, each in listed(store).items()}

    found = right(timedelta(0))
    assert found == {
        "quiet": NOW + 8 * HOUR,
        "written ahead": NOW,
        "soon": NOW + MINUTE,
        "tried ahead": NOW + HOUR + 5 * MINUTE,
        "in a year": NOW,
        "sent": NOW + year,
    }
    assert right(timedelta(0)) == found
    moved = right(HOUR)
    assert moved == found | {"soon": NOW + MINUTE - HOUR, "tried ahead": NOW + 5 * MINUTE}


def test_pauses_and_leases_of_a_clock_that_was_ahead_end(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.queue.pause("far", NOW + 400 * 24 * HOUR, "it asked for that")
        tx.queue.pause("near", NOW + 1.5 * HOUR, "it asked for that")
        tx.queue.pause("over", NOW - HOUR, "it asked for that")
        assert tx.queue.serve("far ahead", NOW + 3 * HOUR, MINUTE)
        assert tx.queue.serve("given back", NOW + HOUR, MINUTE)
        tx.queue.renew(["given back"], NOW + HOUR)
        assert tx.queue.serve("in use", NOW + HOUR, MINUTE)
        tx.queue.set_right(NOW, HOUR)
        states = tx.queue.destinations()
        assert {name: states[name].paused_until for name in ("far", "near", "over")} == {
            "far": NOW,
            "near": NOW + 0.5 * HOUR,
            "over": NOW - HOUR,
        }
        assert tx.queue.serve("far ahead", NOW, MINUTE)
        assert tx.queue.serve("given back", NOW, MINUTE)
        assert not tx.queue.serve("in use", NOW, MINUTE)
