"""What a receipt is made from, on both engines."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import count
from math import ceil

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.latency import latency
from bot.model import FeedState, Item, Sighting, Window
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, feed, item, judgement, placement, verdict

DAY = timedelta(days=1)
TODAY = Window(start=NOW - DAY, end=NOW)


def stored(store: SqlStore, *items: Item) -> None:
    with store.begin() as tx:
        tx.items.add(items)


def waited(store: SqlStore, window: Window = TODAY) -> dict[int, int]:
    with store.read() as tx:
        return dict(tx.coverage.minutes_waited(window))


def test_items_of_a_window_are_counted_by_the_minutes_that_they_waited(store: SqlStore) -> None:
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    stored(
        store,
        item("aaaaaa01", published=NOW - 9 * MINUTE),
        item("aaaaaa02", published=NOW - 9 * MINUTE + timedelta(seconds=1)),
        item("aaaaaa03", published=NOW - 9 * MINUTE - timedelta(seconds=1)),
        item("aaaaaa04", published=NOW + HOUR),
        # None of these tells how long it waited.
        item("aaaaaa05", published=NOW - 9 * MINUTE, baseline=True),
        item("aaaaaa06", published=NOW - 8 * DAY),
        item("aaaaaa07", published=midnight),
        item("aaaaaa08", published=None),
        # Of other windows.
        item("aaaaaa09", published=NOW - DAY - HOUR, seen_at=NOW - DAY),
        item("aaaaaa10", published=NOW, seen_at=NOW + MINUTE),
    )
    assert waited(store) == {9: 2, 10: 1, 0: 1}
    with store.read() as tx:
        assert tx.coverage.items_read(TODAY) == 8


seconds = st.integers(-3600, 8 * 86_400) | st.sampled_from((0, 60, 7 * 86_400, 8 * 3600, 32 * 3600))
_turn = count(1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ages=st.lists(seconds, min_size=1, max_size=30))
def test_the_database_counts_what_the_core_counts(store: SqlStore, ages: list[int]) -> None:
    """Each example has a window of its own."""
    turn = next(_turn)
    end = NOW.replace(hour=turn % 24, minute=0, microsecond=0) + turn * DAY
    items = [
        item(f"{turn:06}{number:02}", keys=(), seen_at=end, published=end - timedelta(seconds=age))
        for number, age in enumerate(ages)
    ]
    stored(store, *items)
    times = [time for each in items if (time := latency(each)) is not None]
    assert waited(store, Window(start=end - MINUTE, end=end)) == Counter(
        ceil(time / MINUTE) for time in times
    )


def test_articles_on_a_topic_are_found_with_their_stories(store: SqlStore) -> None:
    seen = {"aaaaaa01": NOW - HOUR, "aaaaaa02": NOW - 2 * HOUR, "aaaaaa03": NOW - 3 * HOUR}
    others = {"aaaaaa04": NOW - DAY, "aaaaaa05": NOW, "aaaaaa06": NOW, "aaaaaa07": NOW, "aaaaaa08": NOW}
    with store.begin() as tx:
        tx.items.add(
            [
                item(item_id, seen_at=at, feed_id=f"of {item_id}", baseline=item_id == "aaaaaa05")
                for item_id, at in (seen | others).items()
            ]
        )
        tx.stories.place([placement(item_id) for item_id in [*seen, *others] if item_id != "aaaaaa06"], NOW)
        tx.items.judge(
            [
                judgement("aaaaaa01", verdict("aaaaaa01"), verdict("aaaaaa01", "memory")),
                # Answers and advice leave their marks behind the version.
                judgement("aaaaaa02", verdict("aaaaaa02", profile_version="v1+answers")),
                judgement("aaaaaa03", verdict("aaaaaa03", "memory", profile_version="v2")),
                judgement("aaaaaa04", verdict("aaaaaa04")),
                judgement("aaaaaa05", verdict("aaaaaa05")),
                judgement("aaaaaa06", verdict("aaaaaa06")),
                judgement("aaaaaa07", verdict("aaaaaa07", matched=False)),
                judgement("aaaaaa08", verdict("aaaaaa08", profile_version="v0")),
            ],
            NOW,
        )
    with store.read() as tx:
        found = tx.coverage.sightings({"silicon": "v1", "memory": "v2"}, TODAY)
        assert tx.coverage.sightings({}, TODAY) == []
    assert found == [
        Sighting(topic_id=topic, feed_id=f"of {item_id}", story_id="story-1", seen_at=seen[item_id])
        for topic, item_id in (("memory", "aaaaaa03"), ("silicon", "aaaaaa02"), ("silicon", "aaaaaa01"))
    ]


def test_a_feed_is_new_when_it_was_added_came_back_or_has_another_address(store: SqlStore) -> None:
    old, gone, moved, off = feed("old"), feed("gone"), feed("moved"), feed("off", enabled=False)
    with store.begin() as tx:
        tx.feeds.sync([old, gone, moved, off], NOW - 9 * DAY)
        tx.feeds.sync([old, moved, off], NOW - 5 * DAY)
    with store.read() as tx:
        assert tx.coverage.added_after(NOW - 10 * DAY) == {"old", "gone", "moved", "off"}
        assert tx.coverage.added_after(NOW - 9 * DAY) == set()
    with store.begin() as tx:
        moved = feed("moved", url="https://elsewhere.example/feed.xml")
        tx.feeds.sync([old, gone, moved, feed("off"), feed("new")], NOW)
    with store.read() as tx:
        assert tx.coverage.added_after(NOW - DAY) == {"gone", "moved", "off", "new"}


# ── pauses ───────────────────────────────────────────────────────────────────────────────────────


def polled(store: SqlStore, at: datetime, again: datetime) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed()], at)
        state = FeedState(feed_id="wire", url=feed().url, next_poll_at=again, last_polled_at=at)
        tx.feeds.save([state])


def pauses(store: SqlStore, now: datetime, window: Window = TODAY) -> list[Window]:
    with store.begin() as tx:
        tx.coverage.note_pause(now, 2 * HOUR)
    with store.read() as tx:
        return list(tx.coverage.pauses(window))


def test_it_is_a_pause_when_a_feed_was_due_for_long_and_none_was_polled(store: SqlStore) -> None:
    polled(store, NOW - 9 * HOUR, NOW - 3 * HOUR)
    assert pauses(store, NOW - HOUR - MINUTE) == []
    pause = Window(start=NOW - 3 * HOUR, end=NOW)
    assert pauses(store, NOW) == [pause]
    # Once, whoever notes it too, and in each window that it reaches into.
    assert pauses(store, NOW) == [pause]
    assert pauses(store, NOW, Window(start=NOW - 9 * HOUR, end=NOW - 2 * HOUR)) == [pause]
    assert pauses(store, NOW, Window(start=NOW - 9 * HOUR, end=NOW - 3 * HOUR)) == []


def test_it_is_no_pause_while_nothing_is_due_or_other_feeds_are_polled(store: SqlStore) -> None:
    assert pauses(store, NOW) == []
    polled(store, NOW - 9 * HOUR, NOW + HOUR)
    assert pauses(store, NOW) == []
    polled(store, NOW - HOUR, NOW - 3 * HOUR)
    assert pauses(store, NOW) == []


def test_the_first_poll_of_all_ends_no_pause(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed()], NOW - 9 * HOUR)
    assert pauses(store, NOW) == []


def test_a_pause_is_forgotten_when_no_digest_can_tell_of_it(store: SqlStore) -> None:
    polled(store, NOW - 100 * DAY, NOW - 99 * DAY)
    assert len(pauses(store, NOW - 95 * DAY, Window(start=NOW - 200 * DAY, end=NOW))) == 1
    polled(store, NOW - DAY, NOW - 9 * HOUR)
    whole = Window(start=NOW - 200 * DAY, end=NOW)
    assert pauses(store, NOW, whole) == [Window(start=NOW - 9 * HOUR, end=NOW)]
