from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.postings import Postings, heaviest

LIGHT, HEAVY = 0.1, 0.9


def test_the_likest_come_first() -> None:
    postings = Postings()
    postings.add("both", heaviest({"norvik": HEAVY, "plant": LIGHT}), 1.0, 0.0)
    postings.add("one", heaviest({"plant": HEAVY, "rain": LIGHT}), 1.0, 0.0)
    postings.add("other", heaviest({"rain": HEAVY}), 1.0, 0.0)
    assert postings.candidates(heaviest({"norvik": HEAVY, "plant": 0.3}), 0.0) == ["both", "one"]


def test_what_shares_hardly_anything_is_not_looked_at() -> None:
    postings = Postings()
    postings.add("a", heaviest({"rain": LIGHT}), 1.0, 0.0)
    assert postings.candidates(heaviest({"rain": LIGHT}), 0.0) == []
    assert postings.candidates(heaviest({"rain": HEAVY}), 0.0) == ["a"]


def test_an_item_is_found_by_its_heaviest_words_only() -> None:
    words = {f"word{number:02}": 1.0 - number / 100 for number in range(60)}
    keys = Postings().add("a", heaviest(words), 1.0, 0.0)
    assert keys == [f"word{number:02}" for number in range(16)]
    assert [word for word, _ in heaviest(words)] == [f"word{number:02}" for number in range(40)]


def test_a_word_remembers_the_newest_items_and_so_costs_the_same_however_many_have_it() -> None:
    postings = Postings()
    for number in range(1000):
        postings.add(f"item{number}", heaviest({"rain": HEAVY}), 1.0, 0.0)
    packed, last = postings.packed("rain")
    assert packed.split() == [f"item{number}:9000" for number in range(872, 1000)]
    assert last == 1.0


def test_a_word_without_new_items_finds_nothing_and_is_forgotten() -> None:
    postings = Postings()
    postings.add("a", heaviest({"rain": HEAVY}), 1.0, 0.0)
    postings.add("b", heaviest({"snow": HEAVY}), 9.0, 2.0)
    assert postings.candidates(heaviest({"rain": HEAVY}), 2.0) == []
    postings.forget(2.0)
    assert postings.packed("rain") == ("", 0.0)
    assert postings.candidates(heaviest({"snow": HEAVY}), 2.0) == ["b"]


def test_a_word_that_comes_back_does_not_bring_old_items_with_it() -> None:
    postings = Postings()
    postings.add("old", heaviest({"rain": HEAVY}), 1.0, 0.0)
    postings.add("new", heaviest({"rain": HEAVY}), 20.0, 13.0)
    assert postings.candidates(heaviest({"rain": HEAVY}), 13.0) == ["new"]


def test_what_was_kept_elsewhere_is_found_as_before() -> None:
    here, there = Postings(), Postings()
    here.add("a", heaviest({"rain": HEAVY}), 1.0, 0.0)
    there.recall("rain", *here.packed("rain"))
    assert there.packed("rain") == here.packed("rain") == ("a:9000", 1.0)
    assert there.candidates(heaviest({"rain": HEAVY}), 0.0) == ["a"]
    there.add("b", heaviest({"rain": LIGHT}), 2.0, 0.0)
    assert there.packed("rain") == ("a:9000 b:1000", 2.0)
    there.recall("snow", "c:1", 0.0)
    there.forget(1.5)
    assert there.packed("snow") == ("", 0.0)


@given(
    st.lists(
        st.tuples(st.sampled_from(("rain", "snow", "hail")), st.floats(0, 40), st.booleans(), st.booleans()),
        max_size=12,
    ),
    st.integers(0, 140),
)
def test_packed_or_taken_apart_a_word_holds_the_same(
    some: list[tuple[str, float, bool, bool]], before: int
) -> None:
    """Kept elsewhere between any two items, looked at or not in between."""
    stays, goes = Postings(), Postings()
    for postings in (stays, goes):
        for number in range(before):
            postings.add(f"before{number}", heaviest({"rain": LIGHT}), 1.0, 0.0)
    for number, (word, now, kept, looked_at) in enumerate(some):
        if kept and (known := goes.packed(word))[0]:
            goes = Postings()
            for each in ("rain", "snow", "hail"):
                goes.recall(each, *(known if each == word else stays.packed(each)))
        if looked_at:
            goes.candidates(heaviest({word: HEAVY}), now - 10)
        for postings in (stays, goes):
            postings.add(f"item{number}", heaviest({word: HEAVY}), now, now - 10)
        assert goes.packed(word) == stays.packed(word)


def test_only_so_many_are_looked_at_those_under_the_heaviest_words_first() -> None:
    postings = Postings()
    for word in range(20):
        for number in range(100):
            postings.add(f"{word:02}-{number:03}", heaviest({f"word{word:02}": HEAVY}), 1.0, 0.0)
    words = {f"word{word:02}": 0.4 - word / 100 for word in range(20)}
    found = postings.candidates(heaviest(words), 0.0)
    assert {item[:2] for item in found} == {"00"}
    assert len(found) == 12
    light = {f"word{word:02}": 0.9 - word / 100 for word in range(10)} | {"word19": LIGHT}
    assert postings.candidates(heaviest({"word19": LIGHT}), 0.0)
    postings.add(
        "far", heaviest({"word19": 1.0, **{f"word{word:02}": HEAVY for word in range(10)}}), 1.0, 0.0
    )
    assert postings.candidates(heaviest(light), 0.0)[0] == "far"
