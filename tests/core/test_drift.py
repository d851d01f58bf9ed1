from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift import (
    EDGES,
    LEAST_ITEMS,
    Drift,
    Kind,
    Sight,
    Unknown,
    gauges,
    recent_window,
    reference_window,
    stability,
    stability_by_chance,
    unknown_words,
)
from bot.core.profile import build_profiles
from bot.model import Exemplar, Item, ScoreTally, Topic

NOW = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = (700, 200, 60, 20, 10, 4, 3, 2, 1, 0)
histograms = st.lists(st.integers(0, 5000), min_size=10, max_size=10)


def sight(*bins: int, near: int = 0, unknown: tuple[float, float] | None = None, alike: float = 1.0) -> Sight:
    words = Unknown(items=50, mean=unknown[0], error=unknown[1]) if unknown else None
    tally = ScoreTally(items=sum(bins), near=near, bins=bins, effective=sum(bins) / alike)
    return Sight(window=recent_window(NOW), scores=tally, unknown=words)


def kinds(reference: Sight | None, recent: Sight) -> list[Kind]:
    return [alarm.kind for alarm in Drift(topic_id="t", recent=recent, reference=reference).alarms]


# ── windows ──────────────────────────────────────────────────────────────────────────────────────


def test_the_last_week_is_compared_with_the_first_four() -> None:
    assert recent_window(NOW).start == NOW - 7 * DAY
    window = reference_window(NOW - 60 * DAY, NOW)
    assert window
    assert window.start < NOW - 60 * DAY < window.end
    assert window.end - window.start == 28 * DAY


def test_a_young_profile_is_compared_with_what_there_is_of_it() -> None:
    window = reference_window(NOW - 10 * DAY, NOW)
    assert window
    assert window.end == recent_window(NOW).start
    assert reference_window(NOW - 7 * DAY, NOW) is None
    assert reference_window(None, NOW) is None


# ── measures ─────────────────────────────────────────────────────────────────────────────────────


@given(histograms, histograms)
def test_the_index_is_never_negative_and_the_same_both_ways(one: list[int], other: list[int]) -> None:
    assert stability(one, one) == 0
    assert stability(one, other) >= 0
    assert isclose(stability(one, other), stability(other, one), abs_tol=1e-12)


def test_the_index_by_hand() -> None:
    # (99.5/200, 100.5/200) would be 100 and 99 items: half an item is added to each bin.
    expected = (0.75 - 0.25) * 1.0986122886681098 * 2
    assert stability((1, 4), (4, 1)) == pytest.approx((4.5 - 1.5) / 6 * 1.0986122886681098 * 2)
    assert stability((10_000, 30_000), (30_000, 10_000)) == pytest.approx(expected, abs=1e-3)


def test_chance_alone_is_rarely_called_much() -> None:
    """χ² at 99.9 %: 27.88 with nine degrees of freedom, 10.83 with one (an empty bin has none)."""
    even, two = sight(*(100,) * 10).scores, sight(500, 500, 0).scores
    assert stability_by_chance(even, even) == pytest.approx(27.88 * 2 / 1000, rel=0.01)
    assert stability_by_chance(two, two) == pytest.approx(10.83 * 2 / 1000, rel=0.05)
    doubled = sight(*(100,) * 10, alike=2).scores
    assert stability_by_chance(doubled, doubled) == pytest.approx(2 * stability_by_chance(even, even))


def test_items_of_one_story_count_for_little_more_than_one() -> None:
    """What is an alarm of as many independent items is none of a few large stories."""
    pairs = (
        (sight(*USUAL, near=20), sight(*USUAL, near=60), Kind.NEAR),
        (sight(4000, 3000, 2000, 1000), sight(2000, 2700, 3000, 2300), Kind.SCORES),
        (sight(*USUAL, unknown=(0.4, 0.02)), sight(*USUAL, unknown=(0.55, 0.02)), Kind.WORDS),
    )
    for before, now, kind in pairs:
        assert kinds(before, now) == [kind]
        tally = replace(now.scores, effective=now.scores.items / 8)
        assert kinds(before, replace(now, scores=tally)) == ([kind] if kind is Kind.SCORES else [])
        tally = replace(now.scores, effective=99.0)
        assert kinds(before, replace(now, scores=tally)) == []


