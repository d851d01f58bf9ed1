"""Stories on both engines: opened, grown, touched, found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from bot.model import Item, Placement
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, feed, item, judgement, placement, verdict


def placed(store: SqlStore, *pairs: tuple[Item, Placement]) -> None:
    with store.begin() as tx:
        tx.items.add([one for one, _ in pairs])
        tx.stories.place([where for _, where in pairs], NOW)


def test_a_story_spans_the_first_sights_of_its_items(store: SqlStore) -> None:
    placed(store, (item("bbbbbb02", seen_at=NOW), placement("bbbbbb02", opens=True)))
    placed(
        store,
        (item("cccccc03", seen_at=NOW + HOUR), placement("cccccc03")),
        (item("aaaaaa01", seen_at=NOW - HOUR), placement("aaaaaa01", copy_of="bbbbbb02")),
        (item("aaaaaa00", seen_at=NOW + HOUR), placement("aaaaaa00")),
    )
    with store.read() as tx:
        story = tx.stories.get("story-1")
        assert tx.stories.get("unknown") is None
        assert tx.stories.placement("aaaaaa01") == placement("aaaaaa01", copy_of="bbbbbb02")
        assert tx.stories.placement("unknown") is None
        assert not tx.stories.unplaced(["aaaaaa01", "bbbbbb02"])
    assert story is not None
    assert (story.first_seen, story.last_seen) == (NOW - HOUR, NOW + HOUR)
    assert [member.item.id for member in story.members] == ["aaaaaa01", "bbbbbb02", "cccccc03", "aaaaaa00"]


def test_members_know_their_source_and_matched_verdicts(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("wire", tags=("news", "primary")), feed("quiet", title="The Quiet Feed")], NOW)
    placed(
        store,
        (item("aaaaaa01"), placement("aaaaaa01", opens=True)),
        (item("bbbbbb02", feed_id="quiet", url=""), placement("bbbbbb02")),
        (item("cccccc03", feed_id="departed", url=""), placement("cccccc03")),
    )
    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa01", verdict(), verdict(topic_id="deals", matched=False))], NOW)
        story = tx.stories.get("story-1")
    assert story is not None
    assert [(member.source, member.primary) for member in story.members] == [
        ("wire.example", True),
        ("The Quiet Feed", False),
        ("departed", False),
    ]
    assert [member.verdicts for member in story.members] == [(verdict(),), (), ()]
    assert story.members[0].item == item("aaaaaa01")
    assert story.members[0].placement == placement("aaaaaa01", opens=True)


def test_an_item_stays_where_it_was_placed_first(store: SqlStore) -> None:
    placed(store, (item(), placement(opens=True)))
    with store.begin() as tx:
        tx.stories.place([placement(story_id="story-2", opens=True)], NOW)
    with store.read() as tx:
        assert tx.stories.placement("aaaaaa01") == placement(opens=True)
        assert tx.stories.get("story-2") is None


def test_open_items_come_in_the_order_they_were_placed(store: SqlStore) -> None:
    placed(
        store,
        (item("bbbbbb02", seen_at=NOW), placement("bbbbbb02", "old", opens=True)),
        (item("dddddd04", seen_at=NOW + 2 * HOUR), placement("dddddd04", "open", opens=True)),
    )
    placed(
        store,
        (item("cccccc03", seen_at=NOW + HOUR), placement("cccccc03", "open")),
        (item("aaaaaa01", seen_at=NOW - HOUR), placement("aaaaaa01", "open")),
    )
    with store.read() as tx:
        found = list(tx.stories.open_items(NOW))
    assert [one.id for one, _ in found] == ["dddddd04", "cccccc03", "aaaaaa01"]
    assert found[1] == (item("cccccc03", seen_at=NOW + HOUR), placement("cccccc03", "open"))


def test_touched_stories_are_new_in_the_window_and_on_topic(store: SqlStore) -> None:
    placed(
        store,
        # Matched before the window, grown in it by an item that did not match: touched, whole.
        (item("aaaaaa01", seen_at=NOW - HOUR), placement("aaaaaa01", "grown", opens=True)),
        (item("aaaaaa02", seen_at=NOW + MINUTE), placement("aaaaaa02", "grown")),
        (item("bbbbbb01", seen_at=NOW), placement("bbbbbb01", "before", opens=True)),
        (item("cccccc01", seen_at=NOW + MINUTE), placement("cccccc01", "off topic", opens=True)),
        (item("dddddd01", seen_at=NOW + HOUR), placement("dddddd01", "new", opens=True)),
    )
    with store.begin() as tx:
        for item_id in ("aaaaaa01", "bbbbbb01", "dddddd01"):
            tx.items.judge([judgement(item_id, verdict(item_id))], NOW)
        mixed = (verdict("cccccc01", matched=False), verdict("cccccc01", "deals"))
        tx.items.judge([judgement("cccccc01", *mixed)], NOW)
        touched = tx.stories.touched(["silicon", "other"], NOW)
        assert [story.id for story in touched] == ["grown", "new"]
        assert [member.item.id for member in touched[0].members] == ["aaaaaa01", "aaaaaa02"]
        assert [story.id for story in tx.stories.touched(["deals"], NOW)] == ["off topic"]
        assert tx.stories.touched([], NOW) == []


def test_search_by_words_topic_time_and_number(store: SqlStore) -> None:
    placed(
        store,
        (item("aaaaaa01", title="Alpha chip", seen_at=NOW), placement("aaaaaa01", "one", opens=True)),
        (item("aaaaaa02", title="Beta deal", seen_at=NOW + MINUTE), placement("aaaaaa02", "one")),
        (item("bbbbbb01", title="Alpha deal", seen_at=NOW + HOUR), placement("bbbbbb01", "two", opens=True)),
    )

    def found(**wanted: object) -> list[str]:
        given = {"topic": None, "since": None, "words": [], "limit": 9} | wanted
        with store.read() as tx:
            return [story.id for story in tx.stories.search(**given)]  # type: ignore[arg-type]

    with store.begin() as tx:
        tx.items.judge([judgement("aaaaaa02", verdict("aaaaaa02"))], NOW)
    assert found() == ["two", "one"]
    assert found(limit=1) == ["two"]
    assert found(words=["ALPHA"]) == ["two", "one"]
    assert found(words=["alpha", "deal"]) == ["two"]
    assert found(topic="silicon") == ["one"]
    assert found(topic="silicon", words=["alpha"]) == ["one"]
    assert found(since=NOW + MINUTE) == ["two"]


def test_the_number_of_statements_does_not_grow_with_the_stories(store: SqlStore) -> None:
    many = [f"aaaa{number:04}" for number in range(120)]
    placed(store, *((item(one), placement(one, f"story {one}", opens=True)) for one in many))
    with store.begin() as tx:
        for one in many:
            tx.items.judge([judgement(one, verdict(one))], NOW)
    with statements() as seen, store.read() as tx:
        assert len(tx.stories.touched(["silicon"], NOW - HOUR)) == 120
    assert len([one for one in seen if one.startswith("SELECT")]) == 3


def test_placing_an_item_that_is_not_stored_is_a_mistake(store: SqlStore) -> None:
    with pytest.raises(LookupError), store.begin() as tx:
        tx.stories.place([placement("unknown")], NOW)


def test_a_batch_that_places_an_item_twice_places_it_once(store: SqlStore) -> None:
    first = placement(opens=True)
    with store.begin() as tx:
        tx.items.add([item()])
        tx.stories.place([first, replace(first, story_id="story-2")], NOW)
        assert tx.stories.placement("aaaaaa01") == first
        assert tx.stories.get("story-2") is None


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
