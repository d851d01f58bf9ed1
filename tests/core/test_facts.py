from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import extract_facts, merge, remembered, story_facts
from bot.core.lexicon import Lexicon
from bot.model import Entity, Facts
from tests.core.told import member, new_facts, story

NORVIK = Entity(id="norvik", name="Norvik", kind="company", aliases=("Norvik Networks",))
CASTELLAN = Entity(id="castellan", name="Castellan", kind="foundry")
TERN = Entity(id="tern", name="Tern", kind="company")
HALCYON = Entity(id="halcyon", name="Halcyon", kind="chip", aliases=("Halcyon 3",))
PERSON = Entity(id="ada", name="Ada Example", kind="person")
LEXICON = Lexicon([NORVIK, CASTELLAN, TERN, HALCYON, PERSON])


@pytest.mark.parametrize(
    ("source", "figures"),
    [
        ("a $10 billion deal", ("$10 billion",)),
        ("worth US$10bn", ("$10 billion",)),
        ("$10-billion order", ("$10 billion",)),
        ("€2 bn, £1.5M and ¥300b", ("€2 billion", "£1.5 million", "¥300 billion")),
        ("EUR 2.0 billion", ("€2 billion",)),
        ("NT$5 billion", ("NT$5 billion",)),
        ("10 billion dollars", ("$10 billion",)),
        ("500 million euros", ("€500 million",)),
        ("between $10-12 billion", ("$10–12 billion",)),
        ("paid $250,000,000 in cash", ("$250,000,000",)),
        ("shares rose to $75.20, a $999 card", ()),
        ("4GW, 2.5-gigawatt and 300 megawatts", ("4 GW", "2.5 GW", "300 MW")),
        ("1 million TPUs", ("1 million TPUs",)),
        ("100,000 Blackwell AI accelerators", ("100,000 accelerators",)),
        ("a rack of 72 GPUs; two chips", ()),
        ("a six-year agreement", ("6 years",)),
        ("over the next 10 years", ("10 years",)),
        ("for 1 year", ("1 year",)),
        ("ten-year-old firm founded 10 years ago", ()),
        ("a 1,000-year plan", ()),
        ("", ()),
    ],
)
def test_figures_have_one_spelling(source: str, figures: tuple[str, ...]) -> None:
    assert extract_facts(source).figures == figures


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("Norvik announces Halcyon order", "confirmed"),
        ("Norvik signed the contract on Monday", "confirmed"),
        ("Norvik in talks to buy chips, people familiar with the matter said", "reported"),
        ("Norvik reportedly signed with Castellan", "reported"),
        ("Norvik weighs chips of its own", "rumoured"),
        ("Norvik denies report that it signed", "denied"),
        ("Norvik calls off chip order announced in May", "cancelled"),
        ("Norvik completes acquisition of Tern", "completed"),
        ("Norvik orders chips\nIt is not known who might build them.", "confirmed"),
        ("The weather in Bergen", ""),
    ],
)
def test_cue_words_give_the_status(source: str, status: str) -> None:
    assert extract_facts(source).status == status


def test_parties_and_chips_in_order_of_appearance() -> None:
    facts = extract_facts("…", [CASTELLAN, HALCYON, NORVIK, CASTELLAN, PERSON])
    assert facts.parties == ("Castellan", "Norvik")
    assert facts.chips == ("Halcyon",)


def test_merged_facts_are_the_union_and_the_most_certain_status() -> None:
    rumour = Facts(parties=("Norvik",), figures=("4 GW",), status="rumoured")
    signed = Facts(parties=("Tern", "Norvik"), figures=("$1 billion",), status="confirmed")
    merged = merge([rumour, signed, rumour])
    assert merged == Facts(parties=("Norvik", "Tern"), figures=("4 GW", "$1 billion"), status="confirmed")
    assert merge([]) == Facts()


def test_news_is_said_in_words() -> None:
    before = Facts(parties=("Norvik",), figures=("1,000 million GPUs", "$10 billion"), status="reported")
    after = Facts(
        parties=("Norvik", "Castellan"),
        chips=("Halcyon",),
        figures=("1 billion GPUs", "$12 billion", "4 GW", "6 years", "5,000 chips"),
        status="confirmed",
    )
    assert new_facts(before, after) == (
        "value: $12 billion (was $10 billion)",
        "power: 4 GW",
        "term: 6 years",
        "volume: 5,000 chips",
        "party: Castellan",
        "chip: Halcyon",
        "status: reported → confirmed",
    )
    assert new_facts(after, after) == ()


