"""Feed states on both engines: due, leased, moved, gone and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select

from bot.model import FeedState, Notice, Reach
from bot.storage.engine import open_store
from bot.storage.schema import POLLED, feeds
from bot.storage.store import SqlStore
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import HOUR, MINUTE, NOW, feed


def due(store: SqlStore, *, now: object = NOW, limit: int = 10) -> list[str]:
    with store.begin() as tx:
        return [state.feed_id for state in tx.feeds.claim_due(now, limit, 5 * MINUTE)]  # type: ignore[arg-type]


def test_a_configured_feed_is_due_at_once(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b")], NOW)
        assert tx.feeds.states()["a"] == FeedState(
            feed_id="a", url="https://a.example/feed.xml", next_poll_at=NOW
        )
    assert due(store) == ["a", "b"]


def test_every_field_of_a_state_comes_back(store: SqlStore) -> None:
    state = FeedState(
        feed_id="a",
        url="https://moved.example/",
        next_poll_at=NOW + HOUR,
        etag='W/"1"',
        modified="Sun, 22 Nov 2026 08:00:00 GMT",
        body_hash="abc",
        rhythm=timedelta(days=40, microseconds=1),
        failures=3,
        failing_since=NOW - HOUR,
        last_polled_at=NOW,
        last_ok_at=NOW - 2 * HOUR,
        last_full_at=NOW - 3 * HOUR,
        last_result="failed",
        disabled="gone",
    )
    with store.begin() as tx:
        tx.feeds.sync([feed("a")], NOW)
        tx.feeds.save([state])
    with store.read() as tx:
        assert tx.feeds.states() == {"a": state}


def test_the_longest_due_are_claimed_first_and_not_twice(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b"), feed("c")], NOW)
        for feed_id, minutes in (("a", -1), ("b", -3), ("c", 1)):
            state = tx.feeds.states()[feed_id]
            tx.feeds.save([replace(state, next_poll_at=NOW + minutes * MINUTE)])
    assert due(store, limit=1) == ["b"]
    assert due(store) == ["a"]
    assert due(store) == []


def test_feeds_that_are_to_be_left_alone_make_room_for_others(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b"), feed("c")], NOW)
        assert [state.feed_id for state in tx.feeds.claim_due(NOW, 1, MINUTE, leave={"a", "b"})] == ["c"]
        assert [state.feed_id for state in tx.feeds.claim_due(NOW, 3, MINUTE)] == ["a", "b"]


def test_a_lease_ends_by_itself_or_by_saving(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a")], NOW)
        (claimed,) = tx.feeds.claim_due(NOW, 10, 5 * MINUTE)
    assert due(store, now=NOW + 5 * MINUTE - timedelta(microseconds=1)) == []
    assert due(store, now=NOW + 5 * MINUTE) == ["a"]
    with store.begin() as tx:
        tx.feeds.save([claimed])
    assert due(store, now=NOW + 6 * MINUTE) == ["a"]


def test_releasing_ends_the_leases_of_a_process_that_is_gone(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b")], NOW)
        tx.feeds.claim(["a"], NOW, MINUTE)
        assert tx.feeds.release(NOW) == 1
    assert due(store) == ["a", "b"]


def test_a_lease_can_be_made_longer_and_given_back(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b"), feed("c")], NOW)
        tx.feeds.claim(["a", "b"], NOW, MINUTE)
        tx.feeds.lease(["a"], NOW + HOUR)
        tx.feeds.lease(["b", "c"], NOW)
    assert due(store, now=NOW + 2 * MINUTE) == ["b", "c"]
    assert due(store, now=NOW + HOUR) == ["b", "c", "a"], "longest due first"


def test_named_feeds_are_claimed_before_they_are_due_but_not_out_of_somebodys_hands(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b"), feed("c")], NOW + HOUR)
        taken = tx.feeds.claim(["b", "a", "b", "unknown"], NOW, MINUTE)
        assert [state.feed_id for state in taken] == ["a", "b"]
        assert [state.feed_id for state in tx.feeds.claim(["b", "c"], NOW, MINUTE)] == ["c"]


@pytest.mark.parametrize("configured", [[], [feed("a", enabled=False)]], ids=["left", "disabled"])
def test_a_feed_that_left_or_was_switched_off_is_not_due(store: SqlStore, configured: list[object]) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a")], NOW)
        tx.feeds.sync(configured, NOW)  # type: ignore[arg-type]
        assert list(tx.feeds.states()) == [one.id for one in configured]  # type: ignore[attr-defined]
    assert due(store) == []


def test_a_feed_that_is_gone_is_not_due_until_it_is_named_anew(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a")], NOW)
        tx.feeds.save([replace(tx.feeds.states()["a"], disabled="410 Gone", etag="kept")])
    assert due(store) == []
    with store.begin() as tx:
        tx.feeds.sync([], NOW)
        tx.feeds.sync([feed("a")], NOW + HOUR)
        state = tx.feeds.states()["a"]
    assert (state.disabled, state.next_poll_at, state.etag) == (None, NOW + HOUR, "kept")


def test_another_address_forgets_what_was_known_of_the_old_one(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a")], NOW)
        known = replace(
            tx.feeds.states()["a"],
            url="https://moved.example/",
            etag="1",
            modified="2",
            body_hash="3",
            next_poll_at=NOW + HOUR,
        )
        tx.feeds.save([known])
        tx.feeds.sync([feed("a", title="New title")], NOW)
        assert tx.feeds.states()["a"] == known
        tx.feeds.sync([feed("a", url="https://new.example/")], NOW)
        state = tx.feeds.states()["a"]
    assert (state.url, state.etag, state.modified, state.body_hash) == (
        "https://new.example/",
        None,
        None,
        None,
    )
    assert state.next_poll_at == NOW


def test_saving_a_feed_that_was_never_synced_is_a_mistake(store: SqlStore) -> None:
    with pytest.raises(LookupError), store.begin() as tx:
        tx.feeds.save([FeedState(feed_id="a", url="u", next_poll_at=NOW)])


def test_what_was_polled_in_the_future_by_a_wrong_clock_is_due_when_that_is_right_again(
    store: SqlStore,
) -> None:
    ahead = NOW + 24 * 365 * HOUR
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b")], NOW)
        for feed_id, polled in (("a", ahead), ("b", NOW)):
            state = tx.feeds.states()[feed_id]
            tx.feeds.save([replace(state, last_polled_at=polled, next_poll_at=polled + HOUR)])
    assert due(store) == []
    with store.begin() as tx:
        tx.feeds.sync([feed("a"), feed("b")], NOW)
        assert tx.feeds.polled_since(NOW) == 0
    assert due(store) == ["a"]


def test_a_claim_of_a_wrong_clock_ends_when_that_is_right_again(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("far ahead"), feed("given back"), feed("in use")], NOW)
        assert tx.feeds.claim(["far ahead"], NOW + 5 * HOUR, MINUTE)
        assert tx.feeds.claim(["given back", "in use"], NOW + HOUR, MINUTE)
        tx.feeds.lease(["given back"], NOW + HOUR)
        tx.feeds.set_right(NOW, HOUR)
    assert due(store) == ["far ahead", "given back"]


def test_notices_are_kept_in_the_order_in_which_they_came(store: SqlStore) -> None:
    made = [
        Notice(feed_id=feed_id, kind="failing", text=f"{feed_id} fails", at=NOW + minutes * MINUTE)
        for feed_id, minutes in (("a", 0), ("b", 2), ("c", 1))
    ]
    with store.begin() as tx:
        tx.feeds.note(made)
        tx.feeds.note([])
    with store.read() as tx:
        assert [each.feed_id for each in tx.feeds.notices(NOW - MINUTE)] == ["a", "c", "b"]
        assert tx.feeds.notices(NOW) == [made[2], made[1]]


def test_the_likeliest_to_have_something_new_can_come_first(store: SqlStore) -> None:
    """Never polled; then by how many items it should have had since: 3 of a, 2 of b, 1 of c, a half of d."""
    polled = {"a": (3, HOUR), "b": (24, 12 * HOUR), "c": (1, None), "d": (12, 24 * HOUR)}
    with store.begin() as tx:
        tx.feeds.sync([feed(name) for name in ("d", "c", "b", "a", "new")], NOW - HOUR)
        states = tx.feeds.states()
        tx.feeds.save(
            [
                replace(states[name], last_polled_at=NOW - hours * HOUR, rhythm=rhythm)
                for name, (hours, rhythm) in polled.items()
            ]
        )
        assert tx.feeds.polled_since(NOW - 3 * HOUR) == 1
        assert tx.feeds.polled_since(NOW - 4 * HOUR) == 2
        claimed = tx.feeds.claim_due(NOW, 4, MINUTE, likeliest=True)
    assert [state.feed_id for state in claimed] == ["new", "a", "b", "c"]


# ── many ─────────────────────────────────────────────────────────────────────────────────────────


def test_of_many_states_none_is_lost(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed(f"f{number}") for number in range(120)], NOW)
        states = tx.feeds.states()
        tx.feeds.save([replace(state, quiet=3) for state in states.values()])
        assert {state.quiet for state in tx.feeds.states().values()} == {3}
        with pytest.raises(LookupError):
            tx.feeds.save([*states.values(), FeedState(feed_id="never", url="u", next_poll_at=NOW)])


def test_looking_for_what_is_due_does_not_pass_over_what_is_not(url: str, engine_name: str) -> None:
    """Neither leased feeds nor those that are switched off or gone pile up before those that are due."""
    store = open_store(url)
    with store.begin() as tx:
        tx.feeds.sync([feed(f"f{number}", enabled=number % 2 > 0) for number in range(3000)], NOW)
        tx.feeds.save([replace(each, disabled="gone") for each in list(tx.feeds.states().values())[:500]])
    while due(store, limit=100):
        pass
    store.close()
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        query = (
            select(feeds.c.feed_id).where(POLLED, feeds.c.next_poll_at <= NOW).order_by(feeds.c.next_poll_at)
        )
        compiled = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        if engine_name == "postgresql":
            connection.exec_driver_sql("ANALYZE feeds")
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}").scalar_one()
            assert "ix_feeds_due" in str(plan)
            assert "Rows Removed by Filter" not in str(plan)
        else:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
            assert "ix_feeds_due (next_poll_at<?)" in str(plan)
    engine.dispose()


def test_how_many_feeds_can_not_be_read_is_counted_of_those_that_are_polled(store: SqlStore) -> None:
    names = ("well", "hour", "day", "new", "gone", "off")
    configured = [feed(name, enabled=name != "off") for name in names]
    state = {name: FeedState(feed_id=name, url="https://a.example", next_poll_at=NOW) for name in names}
    polled = {name: replace(each, last_polled_at=NOW) for name, each in state.items() if name != "new"}
    with store.begin() as tx:
        tx.feeds.sync(configured, NOW)
        assert tx.feeds.reach(NOW) == Reach(polled=0, failing=0, lasting=0)
        tx.feeds.save(
            [
                polled["well"],
                replace(polled["hour"], failing_since=NOW - HOUR),
                replace(polled["day"], failing_since=NOW - 24 * HOUR),
                replace(polled["gone"], failing_since=NOW - 48 * HOUR, disabled="410"),
                replace(polled["off"], failing_since=NOW - 48 * HOUR),
            ]
        )
        assert tx.feeds.reach(NOW - 2 * HOUR) == Reach(polled=3, failing=2, lasting=1)
