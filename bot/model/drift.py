"""Drift: what stored verdicts look like over a span of time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreTally:
    """Scores of one topic, counted."""

    items: int = 0
    near: int = 0
    """Scores so near to the threshold that the decision is in question."""
    bins: tuple[int, ...] = ()
    """Items by score, from the lowest to the highest bin."""
    effective: float = 0.0
    """How many independent items would tell as much: items of one story tell little more than one of them."""
