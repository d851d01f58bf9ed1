from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.status import ENDED, HEDGED, first_status, follows, headline_status, progress, status_of

STATUSES = ("rumoured", "reported", "confirmed", "denied", "completed", "cancelled")
some = st.lists(st.sampled_from(("", *STATUSES)), max_size=8)


@pytest.mark.parametrize(
    ("title", "lead", "status"),
    [
        ("Norvik buys chips from Tern", "It will pay $4 billion.", "confirmed"),
        ("Norvik buys chips from Tern", "The two are in talks, people familiar with it said.", "reported"),
        ("Norvik buys chips from Tern", "The order is rumoured to be large. Nobody commented.", "rumoured"),
        ("Norvik announces order", "People familiar with the matter had said so before.", "confirmed"),
        ("Norvik orders chips", "The company said so in a statement. It reportedly pays less.", "confirmed"),
        (
            "Norvik orders chips",
            "It pays now. It builds later. It has more, sources said.",
            "confirmed",
        ),
        ("Norvik picks Tern", "Norvik and Tern announced it today.", "confirmed"),
        ("Norvik reportedly picks Tern", "Norvik announced nothing.", "reported"),
        ("Tern denies it supplies Norvik", "It was reportedly chosen.", "denied"),
        ("Tern rejects report of an order", "", "denied"),
        ("Norvik and Tern complete supply agreement", "", "completed"),
        ("Regulators wave it through", "The companies closed the deal on Wednesday.", "completed"),
        ("Norvik says its $6 billion deal with Tern has closed", "", "completed"),
        ("Norvik calls off order", "", "cancelled"),
        ("Shares closed higher", "The order of the day was calm.", ""),
        ("Norvik bestellt Chips", "Der Auftrag ist groß.", ""),
        ("", "", ""),
    ],
)
def test_headline_and_lead_give_the_status(title: str, lead: str, status: str) -> None:
    assert status_of(title, lead) == status


def test_a_headline_that_its_lead_repeats_is_read_once() -> None:
    lead = "Norvik buys chips\nThe two are in talks. It may take weeks."
    assert status_of("Norvik buys chips", lead) == "reported"
    assert headline_status("Norvik buys chips") == "confirmed"


@pytest.mark.parametrize(
    ("statuses", "end"),
    [
        (("reported", "confirmed", "reported", "rumoured"), "confirmed"),
        (("rumoured", "denied"), "denied"),
        (("rumoured", "denied", "confirmed", "completed"), "completed"),
        (("reported", "confirmed", "denied", "confirmed"), "denied"),
        (("reported", "confirmed", "denied", "completed"), "completed"),
        (("completed", "denied"), "completed"),
        (("confirmed", "cancelled", "confirmed"), "cancelled"),
        (("", "rumoured", ""), "rumoured"),
        ((), ""),
    ],
)
def test_a_story_goes_forward(statuses: tuple[str, ...], end: str) -> None:
    assert progress(statuses) == end


@given(some)
def test_saying_a_thing_again_changes_nothing(statuses: list[str]) -> None:
    assert progress([*statuses, *statuses]) in {progress(statuses), *STATUSES}
    assert progress([*statuses, progress(statuses)]) == progress(statuses)


@given(some, st.sampled_from(sorted(HEDGED)))
def test_a_hedge_never_takes_back_what_is_official(statuses: list[str], hedge: str) -> None:
    if (before := progress(statuses)) not in HEDGED | {""}:
        assert progress([*statuses, hedge]) == before


def test_what_follows_what() -> None:
    assert all(not follows(status, status) for status in STATUSES)
    assert not any(follows(one, other) and follows(other, one) for one, other in permutations(HEDGED, 2))
    assert all(follows("reported", end) for end in ENDED)


@given(st.text())
def test_any_text_has_a_known_status(source: str) -> None:
    assert status_of(source, source) in ("", *STATUSES)
    assert first_status(source) in ("", *STATUSES)
