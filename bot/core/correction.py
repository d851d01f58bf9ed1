"""What readers' answers add to a topic's score: a bounded residual on top of the untouched sum.

A logistic regression whose offset is the log-odds that an item has without it, and whose features are the
item's likeness to each answered text. It learns only what the score got wrong: an answer that the score
expected weighs next to nothing. The penalty on the weights is strong and the sum is bounded, since a
handful of answers say little: with weak shrinkage five labels did harm (docs/judging.md).

An item that is like nothing that was answered has no correction at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log1p, tanh
from typing import NamedTuple

from bot.core.text import shorten

LIMIT = 2.0
"""Log-odds that answers can add or take at most: a chance of even becomes 88 % or 12 %."""
LIKE = 0.20
"""Likeness below which two texts have nothing to teach each other (``relation.RELATED``)."""
SHRINKAGE = 2.0
"""The L2 penalty. Half of it gained twice as much where five articles were all a topic had, and took more
than 0.01 from the average precision of a topic four times as often (docs/judging.md)."""
FOLDS = 10
"""Parts of the cross-validation; up to so many answers it is leave-one-out."""

SIGNAL = "feedback"
"""Its name among a verdict's shares."""

CORRECTED = "+"
"""Between the two parts of a verdict's version: the profile's, and that of the answers that had an effect."""

_TITLE_SHOWN = 60
_ROUNDS = 100
_SETTLED = 1e-4
_FARTHEST = 30.0  # log-odds beyond which a probability is 0 or 1 for our purposes

Vector = Mapping[str, float]
"""Stem → weight, of length 1."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lesson:
    """An answer as the regression reads it."""

    item_id: str
    title: str
    yes: bool
    vector: Vector
    offset: float
    """Log-odds that the item has without any correction."""


class Effect(NamedTuple):
    """What the answers add to an item's log-odds, and the answer that counts most in it."""

    share: float
    lesson: Lesson
    own: bool
    """The answer is about this very item."""

    @property
    def detail(self) -> str:
        """``like “Cedar sells chips by post”, which was marked as not this topic``."""
        marked = "marked as this topic" if self.lesson.yes else "marked as not this topic"
        if self.own:
            return f"this item itself was {marked}"
        return f"like “{shorten(self.lesson.title, _TITLE_SHOWN)}”, which was {marked}"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Correction:
    """What a topic has learned. Make one with :func:`learn`."""

    lessons: tuple[Lesson, ...]
    weights: tuple[float, ...]
    """One a lesson."""
    version: str
    """Hash of the answers and of all that their effect depends on."""
    postings: Mapping[str, Sequence[tuple[int, float]]]
    """Stem → (position of a lesson, weight in its vector)."""

    def effect(self, item_id: str, vector: Vector) -> Effect | None:
        """What the answers add to an item; ``None`` where it is like none of them.

        To an item that was answered itself its own answer adds the limit, whatever the others say.
        """
        for lesson in self.lessons:
            if lesson.item_id == item_id:
                return Effect(LIMIT if lesson.yes else -LIMIT, lesson, own=True)
        parts = {
            position: self.weights[position] * part
            for position, likeness in self._likenesses(vector).items()
            if (part := _part(likeness)) > 0
        }
        share = bounded(sum(parts.values()))
        if not share:
            return None
        strongest = max(parts, key=lambda position: (parts[position] * share, -position))
        return Effect(share, self.lessons[strongest], own=False)

    def _likenesses(self, vector: Vector) -> dict[int, float]:
        found: dict[int, float] = {}
        for term, weight in vector.items():
            for position, other in self.postings.get(term, ()):
                found[position] = found.get(position, 0.0) + weight * other
        return found


class Trial(NamedTuple):
    """How well the answers are predicted by others than themselves."""

    errors_before: int
    errors_after: int
    loss_before: float
    loss_after: float
    """Mean log loss an answer, in nats."""

    @property
    def worse(self) -> bool:
        """Whether the answers as a whole are met worse than without any correction."""
        return self.errors_after > self.errors_before or self.loss_after > self.loss_before


