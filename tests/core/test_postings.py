from __future__ import annotations

from bot.core.postings import Postings, search_words

LIGHT, HEAVY = 0.1, 0.9


def test_the_likest_come_first() -> None:
    postings = Postings()
    postings.add("both", {"norvik": HEAVY, "plant": LIGHT}, 1.0, 0.0)
    postings.add("one", {"plant": HEAVY, "rain": LIGHT}, 1.0, 0.0)
    postings.add("other", {"rain": HEAVY}, 1.0, 0.0)
    assert postings.candidates({"norvik": HEAVY, "plant": 0.3}, 0.0) == ["both", "one"]


def test_what_shares_hardly_anything_is_not_looked_at() -> None:
    postings = Postings()
    postings.add("a", {"rain": LIGHT}, 1.0, 0.0)
    assert postings.candidates({"rain": LIGHT}, 0.0) == []
    assert postings.candidates({"rain": HEAVY}, 0.0) == ["a"]


def test_an_item_is_found_by_its_heaviest_words_only() -> None:
    words = {f"word{number:02}": 1.0 - number / 100 for number in range(60)}
    keys = Postings().add("a", words, 1.0, 0.0)
    assert keys == [f"word{number:02}" for number in range(16)]
    assert search_words(words) == [f"word{number:02}" for number in range(40)]


def test_a_word_remembers_the_newest_items_and_so_costs_the_same_however_many_have_it() -> None:
    postings = Postings()
    for number in range(1000):
        postings.add(f"item{number}", {"rain": HEAVY}, 1.0, 0.0)
    holders, last = postings.of("rain")
    assert [item for item, _ in holders] == [f"item{number}" for number in range(872, 1000)]
    assert last == 1.0


def test_a_word_without_new_items_finds_nothing_and_is_forgotten() -> None:
    postings = Postings()
    postings.add("a", {"rain": HEAVY}, 1.0, 0.0)
    postings.add("b", {"snow": HEAVY}, 9.0, 2.0)
    assert postings.candidates({"rain": HEAVY}, 2.0) == []
    postings.forget(2.0)
    assert postings.of("rain") == ((), 0.0)
    assert postings.candidates({"snow": HEAVY}, 2.0) == ["b"]


def test_a_word_that_comes_back_does_not_bring_old_items_with_it() -> None:
    postings = Postings()
    postings.add("old", {"rain": HEAVY}, 1.0, 0.0)
    postings.add("new", {"rain": HEAVY}, 20.0, 13.0)
    assert postings.candidates({"rain": HEAVY}, 13.0) == ["new"]


def test_what_was_kept_elsewhere_is_found_as_before() -> None:
    here, there = Postings(), Postings()
    here.add("a", {"rain": HEAVY}, 1.0, 0.0)
    there.recall("rain", *here.of("rain"))
    assert there.candidates({"rain": HEAVY}, 0.0) == here.candidates({"rain": HEAVY}, 0.0)
