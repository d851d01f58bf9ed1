from math import exp, log1p, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.correction import LIKE, LIMIT, SHRINKAGE, Lesson, bounded, cross_validate, learn


def lesson(item_id: str, words: str, *, yes: bool, offset: float = 0.0, title: str = "") -> Lesson:
    terms = sorted(set(words.split()))
    weight = 1 / sqrt(len(terms))
    vector = dict.fromkeys(terms, weight)
    return Lesson(item_id=item_id, title=title or words, yes=yes, vector=vector, offset=offset)


def vector(words: str) -> dict[str, float]:
    return dict(lesson("any", words, yes=True).vector)


texts = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(" ".join)
lessons = st.lists(
    st.tuples(texts, st.booleans(), st.floats(min_value=-40, max_value=40)), min_size=1, max_size=12
).map(
    lambda rows: [
        lesson(f"item-{number}", words, yes=yes, offset=offset)
        for number, (words, yes, offset) in enumerate(rows)
    ]
)


def test_what_is_like_an_answer_goes_its_way() -> None:
    learned = learn(
        [lesson("1", "chip sale post", yes=False), lesson("2", "chip design tape out", yes=True)], "v"
    )
    away = learned.effect("x", vector("chip sale today"))
    there = learned.effect("y", vector("chip design again"))
    assert away is not None
    assert there is not None
    assert away.share < 0 < there.share
    assert away.detail == "like “chip sale post”, which was marked as not this topic"
    assert there.detail == "like “chip design tape out”, which was marked as this topic"


def test_what_is_like_nothing_has_no_effect() -> None:
    learned = learn([lesson("1", "chip sale post", yes=False)], "v")
    assert learned.effect("x", vector("rain over the sound")) is None
    faint = vector("chip " + " ".join(f"word{number}" for number in range(30)))
    assert learned.effect("y", faint) is None
    assert learn([], "v").effect("x", vector("chip")) is None


@pytest.mark.parametrize("yes", [True, False])
def test_an_item_that_was_answered_itself_gets_the_limit(*, yes: bool) -> None:
    others = [lesson(f"other-{number}", "chip sale", yes=not yes) for number in range(5)]
    effect = learn([*others, lesson("1", "chip sale", yes=yes)], "v").effect("1", vector("chip sale"))
    assert effect is not None
    assert effect.share == (LIMIT if yes else -LIMIT)
    assert effect.detail == f"this item itself was marked as {'' if yes else 'not '}this topic"


def test_answers_that_were_expected_teach_next_to_nothing() -> None:
    expected = learn([lesson("1", "chip sale", yes=True, offset=6)], "v").effect("x", vector("chip sale"))
    surprise = learn([lesson("1", "chip sale", yes=True, offset=-6)], "v").effect("x", vector("chip sale"))
    assert expected is not None
    assert surprise is not None
    assert 0 < expected.share < 0.01
    assert surprise.share > 0.45


def test_one_answer_is_fitted_as_the_formula_says() -> None:
    """One lesson and its very words: the weight w solves SHRINKAGE · w = 1 − σ(offset + w)."""
    learned = learn([lesson("1", "chip sale", yes=True, offset=0.5)], "v")
    (weight,) = learned.weights
    assert SHRINKAGE * weight == pytest.approx(1 - 1 / (1 + exp(-(0.5 + weight))), abs=1e-3)
    effect = learned.effect("x", vector("chip sale"))
    assert effect is not None
    assert effect.share == pytest.approx(bounded(weight))


@given(lessons, texts)
def test_the_effect_is_bounded_and_the_same_for_the_same_answers(given: list[Lesson], words: str) -> None:
    one, other = learn(given, "v"), learn(given, "v")
    effect = one.effect("x", vector(words))
    assert effect == other.effect("x", vector(words))
    if effect is not None:
        assert 0 < abs(effect.share) < LIMIT
        assert (
            sum(effect.lesson.vector.get(term, 0) * weight for term, weight in vector(words).items()) > LIKE
        )


@given(lessons)
def test_the_fit_is_where_the_penalised_loss_is_least(given: list[Lesson]) -> None:
    """At the minimum no weight can be moved to advantage."""
    learned = learn(given, "v")

    def objective(weights: list[float]) -> float:
        loss = 0.0
        for row in given:
            odds = row.offset
            for weight, other in zip(weights, given, strict=True):
                cosine = sum(value * other.vector.get(term, 0.0) for term, value in row.vector.items())
                odds += weight * max(0.0, cosine - LIKE) / (1 - LIKE)
            wrong = -odds if row.yes else odds
            loss += max(0.0, wrong) + log1p(exp(-abs(wrong)))
        return loss + SHRINKAGE / 2 * sum(weight * weight for weight in weights)

    best = objective([*learned.weights])
    for place in range(len(given)):
        for step in (-0.01, 0.01):
            moved = [*learned.weights]
            moved[place] += step
            assert objective(moved) >= best - 1e-5


def test_many_answers_to_one_text_find_their_weights_too() -> None:
    """The full curvature of far-off answers is nearly none: steps by it would leap to and fro."""
    learned = learn([lesson(str(number), "chip sale", yes=True, offset=-10) for number in range(60)], "v")
    effect = learned.effect("x", vector("chip sale"))
    assert effect is not None
    assert effect.share == pytest.approx(LIMIT, abs=0.02)
    assert max(learned.weights) < 1


def test_answers_that_agree_are_predicted_better_by_each_other() -> None:
    agreeing = [
        *(lesson(f"n{number}", f"chip sale shop w{number}", yes=False, offset=0.3) for number in range(4)),
        *(lesson(f"y{number}", f"chip design lab w{number}", yes=True, offset=-0.3) for number in range(4)),
    ]
    trial = cross_validate(agreeing, 0.5)
    assert (trial.errors_before, trial.errors_after) == (8, 0)
    assert trial.loss_after < trial.loss_before
    assert not trial.worse


def test_answers_that_contradict_each_other_are_worse() -> None:
    contradicting = [
        lesson(f"{number}", "chip sale shop", yes=bool(number % 2), offset=2.0 if number % 2 else -2.0)
        for number in range(4)
    ]
    assert cross_validate(contradicting, 0.5).worse


def test_a_single_answer_makes_nothing_worse() -> None:
    assert not cross_validate([lesson("1", "chip sale", yes=False, offset=3)], 0.5).worse


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_bounds_keep_sign_and_small_sums(residual: float) -> None:
    assert -LIMIT <= bounded(residual) <= LIMIT
    assert bounded(residual) * residual >= 0
    assert bounded(0.1) == pytest.approx(0.1, abs=1e-3)
