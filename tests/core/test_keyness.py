from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.keyness import (
    LEAD_WORDS,
    LONGEST_PHRASE,
    Term,
    frequencies,
    key_terms,
    log_likelihood,
    sample,
)
from bot.core.lexicon import Lexicon
from bot.core.query import parse
from tests.core.examples import FERRIES, LEXICON, OTHERS, samples

WORDS = st.sampled_from(
    [
        "the",
        "a",
        "of",
        "ferry",
        "ferries",
        "electric",
        "volcano",
        "Ostren",
        "erupted",
        "erupts",
        "chips",
        "chip",
        "2024",
        "in-house",
    ]
)
TEXTS = st.lists(WORDS, max_size=20).map(" ".join)


def ferry_terms(least: int = 2) -> dict[str, Term]:
    found = key_terms(samples(FERRIES), frequencies(samples(OTHERS)), least_texts=least)
    return {term.query: term for term in found}


# ── the measure ──────────────────────────────────────────────────────────────────────────────────


def test_the_log_likelihood_ratio_is_dunnings() -> None:
    """By the form of Rayson and Garside (2000): 2 · Σ observed · ln(observed / expected)."""
    a, c, b, d = 20, 1_000, 10, 9_000
    here, there = c * (a + b) / (c + d), d * (a + b) / (c + d)
    assert log_likelihood(a, c, b, d) == pytest.approx(2 * (a * log(a / here) + b * log(b / there)))
    assert log_likelihood(5, 500, 0, 8_000) == pytest.approx(10 * log(8_500 / 500))


@given(st.integers(0, 50), st.integers(1, 500), st.integers(0, 50), st.integers(1, 500))
def test_keyness_is_never_negative_and_nothing_where_a_term_is_no_commoner(
    a: int, c: int, b: int, d: int
) -> None:
    value = log_likelihood(a, a + c, b, b + d)
    assert value >= 0
    if a * (b + d) <= b * (a + c):
        assert value == 0


def test_without_a_background_every_term_is_as_common_as_it_is() -> None:
    assert log_likelihood(5, 100, 0, 0) == 0
    assert log_likelihood(0, 0, 5, 100) == 0


# ── the terms ────────────────────────────────────────────────────────────────────────────────────


def test_what_the_examples_share_comes_first() -> None:
    terms = ferry_terms()
    assert next(iter(terms)) == "ferries OR ferry"
    assert {"@skerry", "batter*", "halvorsen*"} <= set(terms)
    assert terms["ferries OR ferry"].keyness > terms["electric*"].keyness > 0
    assert terms["@skerry"].texts == {0, 1, 2, 3}
    assert "bread" not in terms


def test_words_of_an_entity_are_no_terms_of_their_own() -> None:
    assert not [query for query in ferry_terms() if "skerry" in query.lower() and query != "@skerry"]
    assert any(
        "skerry" in term.query
        for term in key_terms(samples(FERRIES, Lexicon()), frequencies([]), least_texts=2)
    )


@pytest.mark.parametrize(
    ("forms", "query"),
    [
        (("volcano", "volcano"), "volcano*"),
        (("erupted", "erupts"), "erupt*"),
        (("released", "release"), "release*"),
        (("releasing", "release"), "releas*"),
        (("chip", "chips"), "chip OR chips"),
        (("company", "companies"), "compan*"),
        (("ash", "ash"), "ash"),
    ],
)
def test_a_word_is_written_so_that_all_its_forms_are_found(forms: tuple[str, str], query: str) -> None:
    read = [sample(form, "", LEXICON) for form in forms]
    (term,) = key_terms(read, frequencies([]), least_texts=2)
    assert term.query == query


def test_phrases_end_at_marks_and_begin_and_end_with_content() -> None:
    read = sample("Ash cloud over Iceland, flights stop", "", LEXICON)
    phrases = {key for key in read.keys if len(key) > 1}
    assert phrases == {("ash", "cloud"), ("cloud", "over", "iceland"), ("flight", "stop")}
    long = sample("one two three four", "", Lexicon())
    assert max(map(len, long.keys)) == LONGEST_PHRASE


def test_only_the_beginning_of_a_text_is_read() -> None:
    read = sample("Title", "word " * LEAD_WORDS + "volcano", LEXICON)
    assert ("volcano",) not in read.keys
    assert read.size == LEAD_WORDS + 1


def test_numbers_and_single_letters_say_nothing() -> None:
    assert set(sample("2024 120 x", "", LEXICON).keys) == set()


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_every_term_is_a_query_that_finds_the_texts_it_is_said_to_be_in(texts: list[tuple[str, str]]) -> None:
    read = [sample(title, text, LEXICON) for title, text in texts]
    for term in key_terms(read, frequencies([]), least_texts=1):
        query = parse(term.query, LEXICON)
        found = {place for place, each in enumerate(read) if query.match(each.text, each.mentions)}
        assert term.texts <= found, term.query


def test_scripts_without_blanks_have_phrases() -> None:
    read = [sample("自研芯片发布", "", LEXICON)] * 2
    queries = [term.query for term in key_terms(read, frequencies([]), least_texts=2)]
    assert queries
    assert all(parse(query).match(read[0].text, read[0].mentions) for query in queries)