def learn(lessons: Sequence[Lesson], version: str) -> Correction:
    """Fit a topic's correction to its answers, of different items."""
    phi = _design(lessons)
    postings: dict[str, list[tuple[int, float]]] = {}
    for position, lesson in enumerate(lessons):
        for term, weight in lesson.vector.items():
            postings.setdefault(term, []).append((position, weight))
    return Correction(
        lessons=tuple(lessons),
        weights=tuple(_fit(phi, lessons, range(len(lessons)))),
        version=version,
        postings=postings,
    )


def cross_validate(lessons: Sequence[Lesson], threshold: float) -> Trial:
    """Predict each answer by what is learned from the others, in at most ten parts.

    ``threshold``: probability from which the topic matches.
    """
    phi = _design(lessons)
    folds = min(FOLDS, len(lessons))
    after = [0.0] * len(lessons)
    for fold in range(folds):
        rest = [place for place in range(len(lessons)) if place % folds != fold]
        weights = _fit(phi, lessons, rest)
        for place in range(fold, len(lessons), folds):
            residual = sum(weights[at] * phi[place].get(other, 0.0) for at, other in enumerate(rest))
            after[place] = lessons[place].offset + bounded(residual)
    before = [lesson.offset for lesson in lessons]
    return Trial(
        errors_before=_errors(before, lessons, threshold),
        errors_after=_errors(after, lessons, threshold),
        loss_before=_loss(before, lessons),
        loss_after=_loss(after, lessons),
    )


def bounded(residual: float) -> float:
    """A residual within ±LIMIT, small ones as they are."""
    return LIMIT * tanh(residual / LIMIT)


def _part(likeness: float) -> float:
    """Likeness as a feature: 0 up to LIKE, 1 for the same words."""
    return max(0.0, likeness - LIKE) / (1 - LIKE)


def _design(lessons: Sequence[Lesson]) -> list[dict[int, float]]:
    """For each lesson its features above 0: position of a lesson → likeness to it."""
    rows: list[dict[int, float]] = [{} for _ in lessons]
    for one, lesson in enumerate(lessons):
        for other in range(one + 1):
            likeness = _cosine(lesson.vector, lessons[other].vector)
            if (part := _part(likeness)) > 0:
                rows[one][other] = rows[other][one] = part
    return rows


def _cosine(one: Vector, other: Vector) -> float:
    return sum(weight * other[term] for term, weight in one.items() if term in other)


def _fit(phi: Sequence[Mapping[int, float]], lessons: Sequence[Lesson], chosen: Sequence[int]) -> list[float]:
    """Weights that make Σ log loss + SHRINKAGE/2 · Σ weight² least, one for each chosen lesson.

    A coordinate at a time, by steps for which the curvature counts as large as it can get: each makes the
    function less, which is strictly convex and so has one minimum. Source: Böhning and Lindsay,
    Monotonicity of quadratic-approximation algorithms, 1988.
    """
    weights = dict.fromkeys(chosen, 0.0)
    columns = {at: [(row, phi[row][at]) for row in chosen if at in phi[row]] for at in chosen}
    curves = {at: SHRINKAGE + sum(value * value for _, value in column) / 4 for at, column in columns.items()}
    odds = {row: lessons[row].offset for row in chosen}
    for _ in range(_ROUNDS):
        widest = 0.0
        for at, column in columns.items():
            slope = SHRINKAGE * weights[at]
            slope += sum((_chance(odds[row]) - lessons[row].yes) * value for row, value in column)
            step = -slope / curves[at]
            weights[at] += step
            for row, value in column:
                odds[row] += step * value
            widest = max(widest, abs(step))
        if widest < _SETTLED:
            break
    return list(weights.values())


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-max(-_FARTHEST, min(_FARTHEST, odds))))


def _errors(odds: Sequence[float], lessons: Sequence[Lesson], threshold: float) -> int:
    return sum((_chance(each) >= threshold) != lesson.yes for each, lesson in _pairs(odds, lessons))


def _loss(odds: Sequence[float], lessons: Sequence[Lesson]) -> float:
    """−ln of the probability given to what was answered."""
    losses = [_softplus(-each if lesson.yes else each) for each, lesson in _pairs(odds, lessons)]
    return sum(losses) / len(losses) if losses else 0.0


def _softplus(odds: float) -> float:
    return max(0.0, odds) + log1p(exp(-abs(odds)))


def _pairs(odds: Sequence[float], lessons: Sequence[Lesson]) -> Iterator[tuple[float, Lesson]]:
    return zip(odds, lessons, strict=True)
