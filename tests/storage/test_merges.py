"""Stories that become one or are taken apart, on both engines: nothing told twice, nothing out of sight."""

from __future__ import annotations

from typing import Any

from bot.model import DeliveryState, EditKind, Facts, Settlement, StoryEdit, UpdateDecision
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, delivery, item, placement, telling

A, B, C = "story-a", "story-b", "story-c"


def edit(story_id: str, other: str, kind: EditKind = EditKind.MERGE, **changes: Any) -> StoryEdit:
    given: dict[str, Any] = {"kind": kind, "story_id": story_id, "other": other, "at": NOW, "by": "Ada"}
    return StoryEdit(**given | changes)


def stored(store: SqlStore, **stories: list[str]) -> None:
    """Stories with items; every one opens with its first."""
    with store.begin() as tx:
        for name, item_ids in stories.items():
            story_id = name.replace("_", "-")
            tx.items.add([item(one, seen_at=NOW + number * MINUTE) for number, one in enumerate(item_ids)])
            tx.stories.place([placement(one, story_id, opens=one == item_ids[0]) for one in item_ids], NOW)


def merge(store: SqlStore, into: str, other: str, **changes: Any) -> None:
    with store.begin() as tx:
        tx.edits.merge(edit(into, other, **changes))


def split(
    store: SqlStore, story_id: str, new: str, items: list[str], *, told: bool = False, **roots: str | None
) -> None:
    with store.begin() as tx:
        tx.edits.split(edit(story_id, new, EditKind.SPLIT, items=tuple(items)), roots, told=told)


def tell(store: SqlStore, *told: object) -> None:
    with store.begin() as tx:
        tx.outbox.add([], told)  # type: ignore[arg-type]


def members(store: SqlStore, story_id: str) -> list[str]:
    with store.read() as tx:
        story = tx.stories.get(story_id)
    return [member.item.id for member in story.members] if story else []


