from typing import Any

import pytest

from bot.core.reasons import in_words, is_close
from bot.core.weights import VETO
from bot.model import Share, Verdict


def verdict(shares: dict[str, float], *, score: float = 0.9, **changes: Any) -> Verdict:
    given: dict[str, Any] = {
        "item_id": "1",
        "topic_id": "own-chips",
        "score": score,
        "matched": score >= 0.5,
        "threshold": 0.5,
        "shares": tuple(
            Share(signal=signal, share=share, detail=f"{signal} said so") for signal, share in shares.items()
        ),
        "nearest": None,
        "profile_version": "v1",
    }
    return Verdict(**given | changes)


def test_what_decided_comes_first_and_the_strongest_first_of_all() -> None:
    shares = {"prior": 0.8, "query": 2.0, "exemplars": 2.5, "entities": -1.3, "feedback": -0.4}
    assert in_words(verdict(shares)) == (
        "For it: it reads like the examples and the query finds it. "
        "Against it: it names nobody the topic is about and readers marked such news as not this topic."
    )
    assert in_words(verdict(shares, score=0.1)).startswith("Against it: it names nobody")


def test_a_second_opinion_is_told_as_one() -> None:
    assert in_words(verdict({"query": -1.0, "advisor": 1.5})) == (
        "For it: the advisor finds it on topic. Against it: the query finds nothing in it."
    )
    assert in_words(verdict({"advisor": -1.5}, score=0.1)) == "Against it: the advisor finds it off topic."


def test_faint_shares_and_the_prior_are_not_worth_a_word() -> None:
    assert in_words(verdict({"prior": -3.0, "query": 0.2})) == "Nothing in it speaks clearly for or against."
    assert in_words(verdict({"query": 2.0, "exemplars": -0.1})) == "For it: the query finds it."


@pytest.mark.parametrize(
    ("signal", "told"),
    [
        ("exclude", "The exclusion rules it out."),
        ("language", "Its language is not watched."),
        ("prior", "Prior said so."),
    ],
)
def test_a_veto_is_the_whole_reason(signal: str, told: str) -> None:
    assert in_words(verdict({"query": 2.6, signal: VETO}, score=1e-7)) == told


def test_a_signal_without_words_of_its_own_is_named() -> None:
    assert in_words(verdict({"oracle": 1.0, "weather": -1.0})) == (
        "For it: oracle speaks for it. Against it: weather speaks against it."
    )


@pytest.mark.parametrize(
    ("score", "threshold", "close"),
    [
        (0.55, 0.5, True),
        (0.45, 0.5, True),
        (0.7, 0.5, False),
        (0.97, 0.9, False),
        (1.0, 0.5, False),
        (0.2, 0, False),
    ],
)
def test_what_is_near_the_threshold_is_a_close_call(*, score: float, threshold: float, close: bool) -> None:
    near = verdict({"query": 1.0}, score=score, threshold=threshold)
    assert is_close(near) is close
    assert in_words(near).endswith("A close call.") is close
