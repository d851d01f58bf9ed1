from __future__ import annotations

from datetime import UTC, datetime
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.features import BODY_WORDS, cosine, extract, figures, named_in_lead, primary, vector
from bot.core.lexicon import Lexicon, document
from bot.model import Entity

LEXICON = Lexicon(
    (
        Entity(id="meta", name="Meta Platforms", kind="company", case_sensitive=("Meta",)),
        Entity(id="tsmc", name="TSMC", kind="foundry", aliases=("Taiwan Semiconductor",)),
    )
)
texts = st.text(max_size=80)


def test_function_words_do_not_make_texts_alike() -> None:
    one = vector(document("What the company said about it was that they would"))
    other = vector(document("They would, about which it was said that the bank"))
    assert set(one) == {"company"}
    assert cosine(one, other) == 0


def test_a_headline_word_weighs_more_than_a_word_of_the_lead() -> None:
    weights = vector(document("accelerator", "foundry"))
    assert weights["accelerator"] > weights["foundry"]


def test_only_the_beginning_of_a_body_counts() -> None:
    body = "filler " * BODY_WORDS + "accelerator"
    assert set(vector(document("", "", body))) == {"filler"}


@given(texts, texts, texts, texts)
def test_likeness_is_symmetric_and_from_0_to_1(a: str, b: str, c: str, d: str) -> None:
    one, other = vector(document(a, b)), vector(document(c, d))
    assert cosine(one, other) == cosine(other, one) or isclose(cosine(one, other), cosine(other, one))
    assert -1e-9 <= cosine(one, other) <= 1 + 1e-9
    if one:
        assert isclose(cosine(one, one), 1)


def test_what_tells_an_event_weighs_more_in_the_telling_vector() -> None:
    found = extract("i1", title="Police in Rivertown", lexicon=LEXICON)
    even, telling = found.vector, found.telling
    assert even["rivertown"] > even["polic"]
    assert telling["rivertown"] / telling["polic"] > even["rivertown"] / even["polic"]


def test_the_outlet_behind_a_headline_is_no_part_of_it() -> None:
    assert set(vector(document("A bridge falls into the river - Rivertown Courier"))) == {
        "bridg",
        "fall",
        "river",
    }


@pytest.mark.parametrize(
    ("tag", "subtag"), [("en-GB", "en"), ("PT_br", "pt"), ("de", "de"), ("", None), (None, None)]
)
def test_a_language_is_known_by_its_primary_subtag(tag: str | None, subtag: str | None) -> None:
    assert primary(tag) == subtag


def test_figures_tell_events_apart_and_years_do_not() -> None:
    text = document("6.5 billion for 350,000 chips", "In 2026, 3 of them take 100MW; the 7 nm part by 1999")
    assert figures(text) == {"6.5", "350000", "100"}


def test_extract_keeps_what_is_known_of_the_item() -> None:
    day = datetime(2025, 3, 11, tzinfo=UTC)
    found = extract(
        "i1",
        title="Meta tests a chip",
        summary="Taiwan Semiconductor makes it.",
        language="en",
        published=day,
        lexicon=LEXICON,
    )
    assert (found.item_id, found.language, found.published) == ("i1", "en", day)
    assert set(found.entities) == {"meta", "tsmc"}
    assert found.entities["tsmc"][0].field == "summary"


def test_who_is_named_late_in_a_body_does_not_lead() -> None:
    found = extract("i1", title="A chip", body="Meta " + "word " * BODY_WORDS + "TSMC", lexicon=LEXICON)
    assert set(found.entities) == {"meta", "tsmc"}
    assert named_in_lead(found) == {"meta"}


def test_a_short_body_is_all_lead() -> None:
    found = extract("i1", title="", body="Made by TSMC", lexicon=LEXICON)
    assert named_in_lead(found) == {"tsmc"}
