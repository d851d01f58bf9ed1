from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.vocabulary import Vocabulary, read
from bot.model import Article
from tests.core.articles import DEAL, FIRE, START, article


def test_function_words_and_single_letters_are_no_content() -> None:
    reading = read(Article(id="a", title="The deal of a lifetime: plan B", summary=""))
    assert [word.folded for word in reading.headline] == ["deal", "lifetim", "plan"]


def test_capitals_inside_a_sentence_tell_and_those_that_open_one_do_not() -> None:
    lead = read(Article(id="a", title="", summary="Today Norvik spoke. Halcyon listened to Norvik.")).lead
    telling = {(word.spelling, word.capital) for word in lead}
    assert telling == {
        ("Today", None),
        ("Norvik", True),
        ("spoke", False),
        ("Halcyon", None),
        ("listened", False),
    }


def test_a_headline_in_title_case_says_nothing_about_names() -> None:
    shouting = read(Article(id="a", title="Norvik Signs Giant Deal With Halcyon")).headline
    plain = read(Article(id="a", title="Big order: why Norvik signs a deal with Halcyon")).headline
    assert {word.capital for word in shouting} == {None}
    assert {word.spelling for word in plain if word.capital} == {"Norvik", "Halcyon"}


def test_a_body_is_read_where_the_summary_is_its_beginning() -> None:
    reading = read(
        Article(id="a", title="", summary="Norvik buys chips…", body="Norvik buys chips from Halcyon.")
    )
    assert [word.folded for word in reading.lead] == ["norvik", "buy", "chip", "halcyon"]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Norvik buys chips from Halcyon - The Harbour Gazette", ["norvik", "buy", "chip", "halcyon"]),
        ("Norvik buys chips from Halcyon | Gazette", ["norvik", "buy", "chip", "halcyon"]),
        ("Norvik - Halcyon Gazette", ["norvik", "halcyon", "gazett"]),
        ("Norvik buys chips – and racks too", ["norvik", "buy", "chip", "rack"]),
    ],
)
def test_an_outlet_behind_the_headline_is_no_content(title: str, kept: list[str]) -> None:
    reading = read(Article(id="a", title=title, summary="Told by the Gazette."))
    assert [word.folded for word in reading.headline] == kept
    assert ("gazett" in {word.folded for word in reading.lead}) == ("Gazette" not in title or len(kept) == 3)


def test_an_outlet_may_be_called_by_its_address() -> None:
    reading = read(Article(id="a", title="Norvik orders many chips - GAZETTE.example", summary="By Gazette."))
    assert [word.folded for word in reading.headline] == ["norvik", "order", "many", "chip"]
    assert "gazett" not in {word.folded for word in reading.lead}


def test_the_forms_of_a_word_are_one() -> None:
    reading = read(Article(id="a", title="Norvik orders chips", summary="It ordered a chip."))
    assert reading.counts(1.0) == {"norvik": 1.0, "order": 2.0, "chip": 2.0}
    assert reading.spellings()["order"] == "ordered"


def test_days_are_read_apart_from_the_words() -> None:
    reading = read(article(1, ("Norvik: the March 2 deal", "Norvik said on Monday, March 2, 2026, it buys.")))
    assert reading.days == {START.toordinal()}
    assert [word.folded for word in reading.headline + reading.lead] == ["norvik", "deal", "norvik", "buy"]


def test_a_name_that_the_language_has_often_is_no_rare_name() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(read(Article(id="a", title="", summary="We asked American and Norvik at the Bank.")))
    assert max(map(vocabulary.rarity, ("american", "bank"))) < vocabulary.rarity("norvik") - 1


def test_headline_words_weigh_more() -> None:
    counts = read(Article(id="a", title="Norvik order", summary="An order by Norvik, an order.")).counts(2.0)
    assert counts == {"norvik": 3.0, "order": 4.0}


def test_names_are_learnt_from_running_text() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(read(article(1, DEAL)))
    assert vocabulary.name_likeness("norvik") > 0.6
    assert vocabulary.name_likeness("accelerator") < 0.4
    assert vocabulary.name_likeness("unheard") == 0.5


def test_a_word_grows_commoner_with_every_article_that_has_it() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(read(article(1, DEAL)))
    before = vocabulary.rarity("norvik")
    vocabulary.learn(read(article(2, DEAL)))
    assert vocabulary.rarity("norvik") < before
    vocabulary.learn(read(article(3, FIRE)))
    assert vocabulary.highest_rarity() > vocabulary.rarity("tarnow") > vocabulary.rarity("norvik")


def test_before_anything_is_read_ordinary_words_are_not_rare() -> None:
    vocabulary = Vocabulary()
    vocabulary.learn(
        read(Article(id="a", title="", summary="It will buy what Norvik can ship in quantities."))
    )
    by_rarity = sorted(("buy", "norvik", "quantity"), key=vocabulary.rarity)
    assert by_rarity == ["buy", "quantity", "norvik"]


def test_what_a_stream_is_about_tells_little() -> None:
    vocabulary = Vocabulary()
    for number in range(100):
        vocabulary.learn(read(Article(id=str(number), title="", summary=f"About Norvik and Town{number}.")))
    assert vocabulary.weight("town7") > 4 * vocabulary.weight("norvik") > 0


def test_memory_is_bounded_because_words_fade() -> None:
    vocabulary = Vocabulary(horizon=50)
    for number in range(2_000):
        vocabulary.learn(read(Article(id=str(number), title=f"report {number:06d}x")))
    assert len(vocabulary) < 200
    assert vocabulary.rarity("report") < vocabulary.highest_rarity()


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_read(title: str, summary: str, body: str) -> None:
    reading = read(Article(id="a", title=title, summary=summary, body=body))
    assert len(reading.lead) <= 150
    vocabulary = Vocabulary()
    vocabulary.learn(reading)
    assert all(vocabulary.rarity(word.folded) > 0 for word in reading.lead)
    assert reading.spellings().keys() == reading.counts(2.0).keys()
