from typing import Any

import pytest

from bot.core.backtest import Kind, Tally, compare
from bot.model import Share, Verdict
from tests.core.test_feedback import item


def verdict(topic: str, score: float, *, query: float = 0.0, **changes: Any) -> Verdict:
    given: dict[str, Any] = {
        "item_id": "1",
        "topic_id": topic,
        "score": score,
        "matched": score >= 0.5,
        "threshold": 0.5,
        "shares": (
            Share(signal="prior", share=0.8, detail="before anything is read"),
            Share(signal="query", share=query, detail="title: “chip”"),
        ),
        "nearest": None,
        "profile_version": "v1",
    }
    return Verdict(**given | changes)


ITEM = item("Alder tests a chip")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ({"a": 0.2}, {"a": 0.7}, Kind.ADDED),
        ({"a": 0.7}, {"a": 0.2}, Kind.DROPPED),
        ({"a": 0.7, "b": 0.2}, {"a": 0.2, "b": 0.7}, Kind.MOVED),
        ({"a": 0.7, "b": 0.2}, {"a": 0.9, "b": 0.7}, Kind.ADDED),
        ({"a": 0.7, "b": 0.7}, {"a": 0.9, "b": 0.1}, Kind.DROPPED),
        ({}, {"a": 0.7}, Kind.ADDED),
        ({"a": 0.7}, {}, Kind.DROPPED),
        ({"a": 0.7}, {"b": 0.7}, Kind.MOVED),
        ({"a": 0.6}, {"a": 0.9}, None),
        ({"a": 0.1}, {"b": 0.2}, None),
        ({}, {}, None),
    ],
)
def test_what_becomes_of_an_item(
    before: dict[str, float], after: dict[str, float], kind: Kind | None
) -> None:
    change = compare(
        ITEM,
        [verdict(topic, score) for topic, score in before.items()],
        [verdict(topic, score) for topic, score in after.items()],
    )
    assert (change and change.kind) == kind


def test_a_change_names_scores_and_the_share_that_did_it() -> None:
    change = compare(
        ITEM,
        [verdict("a", 0.2, query=-2.6), verdict("b", 0.9)],
        [verdict("a", 0.7, query=1.3), verdict("b", 0.1, query=-1.0)],
        headline_only=True,
    )
    assert change is not None
    assert change.headline_only
    assert [(shift.topic, shift.before, shift.after) for shift in change.shifts] == [
        ("b", 0.9, 0.1),
        ("a", 0.2, 0.7),
    ]
    assert change.shifts[1].why == "query −2.6 → +1.3: title: “chip”".replace("−", "-")
    assert change.weight == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ([], [verdict("a", 0.7)], "there is no verdict of before"),
        ([verdict("a", 0.7)], [], "the topic is not watched any more"),
        (
            [verdict("a", 0.7)],
            [verdict("a", 0.7, threshold=0.8, matched=False)],
            "threshold 0.50 → 0.80",
        ),
        (
            [verdict("a", 0.7, shares=(Share(signal="old", share=1.5, detail="gone"),))],
            [verdict("a", 0.2, shares=())],
            "old +1.5 → +0.0",
        ),
    ],
)
def test_reasons_of_other_kinds(before: list[Verdict], after: list[Verdict], why: str) -> None:
    change = compare(ITEM, before, after)
    assert change is not None
    assert change.shifts[0].why == why


def test_a_tally_counts_everything_and_holds_the_widest() -> None:
    tally = Tally(limit=2)
    for number in range(100):
        change = compare(
            item(f"Chip {number}"), [verdict("a", 0.4)], [verdict("a", 0.5 + (number * 37 % 100) / 200)]
        )
        assert change is not None
        tally.add([change])
    lost = compare(item("Lost"), [verdict("a", 0.6)], [verdict("a", 0.4)])
    assert lost is not None
    tally.add([lost])
    assert tally.changed == 101
    assert (tally.kinds[Kind.ADDED], tally.kinds[Kind.DROPPED]) == (100, 1)
    assert (tally.topics["a", True], tally.topics["a", False]) == (100, 1)
    widest = tally.widest()
    assert [round(change.weight, 3) for change in widest] == [0.595, 0.59, 0.2]
    assert len(tally.changes) < 20
