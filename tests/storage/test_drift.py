from __future__ import annotations

from datetime import timedelta

from bot.model import Borderline, ScoreTally, Window
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW, item, judgement, placement, verdict

WHERE = Borderline(topic_id="silicon", profile_version="v1", lowest=0.4, highest=0.6)
LAST_DAY = Window(start=NOW - 24 * HOUR, end=NOW)
EDGES = (0.1, 0.5)


def add(
    store: SqlStore, name: str, score: float, ago: timedelta = HOUR, baseline: bool = False, **of: str
) -> None:
    with store.begin() as tx:
        tx.items.add([item(name, seen_at=NOW - ago, baseline=baseline)])
        tx.items.judge([judgement(name, verdict(name, score=score, **of))], NOW)


def test_scores_are_counted_by_bin(store: SqlStore) -> None:
    for number, score in enumerate((0.0, 0.099, 0.1, 0.39, 0.4, 0.5, 0.6, 0.61, 1.0)):
        add(store, f"aaaaaa{number:02}", score)
    with store.read() as tx:
        assert tx.drift.tally(WHERE, EDGES, LAST_DAY) == ScoreTally(
            items=9, near=3, bins=(2, 3, 4), effective=9.0
        )


def test_other_topics_profiles_times_and_old_news_are_left_out(store: SqlStore) -> None:
    add(store, "aaaaaa01", 0.5)
    add(store, "aaaaaa02", 0.5, profile_version="v1~small+learnt")
    add(store, "bbbbbb01", 0.5, topic_id="deals")
    add(store, "bbbbbb02", 0.5, profile_version="v2")
    add(store, "bbbbbb03", 0.5, baseline=True)
    add(store, "bbbbbb04", 0.5, ago=24 * HOUR)
    add(store, "bbbbbb05", 0.5, ago=-HOUR)
    with store.read() as tx:
        assert tx.drift.tally(WHERE, EDGES, LAST_DAY) == ScoreTally(
            items=2, near=2, bins=(0, 0, 2), effective=2.0
        )
        assert [each.id for each in tx.drift.sample(WHERE, LAST_DAY, 9)] == ["aaaaaa01", "aaaaaa02"]


def test_items_of_one_story_count_for_less(store: SqlStore) -> None:
    for number in range(5):
        add(store, f"aaaaaa{number:02}", number / 5)
    with store.begin() as tx:
        tx.stories.place([placement(f"aaaaaa{number:02}", "one") for number in range(3)], NOW)
        tx.stories.place([placement("aaaaaa03", "other")], NOW)
    with store.read() as tx:
        tally = tx.drift.tally(WHERE, EDGES, LAST_DAY)
    assert (tally.items, tally.bins) == (5, (1, 2, 2))
    assert tally.effective == 5**2 / (3**2 + 1 + 1)


def test_an_empty_window_has_empty_bins(store: SqlStore) -> None:
    with store.read() as tx:
        assert tx.drift.tally(WHERE, EDGES, LAST_DAY) == ScoreTally(bins=(0, 0, 0))
        assert tx.drift.begins(WHERE, NOW - HOUR) is None


def test_a_sample_is_of_what_is_in_question_or_above(store: SqlStore) -> None:
    for name, score in (("aaaaaa03", 0.39), ("aaaaaa02", 0.4), ("aaaaaa01", 1.0)):
        add(store, name, score)
    with store.read() as tx:
        assert tx.drift.sample(WHERE, LAST_DAY, 9) == [tx.items.get("aaaaaa01"), tx.items.get("aaaaaa02")]
        assert [each.id for each in tx.drift.sample(WHERE, LAST_DAY, 1)] == ["aaaaaa01"]


def test_a_profile_begins_with_its_oldest_item(store: SqlStore) -> None:
    add(store, "aaaaaa01", 0.1, ago=2 * HOUR)
    add(store, "aaaaaa02", 0.1, ago=5 * HOUR)
    add(store, "aaaaaa03", 0.1, ago=9 * HOUR, profile_version="v0")
    with store.read() as tx:
        assert tx.drift.begins(WHERE, NOW - 24 * HOUR) == NOW - 5 * HOUR
        assert tx.drift.begins(WHERE, NOW - 5 * HOUR) == NOW - 2 * HOUR
