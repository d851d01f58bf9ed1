from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.facts import remembered
from bot.core.updates import decision_in_words, weigh
from bot.model import Facts, UpdateDecision
from tests.core.told import NOW, new_facts, telling

TOLD = Facts(parties=("Norvik", "Tern"), figures=("$4 billion", "5 years"), status="reported")


@pytest.mark.parametrize(
    ("now", "news"),
    [
        ({"figures": ("$6 billion",)}, "value: $6 billion (was $4 billion)"),
        ({"figures": ("$4 billion", "7 years")}, "term: 7 years (was 5 years)"),
        ({"figures": ("2 GW",)}, "power: 2 GW"),
        ({"figures": ("$300 million",)}, "value: $300 million"),
        ({"parties": ("Norvik", "Castellan")}, "party: Castellan"),
        ({"chips": ("Halcyon",)}, "chip: Halcyon"),
        ({"status": "confirmed"}, "status: reported → confirmed"),
        ({"status": "denied"}, "status: reported → denied"),
    ],
)
def test_news_is_material(now: dict[str, object], news: str) -> None:
    update = weigh(telling("s1", facts=TOLD), replace(TOLD, **now), 1)  # type: ignore[arg-type]
    assert update.material
    assert update.news == (news,)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({"figures": ("$3.9 billion",)}, "not news: $3.9 billion is $4 billion, which was told"),
        ({"figures": ("$4,000 million",)}, "not news: $4,000 million is $4 billion, which was told"),
        ({"figures": ("€3.7 billion",)}, "not news: €3.7 billion is in another currency than what was told"),
        ({"status": "rumoured"}, "not news: rumoured, after reported was told"),
        ({"status": ""}, None),
        ({"figures": ()}, None),
        ({"parties": ("Tern",)}, None),
        ({}, None),
    ],
)
def test_what_only_looks_new_is_not_and_says_why(now: dict[str, object], reason: str | None) -> None:
    update = weigh(telling("s1", facts=TOLD), replace(TOLD, **now), 1)  # type: ignore[arg-type]
    assert not update.material
    assert update.reasons == ((reason,) if reason else ())


def test_a_new_figure_in_two_spellings_is_told_once() -> None:
    update = weigh(telling("s1", facts=TOLD), replace(TOLD, figures=("$6 billion", "$6,000 million")), 1)
    assert update.news == ("value: $6 billion (was $4 billion)",)


@pytest.mark.parametrize(
    ("status", "before", "now", "material"),
    [
        ("reported", 1, 3, False),
        ("reported", 1, 4, True),
        ("reported", 4, 7, False),
        ("reported", 4, 8, True),
        ("", 1, 4, True),
        ("confirmed", 1, 9, False),
        ("denied", 1, 9, False),
    ],
)
def test_reports_of_their_own_are_news_until_it_is_official(
    status: str, before: int, now: int, material: bool
) -> None:
    facts = Facts(status=status)
    update = weigh(telling("s1", facts=facts, sources=before), facts, now)
    assert update.material == material
    assert any(f"sources: {before} → {now}" in reason for reason in update.reasons)


def test_a_decision_is_put_in_words() -> None:
    decision = UpdateDecision(
        channel="mail", story_id="s1", at=NOW, revision=2, material=False, reasons=("not news: x",)
    )
    assert decision_in_words(decision) == "not material against telling 2 by mail: not news: x"
    told = replace(decision, material=True, reasons=("party: Tern", "chip: Halcyon"))
    assert decision_in_words(told) == "material against telling 2 by mail: party: Tern; chip: Halcyon"


names = st.lists(st.sampled_from(["Norvik", "Tern", "Castellan"]), unique=True, max_size=3).map(tuple)
figures = st.lists(
    st.sampled_from(["$4 billion", "$3.9 billion", "€4 billion", "$6 billion", "2 GW", "5 years"]),
    unique=True,
    max_size=4,
).map(tuple)
statuses = st.sampled_from(["", "rumoured", "reported", "confirmed", "denied", "completed", "cancelled"])
facts = st.builds(Facts, parties=names, chips=names, figures=figures, status=statuses)


@given(facts, facts, st.integers(1, 9), st.integers(1, 9))
def test_what_was_told_is_never_news_again(before: Facts, after: Facts, then: int, now: int) -> None:
    told = telling("s1", facts=before, sources=then)
    update = weigh(told, after, now)
    assert update.material == bool(update.news)
    again = replace(told, facts=remembered(before, after), sources=max(now, then))
    assert not weigh(again, after, now).material
    assert new_facts(again.facts, after) == ()
