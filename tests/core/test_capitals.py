from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.capitals import headline, names
from bot.core.lexicon import document
from bot.core.text import words


def test_names_are_written_with_a_capital_inside_sentences() -> None:
    text = document(
        "Bridge near Rivertown falls into the Ouse",
        "Engineers in Rivertown blame rust. Police closed the bridge at once.",
    )
    found = names(text)
    assert {term for term, is_name in found.items() if is_name} == {"rivertown", "ouse"}
    assert found["bridg"] is False
    assert "engineer" not in found, "it opens a sentence"
    assert "polic" not in found


@pytest.mark.parametrize("title", ["Bridge Near Rivertown Falls Into River", "BRIDGE NEAR RIVERTOWN FALLS"])
def test_headlines_in_title_case_say_nothing(title: str) -> None:
    assert names(document(title)) == {}


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("A bridge falls into the river - Rivertown Courier", 6),
        ("A bridge falls into the river - CBS 8 - San Diego, CA News Station - KFMB Channel 8", 6),
        ("Bridge Near Rivertown Falls | Rivertown Courier", 4),
        ("Bridge Near Rivertown Falls - Mayor Of Rivertown Promises Inquiry", 10),
        ("Two bridges fall - Courier", 4),
        ("A bridge falls into the river - and nobody knows why", 10),
        ("A bridge falls into the river", 6),
        ("", 0),
    ],
)
def test_a_headline_ends_where_its_outlet_begins(title: str, kept: int) -> None:
    assert [token.word for token in headline(document(title))] == words(title)[:kept]


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_headline_is_the_beginning_of_the_title(title: str, summary: str) -> None:
    text = document(title, summary)
    kept = tuple(headline(text))
    assert kept == text.title[: len(kept)]
    assert bool(kept) == bool(text.title)
    names(text)
