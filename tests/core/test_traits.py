from __future__ import annotations

from bot.core.features import BODY_WORDS, extract
from bot.core.lexicon import Lexicon
from bot.core.traits import traits
from bot.model import Entity

LEXICON = Lexicon(
    (
        Entity(id="alder", name="Alder", kind="cloud"),
        Entity(id="birch", name="Birch", kind="design house"),
        Entity(id="cedar", name="Cedar", kind="cloud"),
    )
)


def read(title: str, summary: str = "", body: str = "") -> frozenset[str]:
    return extract("item", title=title, summary=summary, body=body, lexicon=LEXICON).traits


def test_deals_are_alike_whoever_signs_them() -> None:
    one = read("Alder signs $10 billion chip deal with Birch", "It is a five-year deal.")
    other = read("Cedar orders silicon worth €2bn from Birch", "The three-year agreement stands.")
    assert one == other
    assert one == {
        "headline: cloud",
        "headline: design-house",
        "headline: several parties",
        "headline: value",
        "headline: confirmed",
        "cloud",
        "design-house",
        "several parties",
        "value",
        "term",
        "confirmed",
    }


def test_what_only_the_lead_says_is_not_in_the_headline() -> None:
    assert read("Chips are scarce", "Alder holds talks with Birch.") == {
        "cloud",
        "design-house",
        "several parties",
        "reported",
    }


def test_who_is_named_late_in_a_body_is_no_trait() -> None:
    assert read("Chips are scarce", body="word " * BODY_WORDS + "Alder buys for $10 billion.") == frozenset()


def test_a_text_without_parties_figures_and_status_has_no_traits() -> None:
    assert read("Rain in Kesh") == frozenset()
    assert traits("", "", {}, {}) == frozenset()


def test_one_party_named_twice_is_one() -> None:
    assert read("Alder is Alder") == {"headline: cloud", "cloud"}
