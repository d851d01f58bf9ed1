from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.resemblance import Common, Resemblance, Vectors, told_elsewhere, weigh
from bot.core.vocabulary import Vocabulary, read
from bot.model import Article
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, article

OTHER_DEAL = (
    "Quillon signs 2 GW chip deal with Bergholt",
    "TARNOW - Quillon said on Friday it will buy two gigawatts of Bergholt accelerators over three years, "
    "the largest order that the chip maker has ever announced. The first racks arrive in 2028.",
)
OTHER_NEWS = (
    "New chief at Norvik",
    "The board of Norvik chose someone from outside to lead the group from May.",
)


def vectors(vocabulary: Vocabulary, *articles: Article) -> list[Vectors]:
    readings = [read(one) for one in articles]
    for reading in readings:
        vocabulary.learn(reading)
    return [weigh(reading, vocabulary) for reading in readings]


def compared(*texts: tuple[str, str]) -> Resemblance:
    """The last text with a story of the others."""
    vocabulary, story = Vocabulary(), Common()
    *members, item = vectors(vocabulary, *(article(n, one) for n, one in enumerate(texts)))
    for member in members:
        story.add(member)
    return story.resemblance(item, vocabulary)


def test_one_event_in_other_words_agrees_in_who_and_what() -> None:
    same = compared(DEAL, DEAL_AGAIN)
    assert min(same.who, same.what) > 0.2
    assert same.contradiction == 0.0
    assert same.besides_rarest > 10


@pytest.mark.parametrize(
    ("member", "item", "other"),
    [
        (("Norvik orders 400 pumps", "For Tampere."), ("Norvik orders 220 pumps", "For Turku."), True),
        (("Norvik orders 400 pumps", "For Tampere."), ("Norvik orders pumps", "220 for Turku."), False),
        (("Norvik orders 400 pumps", "For Tampere."), ("Order of 220", "After 400 for Tampere."), False),
        (("Toll at 12", "It may reach 85."), ("Toll rises to 85", "In Karvala."), False),
        (("400 pumps", "For 12 million."), ("400 of 600 pumps", "For Tampere."), False),
    ],
)
def test_figures_are_other_ones_where_neither_knows_those_of_the_other(
    member: tuple[str, str], item: tuple[str, str], other: bool
) -> None:
    assert compared(member, item).other_figures is other


def test_like_events_agree_in_what_and_contradict_in_who() -> None:
    like = compared(DEAL, OTHER_DEAL)
    assert like.what > 0.3
    assert like.who < 0.2
    assert like.names < 0
    assert like.contradiction == 1.0


def test_other_news_of_a_company_agrees_in_who_alone() -> None:
    other = compared(("Big deal for Norvik", "A deal was signed by Norvik."), OTHER_NEWS)
    assert other.who > 0.3
    assert other.what < 0.05
    assert other.besides_rarest < 2


def test_nothing_in_common_is_nothing() -> None:
    resemblance = compared(DEAL, FIRE)
    assert max(resemblance.who, resemblance.headline, resemblance.retold) == 0.0
    assert resemblance.besides_rarest < 5


def test_a_story_knows_what_its_items_share() -> None:
    vocabulary, story = Vocabulary(), Common()
    strays = [(f"Norvik and Town{number}", f"A stray about Town{number}.") for number in range(8)]
    for member in vectors(vocabulary, *(article(n, one) for n, one in enumerate(strays))):
        story.add(member)
    assert story.knows("norvik") == 1.0
    assert story.knows("town3") == pytest.approx(0.25)
    assert story.knows("fire") == 0.0


def test_a_headline_has_no_text() -> None:
    bare, full = vectors(Vocabulary(), article(1, (DEAL[0], "")), article(2, DEAL))
    assert (bare.has_text, full.has_text) == (False, True)


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=200)), min_size=2, max_size=5))
def test_every_observation_keeps_its_range(texts: list[tuple[str, str]]) -> None:
    resemblance = compared(*texts)
    cosines = resemblance._replace(names=0.0, rarest=0.0, besides_rarest=0.0, days=0)
    assert all(-1e-9 <= value <= 1 + 1e-9 for value in (*cosines[:-1], *resemblance.known.values()))
    assert -1 <= resemblance.names <= 1
    assert resemblance.rarest >= 0
    assert resemblance.besides_rarest >= -1e-9
    assert all(map(math.isfinite, resemblance[:-1]))


@pytest.mark.parametrize(
    ("day", "agreement"),
    [("on Monday", 1), ("on March 3", 0), ("in spring", 0), ("on Friday, February 27", -1)],
)
def test_days_agree_or_differ_where_both_name_some(day: str, agreement: int) -> None:
    report = ("Norvik signs", f"Norvik said {day} it will buy.")
    assert compared(DEAL, report).days == agreement


def test_a_word_of_the_headline_that_another_story_has_speaks_against_this_one() -> None:
    vocabulary = Vocabulary()
    deal, other, item = vectors(
        vocabulary, article(1, DEAL), article(2, OTHER_DEAL), article(3, ("Quillon buys from Bergholt", ""))
    )
    seen = []
    for member in (deal, other):
        story = Common()
        story.add(member)
        seen.append(story.resemblance(item, vocabulary))
    of_deal, of_other = told_elsewhere(item, seen)
    assert of_deal > 0.4
    assert of_other < 0.1
    assert told_elsewhere(item, seen[:1]) == [0.0]
    assert told_elsewhere(item, []) == []