def test_a_first_status_is_news_only_if_something_ended() -> None:
    assert new_facts(Facts(), Facts(status="confirmed")) == ()
    assert new_facts(Facts(), Facts(status="cancelled")) == ("status: not stated → cancelled",)


def test_a_storys_facts_come_from_headlines_parties_and_agreement() -> None:
    first = member(1, title="Norvik orders Halcyon 3 chips", summary="The order is worth $4 billion.")
    gossip = member(2, title="Chip order surprises rivals", summary="Tern, worth $90 billion, is not amused.")
    headline = member(3, title="Castellan to build 2 GW of Halcyon chips")
    assert story_facts(story(first, gossip, headline), LEXICON) == Facts(
        parties=("Norvik", "Castellan"),
        chips=("Halcyon",),
        figures=("$4 billion", "2 GW"),
        status="confirmed",
    )
    seconded = member(4, title="Reaction", summary="Tern said nothing.")
    assert "Tern" in story_facts(story(first, gossip, seconded), LEXICON).parties
    official = member(5, title="Statement", summary="Tern invests $90 billion.", primary=True)
    assert "$90 billion" in story_facts(story(first, official), LEXICON).figures


def test_the_first_text_is_the_first_that_was_published() -> None:
    round_up = member(1, title="The week in chips", summary="Tern orders 9,000 GPUs.", hours=1, seen=1)
    report = member(2, title="Norvik orders chips", summary="It pays $4 billion.", hours=5, seen=1)
    assert story_facts(story(round_up, report), LEXICON).figures == ("$4 billion",)
    undated = member(3, title="Tables", summary="Worth $8 billion.", dated=False, seen=9)
    assert story_facts(story(report, undated), LEXICON).figures == ("$8 billion",)


def test_facts_stand_in_the_order_of_publication_and_so_does_the_status() -> None:
    signed = member(1, title="Norvik signs a $7 billion contract", hours=3, seen=1)
    talks = member(2, title="Norvik in talks about a $6 billion contract", hours=9, seen=1)
    ended = member(3, title="Norvik calls off its contract", hours=2, seen=1)
    facts = story_facts(story(ended, signed, talks), LEXICON)
    assert (facts.figures, facts.status) == (("$6 billion", "$7 billion"), "cancelled")
    assert story_facts(story(talks, ended, signed), LEXICON) == facts


def test_copies_say_nothing_twice() -> None:
    first = member(1, title="Norvik orders chips")
    note = member(2, title="Markets", summary="Tern fell.")
    copied = member(3, title="Markets", summary="Tern fell.", copy_of=2)
    assert story_facts(story(first, note, copied), LEXICON).parties == ("Norvik",)


NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
pieces = st.sampled_from(["over", "years", "dollars", "signs", "denies", "\n", ".", "٣", "million", "k"]) | (
    st.sampled_from(
        [
            "$",
            "€",
            "10",
            "1,000,000",
            "2.5",
            " ",
            "-",
            "–",
            "billion",
            "bn",
            "GW",
            "GPUs",
            "chips",
            "six-year",
        ]
    )
)
texts = st.text() | st.lists(pieces, max_size=12).map(" ".join) | st.lists(pieces, max_size=12).map("".join)


@given(texts)
def test_any_text_gives_only_figures_that_stand_in_it(source: str) -> None:
    facts = extract_facts(source)
    for figure in facts.figures:
        for number in NUMBERS.findall(figure):
            assert number in source or number == "6", "the only number word among the pieces is six"
    assert new_facts(facts, facts) == ()


facts_of_any_text = texts.map(extract_facts)


@given(facts_of_any_text, facts_of_any_text)
def test_what_was_told_is_remembered(before: Facts, after: Facts) -> None:
    known = remembered(before, after)
    assert new_facts(known, after) == ()
    assert not [news for news in new_facts(known, before) if not news.startswith("status:")]
