"""What people did to stories, on both engines: found by ids old and new, muted, remembered."""

from __future__ import annotations

from bot.model import EditKind
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW
from tests.storage.test_merges import A, B, C, edit, merge, split, stored


def test_a_story_is_found_by_the_beginning_of_its_id(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    with store.read() as tx:
        assert tx.edits.find("story-a") == [A]
        assert tx.edits.find("story") == [A, B]
        assert tx.edits.find("%") == tx.edits.find("unknown") == []


def test_of_a_merged_story_the_whole_is_found_once(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    merge(store, A, B)
    with store.read() as tx:
        assert tx.edits.find("story") == [A]
        assert tx.edits.find(B) == [A]


def test_a_muted_story_says_so_until_it_is_heard_again(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    for kind, muted in ((EditKind.MUTE, True), (EditKind.UNMUTE, False)):
        with store.begin() as tx:
            tx.edits.mute(edit(A, "", kind))
            found = {
                one.id: one.muted for one in tx.stories.search(topic=None, since=None, words=(), limit=9)
            }
        assert found == {A: muted, B: False}


def test_edits_are_remembered_with_who_and_when(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01", "aaaaaa02"], story_b=["bbbbbb01"], story_c=["cccccc01"])
    merge(store, B, C, at=NOW - HOUR, because="one event")
    merge(store, A, B)
    split(store, A, "new", ["aaaaaa02"])
    with store.read() as tx:
        history = tx.edits.history(A)
        assert tx.edits.history("new") == [history[-1]]
    assert history == [
        edit(B, C, at=NOW - HOUR, because="one event"),
        edit(A, B),
        edit(A, "new", EditKind.SPLIT, items=("aaaaaa02",)),
    ]
