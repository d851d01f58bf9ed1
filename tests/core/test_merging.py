"""Late evidence: when two stories are one, and when they are not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.merging import run
from bench.stories import read
from bot.core.merging import Fit, OneEvent, late_evidence, merging
from bot.core.openstory import OpenStory
from bot.core.resemblance import Vectors
from bot.core.stories import Grouper, StoryPolicy
from bot.core.vocabulary import Vocabulary
from bot.model import Placement
from tests.core.articles import DEAL, DEAL_AGAIN, FIRE, ONE_ORDER, article
from tests.core.test_openstory import story
from tests.shared import shared_path

OLD, NEW = story("old", 1, "a1", "a2"), story("new", 2, "b1", "b2")
STRONGLY = 5.0
FITTING = [Fit(8.0, NEW, "b1"), Fit(5.0, OLD, "a1")]


def found(
    there: float = 9.0,
    back: float = 9.0,
    *,
    fitting: list[Fit] = FITTING,
    old: Mapping[str, object] = {},
    new: Mapping[str, object] = {},
) -> OneEvent | None:
    """What is decided where items of the new story fit the old one so well, and the other way ``back``."""

    def odds(_item: Vectors, whole: OpenStory, _closest: float, _day: float) -> float:
        return there if whole.id == "old" else back

    changed = {"old": replace(OLD, **old), "new": replace(NEW, **new)}  # type: ignore[arg-type]
    meant = [fit._replace(story=changed[fit.story.id]) for fit in fitting]
    return late_evidence(meant, odds, Vocabulary(), STRONGLY)


def test_what_fits_two_strongly_that_fit_each_other_makes_them_one_and_the_older_stays() -> None:
    one = found()
    assert one is not None
    assert (one.survivor.id, one.other.id, one.there, one.back) == ("old", "new", 9.0, 9.0)
    assert found(5.0, 5.0) is not None


def test_what_fits_one_of_them_weakly_merges_nothing() -> None:
    assert found(fitting=[Fit(8.0, NEW, "b1"), Fit(4.9, OLD, "a1")]) is None
    assert found(fitting=[Fit(8.0, NEW, "b1")]) is None
    assert found(fitting=[]) is None


def test_a_round_up_that_fits_many_merges_nothing() -> None:
    assert found(fitting=[*FITTING, Fit(5.0, OLD, "a2")]) is None


def test_both_ways_must_fit() -> None:
    assert found(there=4.9) is None
    assert found(back=4.9) is None
    assert found(back=-math.inf) is None


def test_what_people_kept_apart_stays_apart() -> None:
    assert found(old={"apart": frozenset({"new"})}) is None
    assert found(new={"apart": frozenset({"old"})}) is None


def test_what_nobody_wants_to_hear_of_takes_nothing_with_it() -> None:
    assert found(old={"muted": True}) is None
    assert found(old={"muted": True}, new={"muted": True}) is not None


def test_one_odd_item_does_not_outvote_the_others_but_most_must_be_at_home() -> None:
    values = {"a1": 20.0, "a2": -math.inf}

    def odds(item: Vectors, _whole: OpenStory, _closest: float, _day: float) -> float:
        return next((value for name, value in values.items() if name in item.words), 9.0)

    assert late_evidence(FITTING, odds, Vocabulary(), STRONGLY) is not None
    values["a1"] = -1.0
    assert late_evidence(FITTING, odds, Vocabulary(), -99.0) is None


def test_the_placement_tells_what_became_part_of_what_and_how_surely() -> None:
    placed = Placement(item_id="c1", story_id="new", opens=False, because="shares Norvik with the story")
    assert merging(placed, None) is placed
    merged = merging(placed, OneEvent(OLD, NEW, 3.0, 4.0))
    assert (merged.story_id, merged.merges) == ("old", ("new",))
    assert "story new is the same event" in merged.because
    assert merged.because.endswith("(95% and 98%)")


# ── in a grouper ─────────────────────────────────────────────────────────────────────────────────

LATER = (
    "Halcyon to supply Norvik with four gigawatts of accelerators",
    "Norvik buys accelerators worth four gigawatts from the Bergen chip maker Halcyon, its biggest order; "
    "deliveries start in 2027.",
)


def apart() -> Grouper:
    """Two reports of one event that stand in two stories."""
    grouper = Grouper()
    for number, (text, name) in enumerate(((DEAL, "first"), (DEAL_AGAIN, "second"), (FIRE, "fire"))):
        placed = Placement(item_id=f"a{number}", story_id=name, opens=True)
        grouper.restore(article(number, text, hours=number), placed)
    return grouper


def test_a_report_that_fits_both_puts_two_stories_together() -> None:
    grouper = apart()
    placed = grouper.place(article(7, LATER, hours=4))
    assert (placed.story_id, placed.merges) == ("first", ("second",))
    again = grouper.place(article(8, (LATER[0], DEAL_AGAIN[1]), hours=5))
    assert (again.story_id, again.merges) == ("first", ())
    assert list(grouper.memory.story_of("a7").traces) == ["a0", "a1", "a7", "a8"]
    assert grouper.place(article(1, DEAL_AGAIN)).story_id == "first"
    assert len(grouper) == 2


def test_an_item_that_is_restored_merges_again_what_it_merged() -> None:
    first, second = apart(), apart()
    placed = first.place(article(7, LATER, hours=4))
    second.restore(article(7, LATER, hours=4), placed)
    follow_up = article(8, (LATER[0], DEAL_AGAIN[1]), hours=5)
    assert first.place(follow_up) == second.place(follow_up)


def test_a_looser_policy_merges_more() -> None:
    strict = Grouper(StoryPolicy(strongly=99.0))
    for number, (text, name) in enumerate(((DEAL, "first"), (DEAL_AGAIN, "second"))):
        strict.restore(
            article(number, text, hours=number), Placement(item_id=f"a{number}", story_id=name, opens=True)
        )
    assert strict.place(article(7, LATER, hours=4)).merges == ()


def test_reports_of_one_order_are_one_story_once_a_report_shows_it() -> None:
    grouper = Grouper()
    placed = [grouper.place(article(number, text, hours=number)) for number, text in enumerate(ONE_ORDER)]
    assert [one.merges for one in placed[:-1]] == [()] * (len(placed) - 1)
    assert placed[-1].merges == (placed[1].story_id,)
    assert len(grouper) == 1


TEXTS = st.sampled_from([*ONE_ORDER, DEAL, DEAL_AGAIN, FIRE])
STREAM = st.lists(TEXTS, max_size=16)
EAGER = StoryPolicy(start=-7.0, strongly=-1.0)
"""Opens more stories, and puts more of them together."""


@given(STREAM)
@settings(max_examples=60, deadline=None)
def test_a_stream_that_is_repeated_changes_nothing(drawn: list[tuple[str, str]]) -> None:
    articles = [article(number, text, hours=number) for number, text in enumerate(drawn)]
    grouper = Grouper(EAGER)
    for one in articles:
        grouper.place(one)
    stories = {one.id: grouper.memory.story_of(one.id).id for one in articles}
    assert {one.id: grouper.place(one).story_id for one in articles} == stories
    assert len(grouper) == len(set(stories.values()))


@given(STREAM, st.integers(0, 16))
@settings(max_examples=60, deadline=None)
def test_a_restart_changes_no_decision_to_merge(drawn: list[tuple[str, str]], restart_after: int) -> None:
    articles = [article(number, text, hours=number) for number, text in enumerate(drawn)]
    unbroken, begun_anew = Grouper(EAGER), Grouper(EAGER)
    expected = [unbroken.place(one) for one in articles]
    for one, placement in zip(articles[:restart_after], expected, strict=False):
        begun_anew.restore(one, placement)
    assert [begun_anew.place(one) for one in articles[restart_after:]] == expected[restart_after:]


@pytest.mark.parametrize("stream", ["gva", "mixed", "synd", "uci"])
def test_on_labelled_streams_what_is_merged_is_one_event(stream: str) -> None:
    found = run(list(read(shared_path(f"eval/stories/{stream}.dev.jsonl"))), StoryPolicy())
    assert found.right == found.merges
