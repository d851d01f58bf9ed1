"""How an item stands to an exemplar: the same story, a follow-up, related, or none of these.

The first rule that holds decides:

- ``same-story``: half of the shorter text's runs of four words stand in the other one (a copy); or a
  likeness of 0.30 within a week of each other; or, where a date is missing, a likeness of 0.50, or of
  0.30 with a figure in common.
- ``follow-up``: a likeness of 0.30, published later than that, and two entities in common.
- ``related``: a likeness of 0.30, or of 0.20 with an entity in common.

Dates decide: among pairs of news with a likeness of 0.30 to 0.45, 97 in 100 published within a week of
each other told the same event, and 1 in 100 of those further apart (docs/judging.md).
"""

from __future__ import annotations

from datetime import timedelta

from bot.core.features import Features
from bot.core.text import shingles
from bot.model import Relation

ALIKE = 0.30
ALIKE_UNDATED = 0.50
RELATED = 0.20
ONE_EVENT = timedelta(days=7)
"""News of one event is published within so much time."""
RUN = 4
"""Words of a shingle; four in a row are rarely the same by chance."""
COPIED = 0.5
"""Part of the shorter text's shingles that makes a copy."""
COPY_MIN_WORDS = 12
"""A shorter text is no evidence of copying."""


def relation(item: Features, exemplar: Features, similarity: float) -> Relation:
    """How ``item`` stands to ``exemplar``, whose cosine is ``similarity``."""
    if similarity < RELATED:
        return Relation.NONE
    shared = len(item.entities.keys() & exemplar.entities.keys())
    if is_copy(item, exemplar) or _same_event(item, exemplar, similarity):
        return Relation.SAME_STORY
    if similarity >= ALIKE and shared >= 2 and _later(item, exemplar):
        return Relation.FOLLOW_UP
    return Relation.RELATED if shared or similarity >= ALIKE else Relation.NONE


def is_copy(one: Features, other: Features) -> bool:
    """Whether half of the shorter text stands word for word in the longer one."""
    first, second = _runs(one), _runs(other)
    shorter = min(len(first), len(second))
    return shorter > COPY_MIN_WORDS - RUN and len(first & second) >= COPIED * shorter


def _runs(features: Features) -> frozenset[tuple[str, ...]]:
    words = [token.word for tokens in features.document.tokens for token in tokens]
    return frozenset(shingles(words, RUN))


def _same_event(item: Features, exemplar: Features, similarity: float) -> bool:
    if similarity < ALIKE:
        return False
    if item.published is None or exemplar.published is None:
        return similarity >= ALIKE_UNDATED or bool(item.figures & exemplar.figures)
    return abs(item.published - exemplar.published) <= ONE_EVENT


def _later(item: Features, exemplar: Features) -> bool:
    return (
        item.published is not None and exemplar.published is not None and item.published > exemplar.published
    )
