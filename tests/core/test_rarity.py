from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.rarity import _table, rarity
from bot.core.stems import stem


def test_the_rarer_word_tells_more() -> None:
    words = ["people", "police", "bridge", "quadruple", "rivertown"]
    values = [rarity(stem(word)) for word in words]
    assert values == sorted(values)
    assert len(set(values)) == len(values)


def test_what_nobody_knows_tells_most() -> None:
    assert rarity("zawahri") == rarity("mtia") == 1.0


def test_all_forms_of_a_word_are_one() -> None:
    assert rarity(stem("shootings")) == rarity(stem("shooting")) == rarity(stem("shoot"))


def test_longer_numbers_are_rarer() -> None:
    values = [rarity(number) for number in ("17", "350", "48731")]
    assert values == sorted(values)
    assert rarity("17") == rarity("94")
    assert rarity("48731") == 1.0


@pytest.mark.parametrize(("word", "language"), [("nicht", "de"), ("bonjour", "fr")])
def test_a_word_that_is_common_in_the_items_language_is_common(word: str, language: str) -> None:
    assert rarity(word, language) < rarity(word)
    assert rarity("people", language) <= rarity("people")


def test_a_language_without_a_list_is_read_as_english() -> None:
    assert rarity("police", "xx") == rarity("police")


@given(st.text(min_size=1, max_size=12), st.sampled_from([None, "en", "de", "xx"]))
def test_rarity_is_from_0_to_1(term: str, language: str | None) -> None:
    assert 0 <= rarity(term, language) <= 1


def test_a_list_is_read_once_in_feeds_of_many_languages() -> None:
    # Reading one takes as long as judging a hundred items.
    languages = ["de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi"]
    read = [_table(language) for language in languages]
    for number in range(30):
        assert rarity("word", f"q{number}") == rarity("word")
    assert all(_table(language) is table for language, table in zip(languages, read, strict=True))