def test_bins_part_scores_by_whole_log_odds() -> None:
    assert list(EDGES) == sorted(EDGES)
    assert 0.5 in EDGES
    assert len(EDGES) + 1 == len(USUAL)


def item(title: str) -> Item:
    return Item(id=title, feed_id="f", url="", canonical_url="", title=title, seen_at=NOW, content_hash=title)


def test_words_are_unknown_that_no_exemplar_has() -> None:
    exemplar = Exemplar(id="e", title="Norvik tapes out accelerator", text="", topics=frozenset({"t"}))
    judge = build_profiles([Topic(id="t", title="T")], [exemplar], ())
    seen = unknown_words([item("Norvik accelerator sells turbines")] * 20 + [item("Norvik")] * 20, judge)
    assert seen
    assert seen.items == 40
    assert seen.mean == pytest.approx(0.25)
    assert 0.03 < seen.error < 0.05
    assert unknown_words([item("Norvik")] * 29, judge) is None
    assert unknown_words([item("...")] * 90, judge) is None
    assert unknown_words([item("Norvik")] * 90, build_profiles([], (), ())) is None


# ── alarms ───────────────────────────────────────────────────────────────────────────────────────


def test_the_same_stream_gives_no_alarm() -> None:
    same = sight(*USUAL, near=20, unknown=(0.4, 0.01))
    assert kinds(same, same) == []
    assert kinds(None, same) == []


def test_more_close_decisions_are_told() -> None:
    before = sight(*USUAL, near=20)
    assert kinds(before, sight(*USUAL, near=60)) == [Kind.NEAR]
    assert kinds(before, sight(*USUAL, near=30)) == [], "not twice as many"
    assert kinds(sight(*USUAL, near=1), sight(*USUAL, near=3)) == [], "chance"
    assert kinds(sight(*USUAL, near=60), before) == [], "fewer are no trouble"


def test_scores_spread_otherwise_are_told() -> None:
    moved = tuple(reversed(USUAL))
    assert kinds(sight(*USUAL), sight(*moved)) == [Kind.SCORES]
    few, others = (40, 30, 20, 10), (20, 27, 30, 23)
    assert kinds(sight(*few), sight(*others)) == [], "so few items differ by chance"
    assert kinds(sight(*(100 * n for n in few)), sight(*(100 * n for n in others))) == [Kind.SCORES]


def test_words_that_the_corpus_lacks_are_told() -> None:
    before = sight(*USUAL, unknown=(0.4, 0.02))
    assert kinds(before, sight(*USUAL, unknown=(0.55, 0.02))) == [Kind.WORDS]
    assert kinds(before, sight(*USUAL, unknown=(0.48, 0.002))) == [], "a little more"
    assert kinds(before, sight(*USUAL, unknown=(0.6, 0.2))) == [], "not sure"
    assert kinds(before, sight(*USUAL)) == []


def test_with_few_items_nothing_is_said() -> None:
    few = sight(0, 0, LEAST_ITEMS - 1, near=90)
    enough = sight(LEAST_ITEMS, 0, 0)
    assert kinds(enough, few) == kinds(few, enough) == []
    assert Drift(topic_id="t", recent=few, reference=enough).stability is None


@given(histograms, histograms, st.floats(0, 1), st.floats(0, 1))
def test_any_two_sights_can_be_compared(
    one: list[int], other: list[int], part: float, other_part: float
) -> None:
    drift = Drift(
        topic_id="t",
        recent=sight(*one, near=int(part * sum(one))),
        reference=sight(*other, near=int(other_part * sum(other))),
    )
    assert len({alarm.kind for alarm in drift.alarms}) == len(drift.alarms)
    assert all(gauge.value >= 0 for gauge in gauges([drift]))


def test_gauges_tell_what_is_known() -> None:
    drift = Drift(topic_id="t", recent=sight(*USUAL, near=50, unknown=(0.4, 0.1)))
    assert {gauge.name: gauge.value for gauge in gauges([drift])} == {
        "drift_recent_items": 1000,
        "drift_recent_near_ratio": 0.05,
        "drift_recent_unknown_words_ratio": 0.4,
        "drift_alarms": 0,
    }
