from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.stems import stem


def test_stem_joins_the_forms_of_a_word() -> None:
    forms = {
        "chip": ["chip", "chips"],
        "test": ["test", "tests", "tested", "testing"],
        "stop": ["stop", "stopped", "stopping"],
        "compan": ["company", "companies"],
        "licenc": ["licence", "licences", "licenced"],
    }
    for word, spellings in forms.items():
        assert {stem(spelling).removesuffix("y") for spelling in spellings} == {word}


def test_stem_leaves_short_foreign_and_mixed_words_alone() -> None:
    for word in ("gas", "bus", "ring", "us", "chips芯", "mi300s", "öffnungen", "analysis", "access"):
        assert stem(word) == word


@given(st.text(alphabet="abcdeinsg", min_size=1, max_size=14))
def test_stem_never_lengthens_or_empties_a_word(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word)
