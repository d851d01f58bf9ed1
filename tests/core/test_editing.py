"""What people do to stories: whose text is whose, and what grouping remembers."""

from __future__ import annotations

from bot.core.editing import homes, remembered_apart, remembered_together, roots_apart, split_id
from bot.core.traces import pack, unpack
from bot.model import EditKind, ItemMemory, Member, Placing, Story, StoryEdit, StoryMemory
from tests.core.test_openstory import kept
from tests.storage.samples import NOW, item, placement


def told(**roots: str | None) -> Story:
    members = tuple(
        Member(item=item(item_id), placement=placement(item_id, copy_of=root))
        for item_id, root in roots.items()
    )
    return Story(id="s", members=members, first_seen=NOW, last_seen=NOW)


def remembered(story_id: str, *item_ids: str, opened: int = 1) -> StoryMemory:
    items = tuple(ItemMemory(item_id=each, story_id=story_id, trace=pack(kept(each))) for each in item_ids)
    return StoryMemory(
        id=story_id, first=1.0 * opened, last=2.0 * opened, grown=3.0, opened=opened, items=items
    )


def test_the_same_split_twice_makes_two_stories() -> None:
    first, again = split_id("s", {"a", "b"}, 0), split_id("s", {"b", "a"}, 1)
    assert first != again
    assert first == split_id("s", {"b", "a"}, 0)


def test_items_are_at_home_where_they_were_placed_until_they_were_split_off() -> None:
    def edited(kind: EditKind, story_id: str, other: str, *items: str) -> StoryEdit:
        return StoryEdit(kind=kind, story_id=story_id, other=other, items=items, at=NOW, by="Ada")

    placings = {item: Placing(at=NOW, story_id=story) for item, story in (("1", "a"), ("2", "a"), ("3", "b"))}
    merged = edited(EditKind.MERGE, "a", "b", "3")
    assert homes(placings, [merged]) == {"a": {"1", "2"}, "b": {"3"}}
    history = [merged, edited(EditKind.SPLIT, "a", "c", "2", "9"), edited(EditKind.MERGE, "a", "c")]
    assert homes(placings, history) == {"a": {"1"}, "b": {"3"}, "c": {"2"}}


def test_copies_on_the_other_side_have_an_original_of_their_own() -> None:
    story = told(a=None, b="a", c="a", d="a", e=None)
    assert roots_apart(story, {"c", "d"}) == {"c": None, "d": "c"}
    assert roots_apart(story, {"a"}) == {"b": None, "c": "b", "d": "b"}
    assert roots_apart(story, {"e"}) == {}
    assert roots_apart(story, {"a", "b", "c", "d"}) == {}


def test_a_copy_of_what_is_no_member_stays_one_of_its_own_kind() -> None:
    assert roots_apart(told(a="gone", b="gone"), {"b"}) == {"a": None, "b": None}


def test_each_side_remembers_its_items_and_whose_text_they_are() -> None:
    rest, new = remembered_apart(remembered("s", "a", "b", "c"), "n", {"b", "c"}, {"b": None, "c": "b"}, 7)
    assert ([each.item_id for each in rest.items], rest.id, rest.opened) == (["a"], "s", 1)
    assert ([each.item_id for each in new.items], new.id, new.opened) == (["b", "c"], "n", 7)
    assert {each.story_id for each in new.items} == {"n"}
    assert [unpack(each.trace).root for each in new.items] == ["b", "b"]


def test_together_they_remember_all_that_they_had_its_own_first() -> None:
    whole = remembered_together("s", [remembered("o", "x"), remembered("s", "a", opened=2)])
    assert [each.item_id for each in whole.items] == ["a", "x"]
    assert {each.story_id for each in whole.items} == {"s"}
    assert (whole.opened, whole.first, whole.last) == (2, 1.0, 4.0)


def test_what_is_closed_goes_on_with_what_is_open() -> None:
    whole = remembered_together("s", [remembered("o", "x", opened=3)])
    assert (whole.id, whole.opened, [each.story_id for each in whole.items]) == ("s", 3, ["s"])
