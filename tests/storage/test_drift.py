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


def test_the_last_match_of_a_topic_is_found_by_when_it_was_seen(store: SqlStore) -> None:
    add(store, "aaaaaa01", 0.9, ago=30 * HOUR)
    add(store, "aaaaaa02", 0.9, ago=3 * HOUR, baseline=True)
    add(store, "aaaaaa03", 0.9, ago=2 * HOUR, topic_id="deals")
    with store.begin() as tx:
        tx.items.add([item("aaaaaa04", seen_at=NOW)])
        tx.items.judge([judgement("aaaaaa04", verdict("aaaaaa04", matched=False))], NOW)
    with store.read() as tx:
        for since in (None, NOW - 24 * HOUR):
            assert tx.drift.last_match("silicon", since) == NOW - 3 * HOUR
            assert tx.drift.last_match("power", since) is None
        assert tx.drift.last_match("silicon", NOW - 3 * HOUR) is None


def test_days_with_matches_go_by_publication_and_each_counts_once(store: SqlStore) -> None:
    def put(name: str, days_old: int | None, *, baseline: bool = False, matched: bool = True) -> None:
        published = None if days_old is None else NOW - days_old * 24 * HOUR
        with store.begin() as tx:
            tx.items.add([item(name, seen_at=NOW, published=published, baseline=baseline)])
            tx.items.judge([judgement(name, verdict(name, matched=matched))], NOW)

    for number, days_old in enumerate((40, 5, 5, 2)):
        put(f"aaaaaa{number:02}", days_old, baseline=True)
    put("bbbbbb01", 4, matched=False)
    put("bbbbbb02", None, baseline=True)
    today = NOW.date()
    with store.read() as tx:
        assert [(today - day).days for day in tx.drift.days_matched("silicon", 50)] == [2, 5, 40]
        assert [(today - day).days for day in tx.drift.days_matched("silicon", 2)] == [2, 5]
    put("bbbbbb03", None)
    put("bbbbbb04", -9)
    with store.read() as tx:
        assert (today - tx.drift.days_matched("silicon", 1)[0]).days == 0, "no later than it was seen"


def test_days_on_which_anything_came_are_counted(store: SqlStore) -> None:
    for number, hours in enumerate((1, 2, 24, 100, 240)):
        with store.begin() as tx:
            tx.items.add([item(f"aaaaaa{number:02}", seen_at=NOW - hours * HOUR)])
    with store.read() as tx:
        assert tx.drift.days_heard(NOW - 240 * HOUR) == 3
        assert tx.drift.days_heard(NOW) == 0
