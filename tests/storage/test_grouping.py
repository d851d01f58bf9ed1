"""What grouping remembers, on both engines: kept, forgotten, and as good as never having stopped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, cycle

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.recollection import Recollection
from bot.core.stories import Grouper, StoryPolicy
from bot.model import (
    EditKind,
    GroupingChange,
    GroupingState,
    Item,
    ItemMemory,
    Placement,
    StoryMemory,
    WordMemory,
)
from bot.pipeline.grouping import article, group
from bot.storage.store import SqlStore
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE
from tests.shared import shared_path
from tests.storage.samples import NOW, item, placement
from tests.storage.test_merges import edit

STATE = GroupingState(format=1, turn=4, articles=17, clock=20_000.5, latest=20_001.25, newest="aaaaaa01")
WORD = WordMemory(found_in=3, capital=2, small=1, holders="aaaaaa01:2345 bbbbbb02:1", last=20_000.0)
STORY = StoryMemory(id="story-1", first=19_999.0, last=20_000.25, grown=20_000.0)


def traced(item_id: str, trace: bytes = b"\x00\xff") -> ItemMemory:
    return ItemMemory(item_id=item_id, story_id="story-1", trace=trace)


def placed(store: SqlStore, *item_ids: str) -> None:
    with store.begin() as tx:
        tx.items.add([item(item_id) for item_id in item_ids])
        tx.stories.place([placement(item_id) for item_id in item_ids], NOW)


def remember(store: SqlStore, change: GroupingChange) -> None:
    with store.begin() as tx:
        tx.grouping.store(change)


def test_everything_comes_back(store: SqlStore) -> None:
    placed(store, "bbbbbb02", "aaaaaa01")
    items = (traced("bbbbbb02"), traced("aaaaaa01", b""))
    remember(store, GroupingChange(state=STATE, words={"norvik": WORD}, stories=[STORY], items=items))
    with store.read() as tx:
        found = tx.grouping.state()
        assert found is not None
        assert found.turn == STATE.turn + 1
        assert GroupingState(**{name: getattr(found, name) for name in ("format", "articles")}, turn=4) == (
            GroupingState(format=1, articles=17, turn=4)
        )
        assert (found.clock, found.latest, found.newest) == (STATE.clock, STATE.latest, STATE.newest)
        assert tx.grouping.words({"norvik", "unknown"}) == {"norvik": WORD}
        (story,) = tx.grouping.stories(["aaaaaa01", "unknown"])
    assert (story.id, story.first, story.last, story.grown) == (
        STORY.id,
        STORY.first,
        STORY.last,
        STORY.grown,
    )
    assert story.items == items


def test_nothing_is_known_at_first(store: SqlStore) -> None:
    with store.begin() as tx:
        assert tx.grouping.state() is None
        assert tx.grouping.hold(0)
        assert tx.grouping.words({"norvik"}) == {}
        assert tx.grouping.stories(["aaaaaa01"]) == []
        assert tx.grouping.forget(7.0, 9) == 0


def test_who_was_overtaken_hears_of_it(store: SqlStore) -> None:
    remember(store, GroupingChange(state=STATE))
    with store.begin() as tx:
        assert not tx.grouping.hold(STATE.turn)
        assert tx.grouping.hold(STATE.turn + 1)


def test_counts_are_halved_before_the_new_ones_are_set(store: SqlStore) -> None:
    words = {"norvik": WORD, "rain": WordMemory(found_in=1), "plant": WordMemory(found_in=9, small=5)}
    remember(store, GroupingChange(state=STATE, words=words))
    remember(store, GroupingChange(state=STATE, faded=True, words={"norvik": WORD}))
    with store.read() as tx:
        found = tx.grouping.words(words)
    assert found == {
        "norvik": WORD,
        "rain": WordMemory(),
        "plant": WordMemory(found_in=4, small=2),
    }


def test_what_is_over_is_forgotten_and_what_is_counted_stays(store: SqlStore) -> None:
    placed(store, "aaaaaa01")
    with store.begin() as tx:
        tx.items.add([item("bbbbbb02")])
        tx.stories.place([placement("bbbbbb02", "story-2")], NOW)
    old = StoryMemory(id="story-2", first=1.0, last=2.0, grown=19_993.25)
    words = {
        "norvik": WORD,
        "idle": WordMemory(found_in=2, holders="bbbbbb02:7", last=19_993.0),
        "faded": WordMemory(holders="bbbbbb02:7", last=19_993.0),
    }
    items = [traced("aaaaaa01"), ItemMemory(item_id="bbbbbb02", story_id="story-2", trace=b"")]
    remember(store, GroupingChange(state=STATE, words=words, stories=[STORY, old], items=items))
    with store.begin() as tx:
        assert tx.grouping.forget(7.25, 9) == 0
        assert tx.grouping.forget(7.0, 9) == 1
    with store.read() as tx:
        assert [story.id for story in tx.grouping.stories(["aaaaaa01", "bbbbbb02"])] == ["story-1"]
        assert tx.grouping.words(words) == {"norvik": WORD, "idle": WordMemory(found_in=2, last=19_993.0)}


def test_a_story_that_took_over_another_is_stored_as_a_whole(store: SqlStore) -> None:
    placed(store, "aaaaaa01")
    with store.begin() as tx:
        tx.items.add([item("bbbbbb02"), item("cccccc03")])
        tx.stories.place([placement("bbbbbb02", "story-2"), placement("cccccc03")], NOW)
    other = replace(STORY, id="story-2", opened=2)
    items = [traced("aaaaaa01"), ItemMemory(item_id="bbbbbb02", story_id="story-2", trace=b"2")]
    remember(store, GroupingChange(state=STATE, stories=[STORY, other], items=items))
    whole = replace(STORY, opened=1, items=(traced("aaaaaa01"), traced("bbbbbb02", b"2"), traced("cccccc03")))
    remember(store, GroupingChange(state=STATE, stories=[whole], rewritten=[whole], gone=["story-2"]))
    with store.read() as tx:
        assert tx.grouping.stories(["bbbbbb02"]) == [whole]


def test_what_people_said_of_a_story_comes_with_it(store: SqlStore) -> None:
    placed(store, "aaaaaa01", "bbbbbb02")
    remember(store, GroupingChange(state=STATE, stories=[STORY], items=[traced("aaaaaa01")]))
    with store.begin() as tx:
        tx.edits.mute(edit("story-1", "", EditKind.MUTE))
        tx.edits.split(edit("story-1", "new", EditKind.SPLIT, items=("bbbbbb02",)), {}, told=False)
    with store.read() as tx:
        (story,) = tx.grouping.stories(["aaaaaa01"])
    assert (story.muted, story.apart) == (True, frozenset({"new"}))


def test_all_can_be_forgotten(store: SqlStore) -> None:
    placed(store, "aaaaaa01")
    remember(
        store,
        GroupingChange(state=STATE, words={"norvik": WORD}, stories=[STORY], items=[traced("aaaaaa01")]),
    )
    with store.begin() as tx:
        tx.grouping.clear()
        assert tx.grouping.state() is None
        assert tx.grouping.words({"norvik"}) == {}
        assert tx.grouping.stories(["aaaaaa01"]) == []


def test_a_word_longer_than_an_index_entry_is_no_trouble(store: SqlStore) -> None:
    long = "芯" * 20_000
    remember(store, GroupingChange(state=STATE, words={long: WORD}))
    with store.read() as tx:
        assert tx.grouping.words({long}) == {long: WORD}


# ── grouping from the store is grouping as if it had never stopped ───────────────────────────────

EAGER = StoryPolicy(start=-7.0, strongly=-1.0)
"""Opens more stories, and puts more of them together."""

Drawn = list[tuple[tuple[str, str], float, bool]]
EXAMPLES = count(1)
TOWNS = ("Bergen", "Tarnow", "Veltra", "Oakum")
TEXTS = [
    DEAL,
    DEAL_AGAIN,
    FIRE,
    (DEAL[0], ""),
    ("", DEAL[1]),
    ("", ""),
    (f"{FIRE[0]} - Wire", FIRE[1][:90]),
    *((f"Fire in {town} plant", f"A fire broke out in a plant in {town}, police said.") for town in TOWNS),
    *((f"{town} mayor resigns", f"The mayor of {town} resigned on Monday.") for town in TOWNS),
]
STREAM = st.lists(
    st.tuples(st.sampled_from(TEXTS), st.floats(0, 500), st.booleans()), min_size=1, max_size=30
)


def _items(drawn: Drawn, example: int) -> list[Item]:
    """In time order; here and there one from the far future. Each example has ids of its own."""
    ordered = sorted(drawn, key=lambda entry: entry[1])
    return [
        item(
            f"{example:04x}{number:04x}",
            title=title,
            summary=summary,
            body="",
            published=NOW + timedelta(hours=hours, days=30_000 if mad and number % 7 == 3 else 0),
            keys=(),
        )
        for number, ((title, summary), hours, mad) in enumerate(ordered)
    ]


def _cut(items: Sequence[Item], sizes: Sequence[int]) -> list[Sequence[Item]]:
    batches: list[Sequence[Item]] = []
    at = 0
    for size in cycle(sizes):
        if at >= len(items):
            return batches
        batches.append(items[at : at + size])
        at += size
    return batches


def unbroken(batches: Sequence[Sequence[Item]], policy: StoryPolicy) -> list[Placement]:
    """One grouper that remembers everything by itself."""
    grouper = Grouper(policy)
    placements = []
    for batch in batches:
        grouper.learn(map(article, batch))
        placements += [grouper.place(article(one)) for one in batch]
    return placements


def restarted(
    store: SqlStore, batches: Sequence[Sequence[Item]], policy: StoryPolicy, *, tidy: bool
) -> list[Placement]:
    """A fresh process for each batch, and a second one that is refused, since it groups the same."""
    placements: list[Placement] = []
    for batch in batches:
        with store.read() as tx:
            grouper, late = (
                Grouper(policy, Recollection(policy.window, tx.grouping.state())) for _ in range(2)
            )
            found = group(tx, grouper, batch)
            assert group(tx, late, batch) == found
        with store.begin() as tx:
            tx.stories.place(found, NOW)
            tx.grouping.store(grouper.memory.changes())
            assert not tx.grouping.hold(late.memory.changes().state.turn)
            if tidy:
                tx.grouping.forget(policy.window / timedelta(days=1), 500)
        placements += found
    return placements


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=STREAM,
    sizes=st.lists(st.integers(1, 8), min_size=1, max_size=8),
    tidy=st.booleans(),
    policy=st.sampled_from([StoryPolicy(), EAGER]),
)
def test_a_process_for_each_batch_decides_as_one_for_all(
    store: SqlStore, drawn: Drawn, sizes: list[int], tidy: bool, policy: StoryPolicy
) -> None:
    batches = _cut(_items(drawn, next(EXAMPLES)), sizes)
    with store.begin() as tx:
        tx.grouping.clear()
        tx.items.add([one for batch in batches for one in batch])
    found = restarted(store, batches, policy, tidy=tidy)
    assert found == unbroken(batches, policy)
    with store.read() as tx:
        assert [tx.grouping.stories([one.item_id])[0].id for one in found[-1:]] == [found[-1].story_id]


def test_a_stream_of_real_news_is_grouped_as_if_nothing_had_stopped(store: SqlStore) -> None:
    path = shared_path("eval/stories/mixed.dev.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    stream = [
        item(
            f"{number:08x}",
            title=row["title"],
            summary=row["summary"],
            body="",
            published=datetime.fromisoformat(row["published"].replace("Z", "+00:00")),
            keys=(),
        )
        for number, row in enumerate(rows)
    ]
    batches = _cut(stream, (1, 60, 20))
    with store.begin() as tx:
        tx.items.add(stream)
    found = restarted(store, batches, EAGER, tidy=True)
    assert found == unbroken(batches, EAGER)
    assert any(one.merges for one in found)


def test_a_story_of_hundreds_of_items_is_grouped_as_if_nothing_had_stopped(store: SqlStore) -> None:
    stream = [
        item(f"{number:08x}", title=DEAL[0], summary=f"{DEAL[1]} Part {number}.", published=NOW, keys=())
        for number in range(450)
    ]
    batches = _cut(stream, (1, 90, 60))
    with store.begin() as tx:
        tx.items.add(stream)
    found = restarted(store, batches, StoryPolicy(), tidy=False)
    assert found == unbroken(batches, StoryPolicy())
    with store.read() as tx:
        (story,) = tx.grouping.stories([found[-1].item_id])
    assert len(story.items) <= 192
