from __future__ import annotations

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.evaluate import Labelled, average_precision, best_threshold, calibration_error, evaluate
from bot.model import Share, Verdict

scored_lists = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30)


def verdict(topic: str, score: float, shares: tuple[Share, ...] = ()) -> Verdict:
    return Verdict(
        item_id="i",
        topic_id=topic,
        score=score,
        matched=score >= 0.5,
        threshold=0.5,
        shares=shares,
        nearest=None,
        profile_version="v",
    )


def row(name: str, topics: str, *scores: float, borderline: bool = False) -> Labelled:
    verdicts = tuple(verdict(topic, score) for topic, score in zip("ab", scores, strict=True))
    return Labelled(
        item_id=name,
        title=f"Title {name}",
        topics=frozenset(topics),
        verdicts=verdicts,
        borderline=borderline,
    )


def test_figures_of_a_small_table_by_hand() -> None:
    report = evaluate(
        [
            row("1", "a", 0.9, 0.1),
            row("2", "", 0.8, 0.1),
            row("3", "ab", 0.7, 0.6),
            row("4", "a", 0.2, 0.1),
        ]
    )
    first, second = report.topics
    assert (first.positives, first.true_positives, first.false_positives, first.false_negatives) == (
        3,
        2,
        1,
        1,
    )
    assert first.precision == first.recall == first.f1 == pytest.approx(2 / 3)
    assert first.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)
    assert first.best_threshold == 0.2
    assert first.best_f1 == pytest.approx(6 / 7)
    assert (second.f1, second.average_precision) == (1, 1)
    assert report.f1 == pytest.approx((2 / 3 + 1) / 2)
    assert report.rows == 4


def test_mistakes_are_listed_misses_first_and_the_surest_on_top() -> None:
    report = evaluate(
        [row("1", "", 0.6, 0), row("2", "", 0.9, 0), row("3", "a", 0.4, 0), row("4", "a", 0.1, 0)]
    )
    assert [(m.item_id, m.missed) for m in report.topics[0].mistakes] == [
        ("4", True),
        ("3", True),
        ("2", False),
        ("1", False),
    ]


def test_a_mistake_names_the_shares_that_misled() -> None:
    shares = (
        Share(signal="prior", share=2.0, detail="before"),
        Share(signal="query", share=3.0, detail="title: “chip”"),
        Share(signal="exemplars", share=1.5, detail="nearest"),
    )
    wrong = Labelled(
        item_id="1", title="Potato chips", topics=frozenset(), verdicts=(verdict("a", 0.92, shares),)
    )
    (mistake,) = evaluate([wrong]).topics[0].mistakes
    assert mistake.why == "query +3.0 (title: “chip”); exemplars +1.5 (nearest)"


def test_borderline_rows_can_be_left_out() -> None:
    rows = [row("1", "a", 0.9, 0.1), row("2", "a", 0.1, 0.1, borderline=True)]
    assert evaluate(rows).topics[0].recall == 0.5
    assert evaluate(rows, with_borderline=False).topics[0].recall == 1


def test_a_topic_without_labels_is_kept_out_of_the_averages_and_unknown_labels_are_named() -> None:
    report = evaluate([row("1", "az", 0.9, 0.9)])
    assert report.f1 == 1
    assert report.topics[1].false_positives == 1
    assert report.unknown_labels == ("z",)


def test_nothing_to_evaluate_gives_zeros() -> None:
    report = evaluate([])
    assert (report.rows, report.topics, report.f1, report.calibration_error) == (0, (), 0, 0)


def test_ties_give_one_figure_whatever_their_order() -> None:
    pairs = [(0.5, True), (0.5, False), (0.5, True)]
    assert average_precision(pairs) == average_precision(pairs[::-1]) == pytest.approx(2 / 3)


@given(scored_lists)
def test_order_of_items_changes_nothing(pairs: list[tuple[float, bool]]) -> None:
    turned = pairs[::-1]
    assert isclose(average_precision(pairs), average_precision(turned))
    assert best_threshold(pairs) == best_threshold(turned)


@given(scored_lists)
def test_best_threshold_beats_every_other_threshold(pairs: list[tuple[float, bool]]) -> None:
    threshold, best = best_threshold(pairs)
    positives = sum(relevant for _, relevant in pairs)
    f1s = []
    for cut, _ in pairs:
        claimed = [relevant for score, relevant in pairs if score >= cut]
        f1s.append(2 * sum(claimed) / (len(claimed) + positives))
    assert best == max(f1s, default=0)
    assert 0 <= average_precision(pairs) <= 1
    assert best == 0 or any(score == threshold for score, _ in pairs)


def test_calibration_error_measures_confidence_against_frequency() -> None:
    honest = [(0.75, True)] * 3 + [(0.75, False)]
    boastful = [(0.95, False)] * 4
    assert calibration_error(honest) == pytest.approx(0)
    assert calibration_error(boastful) == pytest.approx(0.95)
