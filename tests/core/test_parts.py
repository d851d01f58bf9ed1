"""What was told of either part counts for the whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.parts import Part, united
from bot.model import Facts, Telling
from tests.core.told import new_facts
from tests.storage.samples import HOUR, NOW, telling

WHOLE, OTHER = Part(texts=3), Part(texts=2, since=NOW)
DEAL = Facts(parties=("Norvik",), figures=("$2 billion",), status="reported")
PLANT = Facts(parties=("Halcyon",), figures=("4 GW",), status="confirmed")


def one(story_id: str, **changes: object) -> Telling:
    return telling(story_id, **{"told_at": NOW - HOUR, "sources": 4} | changes)


def test_nothing_told_of_any_part_is_nothing_told() -> None:
    assert united("a", [(WHOLE, None), (OTHER, None)]) is None


def test_two_that_were_told_are_told_as_one_with_all_facts_and_the_first_title() -> None:
    late = one("a", title="Later", facts=PLANT, revision=1, origin="now")
    early = one("b", title="First", facts=DEAL, revision=3, told_at=NOW - 2 * HOUR, sources=5)
    found = united("a", [(WHOLE, late), (OTHER, early)])
    assert found is not None
    assert (found.story_id, found.revision, found.title, found.sources) == ("a", 3, "First", 9)
    assert (found.origin, found.told_at) == ("now", NOW - HOUR)
    assert found.facts.status == "confirmed"
    assert new_facts(found.facts, DEAL) == ()
    assert new_facts(found.facts, Facts(parties=("Norvik", "Halcyon"), figures=("4 GW", "$2 billion"))) == ()


def test_the_sources_of_an_untold_part_are_no_growth() -> None:
    for made_of in ([(WHOLE, None), (OTHER, one("b"))], [(WHOLE, one("a")), (OTHER, None)]):
        found = united("a", made_of)
        assert found is not None
        assert found.sources == 4 + (3 if made_of[0][1] is None else 2)


def test_what_waits_was_not_told_and_its_facts_are_still_news() -> None:
    found = united("a", [(WHOLE, one("a", facts=DEAL)), (OTHER, one("b", revision=0, facts=PLANT))])
    assert found is not None
    assert (found.revision, found.facts) == (1, DEAL)
    assert united("a", [(WHOLE, None), (OTHER, one("b", revision=0))]) is None


def test_once_the_whole_was_told_its_parts_add_nothing() -> None:
    since = one("a", told_at=NOW + HOUR, revision=2, sources=6, facts=DEAL)
    found = united("a", [(WHOLE, since), (OTHER, one("b", facts=DEAL))])
    assert found is not None
    assert (found.sources, found.revision) == (6, 2)


TOLD = st.builds(
    lambda revision, hours, facts: one("x", revision=revision, told_at=NOW + hours * HOUR, facts=facts),
    st.integers(0, 4),
    st.integers(-3, 3),
    st.sampled_from([DEAL, PLANT, Facts()]),
)
PARTS = st.lists(st.tuples(st.builds(Part, texts=st.integers(1, 9)), st.none() | TOLD), max_size=4)


@given(PARTS)
def test_no_part_told_is_lost(made_of: list[tuple[Part, Telling | None]]) -> None:
    known = [told for _, told in made_of if told and told.revision > 0]
    found = united("whole", made_of)
    assert (found is None) == (not known)
    if found:
        assert found.revision == max(told.revision for told in known)
        for told in known:
            assert set(told.facts.figures) <= set(found.facts.figures)
