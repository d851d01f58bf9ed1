"""A story that may still grow, and how much of it is kept."""

from __future__ import annotations

from bot.core.openstory import OpenStory, packed, span
from bot.core.resemblance import Common
from bot.core.stories import Grouper
from bot.core.traces import Trace, unpack
from bot.model import Placement
from tests.core.articles import article


def kept(name: str) -> Trace:
    """The trace of an article that says nothing but its name."""
    grouper = Grouper()
    grouper.restore(article(1, (name, name)), Placement(item_id="a1", story_id="s", opens=True))
    return grouper.memory.story_of("a1").traces["a1"]


def story(story_id: str, opened: int, *item_ids: str) -> OpenStory:
    traces = {item_id: kept(item_id) for item_id in item_ids}
    return OpenStory(id=story_id, first=10.0, last=12.0, grown=12.0, opened=opened, traces=traces)


def test_days_are_counted_from_the_nearer_end() -> None:
    one = story("s", 1, "x")
    assert [one.days_from(day) for day in (8.0, 10.0, 11.0, 12.0, 15.0)] == [2.0, 0.0, 0.0, 0.0, 3.0]


def test_an_item_stretches_the_story_and_is_part_of_what_all_say() -> None:
    one = story("s", 1, "x")
    one.common = Common()
    one.add("y", kept("y"), 20.0, 13.0)
    assert (one.first, one.last, one.grown, list(one.traces)) == (10.0, 20.0, 13.0, ["x", "y"])
    assert one.common.items == 1


def test_of_a_story_taken_over_everything_is_there_behind_its_own() -> None:
    one, other = story("one", 1, "x"), story("other", 2, "y")
    one.common = Common()
    other.first, other.grown, other.shed = 3.0, 14.0, ["z"]
    other.apart = frozenset({"one", "third"})
    one.take_over(other)
    assert (one.first, one.last, one.grown) == (3.0, 12.0, 14.0)
    assert not one.common
    assert (list(one.traces), one.shed, one.apart) == (["x", "y"], ["z"], frozenset({"third"}))


def test_of_a_big_story_the_first_items_and_the_newest_are_kept() -> None:
    one, trace = story("s", 1), kept("x")
    left_out: list[str] = []
    for number in range(1000):
        one.add(f"i{number}", trace, 11.0, 12.0)
        left_out += one.lighten()
        assert len(one.traces) <= 192
    assert list(one.traces)[:8] == [f"i{number}" for number in range(8)]
    assert list(one.traces)[-120:] == [f"i{number}" for number in range(880, 1000)]
    assert one.shed == left_out
    assert {*one.traces, *left_out} == {f"i{number}" for number in range(1000)}


def test_the_newest_stand_for_it() -> None:
    assert story("s", 1, *"abcdefghij").newest() == [kept(name) for name in "cdefghij"]


def test_it_is_packed_for_the_store() -> None:
    one = story("s", 4, "x")
    assert (span(one).opened, span(one).grown, span(one).items) == (4, 12.0, ())
    assert unpack(packed("x", one).trace) == one.traces["x"]