def test_the_old_id_leads_to_the_story_and_its_items_are_there(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01", "bbbbbb02"])
    merge(store, A, B)
    assert sorted(members(store, A)) == sorted(members(store, B)) == ["aaaaaa01", "bbbbbb01", "bbbbbb02"]
    with store.read() as tx:
        story = tx.stories.get(B)
        assert story is not None
        assert (story.id, story.first_seen, story.last_seen) == (A, NOW, NOW + MINUTE)
        assert [found.id for found in tx.stories.search(topic=None, since=None, words=(), limit=9)] == [A]
        assert {one: placing.story_id for one, placing in tx.edits.placings(A).items()} == {
            "aaaaaa01": A,
            "bbbbbb01": B,
            "bbbbbb02": B,
        }


def test_a_story_that_took_over_others_may_go_into_another_one(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"], story_c=["cccccc01"])
    merge(store, B, C)
    merge(store, A, B)
    assert members(store, C) == members(store, A) == ["aaaaaa01", "bbbbbb01", "cccccc01"]
    with store.read() as tx:
        assert tx.edits.placings(A)["cccccc01"].story_id == C
        assert tx.edits.find("story-c") == [A]


def test_what_is_placed_by_an_id_that_is_no_more_is_seen(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    merge(store, A, B)
    with store.begin() as tx:
        tx.items.add([item("bbbbbb02")])
        tx.stories.place([placement("bbbbbb02", B)], NOW)
    assert "bbbbbb02" in members(store, A)


def test_grouping_merges_as_it_places(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"])
    with store.begin() as tx:
        tx.items.add([item("bbbbbb01"), item("cccccc01")])
        joins = placement("cccccc01", A, merges=(B,), because="shares Norvik")
        tx.stories.place([placement("bbbbbb01", B, opens=True), joins], NOW)
    assert sorted(members(store, B)) == ["aaaaaa01", "bbbbbb01", "cccccc01"]
    with store.read() as tx:
        assert tx.stories.placement("cccccc01") == joins
        (found,) = tx.edits.history(A)
    assert (found.other, found.items, found.by, found.because) == (
        B,
        ("cccccc01",),
        "grouping",
        "shares Norvik",
    )


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


def test_what_a_channel_was_told_of_either_counts_for_both(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    deal = telling(B, channel="mail", revision=2, facts=Facts(parties=("Norvik",)))
    first = telling(B, channel="mail", told_at=NOW - HOUR, title="First")
    waits = telling(A, channel="chat", revision=0)
    both = telling(A, channel="slack"), telling(B, channel="slack", told_at=NOW - HOUR, title="Earlier")
    tell(store, deal, first, waits, *both)
    merge(store, A, B)
    with store.begin() as tx:
        (mail,) = tx.outbox.told("mail", [A]).values()
        (slack,) = tx.outbox.told("slack", [A]).values()
        assert tx.outbox.told("phone", [A]) == {}
        # It waits for a digest: not told.
        assert tx.outbox.told("chat", [A]) == {}
    assert (mail.story_id, mail.revision, mail.sources) == (A, 2, 2 + 1)
    assert (slack.story_id, slack.revision, slack.title, slack.sources) == (A, 1, "Earlier", 4)


def test_what_is_told_later_is_told_of_the_whole(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    tell(store, telling(B, revision=3))
    merge(store, A, B)
    tell(store, telling(A, revision=4, told_at=NOW + HOUR, sources=7))
    with store.begin() as tx:
        told = tx.outbox.told("mail", [A, "unknown"])
    assert {story_id: (one.revision, one.sources) for story_id, one in told.items()} == {A: (4, 7)}


def test_a_message_on_its_way_is_sent_as_it_is_and_counts(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    with store.begin() as tx:
        tx.outbox.add([delivery("key-b", stories=(B,))], [telling(B)])
        assert tx.queue.begin(tx.queue.next("mail", NOW, 9)) == {"key-b"}
    merge(store, A, B)
    with store.begin() as tx:
        tx.queue.settle([Settlement(key="key-b", state=DeliveryState.SENT, attempt=1, sent_at=NOW)])
        (sent,) = tx.outbox.deliveries(state=None, limit=9, story_id=A)
        assert (sent.key, sent.state, sent.stories) == ("key-b", DeliveryState.SENT, (B,))
        assert tx.outbox.told("mail", [A])[A].revision == 1


def test_a_telling_written_by_who_had_not_heard_of_the_merge_counts(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    merge(store, A, B)
    tell(store, telling(B))
    with store.begin() as tx:
        assert tx.outbox.told("mail", [A])[A].revision == 1


# ── splitting ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_split_off_is_a_story_of_its_own_that_nobody_was_told(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01", "aaaaaa02", "aaaaaa03"])
    tell(store, telling(A))
    split(store, A, "new", ["aaaaaa02", "aaaaaa03"], aaaaaa02=None, aaaaaa03="aaaaaa02")
    with store.begin() as tx:
        assert tx.outbox.told("mail", [A, "new"]).keys() == {A}
        moved = tx.stories.placement("aaaaaa03")
        assert moved is not None
        assert (moved.story_id, moved.copy_of) == ("new", "aaaaaa02")
        old, new = tx.stories.get(A), tx.stories.get("new")
        assert old is not None
        assert new is not None
    assert (old.first_seen, old.last_seen) == (NOW, NOW)
    assert (new.first_seen, new.last_seen) == (NOW + MINUTE, NOW + 2 * MINUTE)
    assert [members(store, each) for each in (A, "new")] == [["aaaaaa01"], ["aaaaaa02", "aaaaaa03"]]


def test_it_counts_as_told_where_a_person_says_so(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01", "aaaaaa02"], story_b=["bbbbbb01"])
    tell(store, telling(A, revision=2), telling(B, channel="chat"))
    merge(store, A, B)
    split(store, A, "new", ["aaaaaa02"], told=True)
    with store.begin() as tx:
        assert tx.outbox.told("mail", ["new"])["new"].revision == 2
        assert tx.outbox.told("chat", ["new"])["new"].story_id == "new"
        assert tx.outbox.told("mail", [A])[A].revision == 2


def test_a_merge_that_is_undone_leaves_each_with_what_was_told_of_it(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01", "bbbbbb02"])
    tell(store, telling(B))
    merge(store, A, B)
    split(store, A, "new", ["bbbbbb01", "bbbbbb02"])
    assert members(store, B) == ["bbbbbb01", "bbbbbb02"]
    with store.begin() as tx:
        assert tx.outbox.told("mail", [A, "new"]).keys() == {"new"}


def test_a_part_of_which_something_stays_is_still_part(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01", "bbbbbb02"])
    tell(store, telling(B))
    merge(store, A, B)
    split(store, A, "new", ["bbbbbb02"])
    assert members(store, B) == ["aaaaaa01", "bbbbbb01"]
    with store.begin() as tx:
        assert tx.outbox.told("mail", [A, "new"]).keys() == {A}


def test_what_was_split_off_and_merged_again_is_known_when_it_is_split_off_again(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01", "aaaaaa02"])
    split(store, A, "new", ["aaaaaa02"])
    tell(store, telling("new"))
    for before, again in (("new", "newer"), ("newer", "newest")):
        merge(store, A, before)
        split(store, A, again, ["aaaaaa02"])
        with store.begin() as tx:
            assert tx.outbox.told("mail", [A, again]).keys() == {again}


def test_what_a_part_lost_to_another_story_leads_nobody_away_from_it(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01", "aaaaaa02", "aaaaaa03"], story_b=["bbbbbb01"])
    split(store, A, "new", ["aaaaaa02", "aaaaaa03"])
    merge(store, B, "new")
    split(store, B, "half", ["aaaaaa02"])
    merge(store, A, "half")
    split(store, A, "again", ["aaaaaa02"])
    assert sorted(members(store, "new")) == ["aaaaaa03", "bbbbbb01"]


def test_upkeep_leaves_merged_stories_alone(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    with store.begin() as tx:
        tx.outbox.add([delivery("key-b", stories=(B,), state=DeliveryState.SENT)], [telling(B)])
    merge(store, A, B)
    with store.begin() as tx:
        tx.items.prune(NOW + HOUR, 9)
        tx.outbox.prune(NOW + HOUR, 9)
        assert tx.outbox.told("mail", [A]).keys() == {A}
    assert members(store, B) == ["aaaaaa01", "bbbbbb01"]


def test_a_note_that_one_waits_is_a_note_on_the_whole(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    tell(store, telling(B, revision=0, origin="now"))
    merge(store, A, B)
    with store.read() as tx:
        (waiting,) = tx.alerts.waiting("mail", ["now"], NOW - HOUR)
    assert waiting.story_id == A


def test_what_was_decided_about_updates_of_either_is_found(store: SqlStore) -> None:
    stored(store, story_a=["aaaaaa01"], story_b=["bbbbbb01"])
    decision = UpdateDecision(
        channel="mail", story_id=B, at=NOW, revision=1, material=False, reasons=("sources: 2 → 3",)
    )
    with store.begin() as tx:
        tx.updates.record([decision])
    merge(store, A, B)
    with store.read() as tx:
        assert tx.updates.of_story(A) == [decision]
