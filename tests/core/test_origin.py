from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.core.origin import citing, published, texts, without_outlet
from bot.model import Member, Story
from tests.core.told import NOW, member, story


def wire(number: int, **changes: object) -> Member:
    given = {"source": "harbourwire.example", "title": "Norvik orders chips", "summary": "Norvik pays."}
    return member(number, **{**given, **changes})  # type: ignore[arg-type]


def origin(*members: Member) -> str:
    ((first, *_),) = texts(story(*members))
    return first.item.id


def test_the_first_text_is_the_origin_whichever_was_seen_first() -> None:
    report = wire(1, hours=5, seen=1)
    copy = wire(2, hours=4, seen=4, source="courier.example", copy_of=1)
    assert origin(report, copy) == origin(copy, report) == "i1"


def test_a_bare_headline_that_came_first_is_no_origin() -> None:
    headline = wire(2, hours=6, summary="", source="feedmill.example")
    report = wire(1, hours=5, copy_of=2)
    assert origin(headline, report) == "i1"


def test_who_names_the_other_is_the_copy() -> None:
    """An aggregator may date its copy before the report, and an agency's reprint names the agency."""
    report = wire(1, hours=5)
    behind = wire(
        2, hours=6, title="Norvik orders chips - Harbour Wire", source="feedmill.example", copy_of=1
    )
    assert origin(report, behind) == "i1"
    reprint = wire(3, hours=6, summary="OSTREN (Harbour Wire) - Norvik pays.", source="courier.example")
    assert origin(replace(reprint, placement=replace(reprint.placement, copy_of="i1")), report) == "i1"


def test_a_party_to_the_event_is_the_origin_of_its_release() -> None:
    release = wire(1, hours=2, primary=True, source="norvik.example")
    assert origin(wire(2, hours=3, copy_of=1), release) == "i1"


def test_who_cites_whom_is_said() -> None:
    report = wire(1, hours=5)
    echo = member(
        2, source="kestrel.example", title="Norvik to pay", summary="Norvik pays, Harbour Wire reported."
    )
    own = member(3, source="ledger.example", summary="Norvik pays, a clerk at the harbour said. A wire hung.")
    assert dict(citing(story(report, echo, own))) == {"i2": {"harbourwire.example"}}


def test_an_outlet_goes_by_its_own_name_and_not_by_a_department() -> None:
    report = member(1, source="finance.tidewater.example")
    said = member(2, source="kestrel.example", summary="The minister of finance said so.")
    cites = member(3, source="ledger.co.uk", summary="Tidewater reported it, and Ledger too.")
    assert dict(citing(story(report, said, cites))) == {"i3": {"finance.tidewater.example"}}


def test_an_outlets_name_goes_only_where_it_is_the_publishers() -> None:
    assert without_outlet("Chips - Harbour Wire", "harbourwire.example") == "Chips"
    assert without_outlet("Chips - Harbour Wire", "feedmill.example") == "Chips - Harbour Wire"


def test_a_date_after_the_first_sight_is_not_believed() -> None:
    assert published(member(1, hours=-5, seen=2).item) == member(1, hours=2).item.seen_at
    assert published(member(1, dated=False, seen=2).item) < NOW


@st.composite
def stories(draw: st.DrawFn) -> Story:
    return story(
        *(
            member(
                number,
                hours=draw(st.integers(1, 5)),
                seen=1,
                copy_of=draw(st.none() | st.integers(1, 3)) if number > 3 else None,
                primary=draw(st.booleans()),
                summary=draw(st.sampled_from(["", "Text.", "Paper1 reported it."])),
                source=draw(st.sampled_from(["paper1.example", "paper2.example", "paper3.example"])),
            )
            for number in range(1, draw(st.integers(2, 7)))
        )
    )


@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(one: Story, random: Random) -> None:
    shuffled = [*one.members]
    random.shuffle(shuffled)
    assert texts(replace(one, members=tuple(shuffled))) == texts(one)
    assert sum(len(members) for members in texts(one)) == len(one.members)
