"""Transactions: all or nothing, one moment for a reader, and many threads at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from bot.errors import StoreBusy, StoreError
from bot.model import DeliveryState, Facts, Item
from bot.ports import Store
from bot.storage.engine import open_store, upgrade
from bot.storage.store import SqlStore
from tests.storage.samples import MINUTE, NOW, delivery, feed, item, judgement, placement, telling, verdict

THREADS = 8


def at_once(work: Callable[[int], object]) -> list[object]:
    """Run ``work(number)`` in eight threads that start together."""
    start = Barrier(THREADS)

    def run(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_it_is_the_store_that_the_pipeline_asks_for(store: SqlStore) -> None:
    asked_for: Store = store
    with asked_for.begin() as tx:
        assert tx.items.get("unknown") is None


def test_a_block_that_raises_leaves_nothing_behind(store: SqlStore) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        tx.items.add([item()])
        tx.outbox.add([delivery()], [telling()])
        _ = 1 / 0
    with store.read() as tx:
        assert tx.items.get("aaaaaa01") is None
        assert tx.outbox.deliveries(state=None, limit=1) == []
        assert tx.outbox.told("mail", ["story-1"]) == {}


def test_what_was_committed_is_there_when_the_database_is_opened_again(store: SqlStore, url: str) -> None:
    with store.begin() as tx:
        tx.items.add([item()])
    store.close()
    again = open_store(url)
    with again.read() as tx:
        assert tx.items.get("aaaaaa01") == item()
    again.close()


def test_a_reader_can_not_write(store: SqlStore) -> None:
    with pytest.raises(StoreError), store.read() as tx:
        tx.items.add([item()])
    with store.begin() as tx:
        tx.items.add([item()])
        assert tx.items.get("aaaaaa01") == item()


def test_a_reader_waits_for_no_writer_and_sees_one_moment(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.items.add([item("aaaaaa01")])
    with store.read() as reading:
        assert reading.items.count_since(NOW - MINUTE) == 1
        with store.begin() as writing:
            writing.items.known(["key"])
            writing.outbox.told("mail", ["story-1"])
            writing.items.add([item("bbbbbb02")])
            with store.read() as other:
                assert other.outbox.told("mail", ["story-1"]) == {}
                assert other.items.known(["key"]) == {}
                assert other.items.count_since(NOW - MINUTE) == 1
        assert reading.items.count_since(NOW - MINUTE) == 1
    with store.read() as reading:
        assert reading.items.count_since(NOW - MINUTE) == 2


def test_whoever_waits_too_long_hears_that_the_database_is_busy(store: SqlStore, url: str) -> None:
    impatient = open_store(url, busy_timeout=timedelta(milliseconds=20))
    with store.begin() as tx:
        tx.outbox.told("mail", ["story-1"])
        with pytest.raises(StoreBusy, match="another process"), impatient.begin() as late:
            late.outbox.told("mail", ["story-1"])
    with impatient.begin() as late:
        assert late.outbox.told("mail", ["story-1"]) == {}
    impatient.close()


def test_a_thread_that_waits_too_long_hears_it_too(store: SqlStore, url: str) -> None:
    impatient = open_store(url, busy_timeout=timedelta(milliseconds=20))

    def late() -> None:
        with impatient.begin() as tx:
            tx.outbox.told("mail", ["story-1"])

    with impatient.begin() as tx, ThreadPoolExecutor(1) as pool:
        tx.outbox.told("mail", ["story-1"])
        with pytest.raises(StoreBusy, match="another"):
            pool.submit(late).result()
    late()
    impatient.close()


def test_a_transaction_inside_another_is_refused_and_not_waited_for_ever(url: str) -> None:
    impatient = open_store(url, busy_timeout=timedelta(milliseconds=20))
    with impatient.begin() as tx:
        tx.outbox.told("mail", ["story-1"])
        with pytest.raises(StoreBusy), impatient.begin() as inner:
            inner.outbox.told("mail", ["story-1"])
    impatient.close()


def test_threads_share_a_store(store: SqlStore) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            with store.begin() as tx:
                tx.items.add([item(f"aaaa{number}{turn}")])

    at_once(write)
    with store.read() as tx:
        assert tx.items.count_since(NOW - MINUTE) == THREADS * 5


def test_no_destination_is_served_and_no_attempt_begun_twice(store: SqlStore) -> None:
    names = [f"channel-{number}" for number in range(50)]
    with store.begin() as tx:
        tx.outbox.add([delivery(f"key of {name}", channel=name) for name in names], [])
        heads = [tx.queue.next(name, NOW, 1)[0] for name in names]

    def work(_number: int) -> list[str]:
        served = []
        for name in names:
            with store.begin() as tx:
                served += [name] * tx.queue.serve(name, NOW, MINUTE)
            with store.begin() as tx:
                served += tx.queue.begin(heads[:1])
        return served

    served = [name for mine in at_once(work) for name in mine]  # type: ignore[attr-defined]
    assert sorted(served) == sorted([*names, heads[0].key])


def test_no_feed_is_claimed_twice(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed(f"feed-{number}") for number in range(500)], NOW)

    def work(_number: int) -> list[str]:
        mine: list[str] = []
        while True:
            with store.begin() as tx:
                claimed = tx.feeds.claim_due(NOW, 16, MINUTE)
            if not claimed:
                return mine
            mine.extend(state.feed_id for state in claimed)

    claimed = [feed_id for mine in at_once(work) for feed_id in mine]  # type: ignore[attr-defined]
    assert sorted(claimed) == sorted(f"feed-{number}" for number in range(500))


def test_a_story_composed_in_many_places_at_once_is_told_once(store: SqlStore) -> None:
    def compose(number: int) -> None:
        with store.begin() as tx:
            if not tx.outbox.told("mail", ["story-1"]):
                time.sleep(0.01)
                tx.outbox.add([delivery(f"by thread {number}")], [telling(origin=f"rule {number}")])

    at_once(compose)
    with store.read() as tx:
        assert len(tx.outbox.deliveries(state=DeliveryState.PENDING, limit=10)) == 1


def test_an_article_that_many_feeds_bring_at_once_is_one_item(store: SqlStore) -> None:
    def poll(number: int) -> None:
        with store.begin() as tx:
            if not tx.items.known(["its address"]):
                time.sleep(0.01)
                tx.items.add([item(f"item-{number}", keys=("its address",))])

    at_once(poll)
    with store.read() as tx:
        assert tx.items.count_since(NOW - MINUTE) == 1


def test_an_item_placed_in_many_places_at_once_is_in_one_story(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.items.add([item()])

    def place(number: int) -> None:
        with store.begin() as tx:
            tx.stories.place([placement(story_id=f"story-{number}", opens=True)], NOW)

    at_once(place)
    with store.read() as tx:
        assert len(tx.stories.search(topic=None, since=None, words=[], limit=10)) == 1


def test_a_slot_asked_for_at_once_is_taken_once(store: SqlStore) -> None:
    def take(_number: int) -> bool:
        with store.begin() as tx:
            return tx.outbox.slot("morning", NOW, NOW)

    assert sorted(at_once(take)) == [False] * (THREADS - 1) + [True]  # type: ignore[type-var]


def test_characters_that_no_engine_stores_stop_nothing(store: SqlStore) -> None:
    strange = "NUL \x00 and half a pair \udc80"
    with store.begin() as tx:
        tx.feeds.sync([feed("a", title=strange, tags=(strange,))], NOW)
        tx.items.add([item(title=strange, keys=(strange,))])
        tx.items.judge([judgement("aaaaaa01", verdict(profile_version=strange))], NOW)
        tx.stories.place([placement(because=strange)], NOW)
        tx.outbox.add([delivery(note=strange)], [telling(facts=Facts(status=strange))])
    with store.read() as tx:
        (found,) = tx.outbox.deliveries(state=None, limit=1)
        assert found.note == "NUL \ufffd and half a pair \ufffd"
        # What lies inside JSON is escaped there and needs no replacement.
        assert tx.outbox.told("mail", ["story-1"])["story-1"].facts.status == strange
        kept: Item | None = tx.items.get("aaaaaa01")
        assert kept is not None
        assert kept.keys == (strange,)


def test_nothing_goes_into_a_file_that_was_deleted_or_replaced(tmp_path: Path) -> None:
    """The system would let us go on, and forget all of it when we end."""
    file, other, away = (tmp_path / name for name in ("chipwatch.db", "other.db", "away.db"))
    for each in (file, other):
        upgrade(f"sqlite:///{each}")
    store = open_store(f"sqlite:///{file}")
    with store.begin() as tx:
        tx.items.add([item()])
    file.rename(away)
    with pytest.raises(StoreError, match="its file is gone"):
        store.ping()
    with pytest.raises(StoreError, match="its file is gone"), store.begin():
        pass
    assert not file.exists(), "and none is made in its place"
    other.rename(file)
    with pytest.raises(StoreError, match="another file is in its place"), store.read():
        pass
    with pytest.raises(StoreError, match="another file is in its place"):
        store.tidy()
    away.rename(file)
    with store.read() as tx:
        assert tx.items.get("aaaaaa01")
    store.close()
