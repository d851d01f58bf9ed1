"""Late evidence: whether two open stories turn out to be one event by an item that fits both.

A wrong merge hides a story. So the item must fit both strongly, and then the two are held against each other
as wholes: the items of each, one by one, against what the other's say together, both ways. That one member
resembles the other story proves nothing, and neither does a round-up, which fits many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple, TypeAlias

from bot.core.copies import one_form
from bot.core.openstory import OpenStory
from bot.core.resemblance import Vectors, reweighed
from bot.core.vocabulary import Vocabulary
from bot.model import Placement

_NO_LESS_THAN = -10.0
"""What an objection counts in a mean: one odd item does not outvote all others."""
_MOST = 0.5
"""Part of a story's items that must by themselves be likelier in the other story than not."""


Odds: TypeAlias = Callable[[Vectors, OpenStory, float, float], float]
"""Log-odds that an item reports a story's event; third its likeness to the closest item, fourth its day."""


class Fit(NamedTuple):
    """A story that an item may join."""

    odds: float
    """Log-odds that both are about one event."""
    story: OpenStory
    closest: str
    """Id of the story's item most similar to the new one."""


class OneEvent(NamedTuple):
    """Two stories that are one, and how surely the items of each are at home in the other (log-odds)."""

    survivor: OpenStory
    """The one that was opened first."""
    other: OpenStory
    there: float
    back: float


def late_evidence(
    fitting: Sequence[Fit], odds: Odds, vocabulary: Vocabulary, strongly: float
) -> OneEvent | None:
    """The two stories that an item shows to be one, or ``None``. ``fitting``: all that it may join.

    ``strongly``: log-odds from which the item fits a story, and the items of one story the other, so well
    that they can hardly report like events of one party.
    """
    strong = [fit.story for fit in fitting if fit.odds >= strongly]
    if len(strong) != 2:
        return None
    survivor, other = sorted(strong, key=lambda story: (story.opened, story.id))
    if survivor.muted != other.muted or survivor.id in other.apart or other.id in survivor.apart:
        return None
    if _are_forms(survivor, other):
        return None
    there, back = _at_home(other, survivor, odds, vocabulary), _at_home(survivor, other, odds, vocabulary)
    return OneEvent(survivor, other, there, back) if min(there, back) >= strongly else None


def merging(placement: Placement, found: OneEvent | None) -> Placement:
    """The placement of an item by which two stories became one."""
    if found is None:
        return placement
    surely = f"{_likely(found.there)} and {_likely(found.back)}"
    return replace(
        placement,
        story_id=found.survivor.id,
        merges=(found.other.id,),
        because=f"{placement.because}; story {found.other.id} is the same event: it fits both, "
        f"and each fits the other ({surely})",
    )


def _at_home(story: OpenStory, other: OpenStory, odds: Odds, vocabulary: Vocabulary) -> float:
    """Mean log-odds that the items of a story report the other's event; minus infinity where most do not."""
    day = min(max(story.first, other.first), story.last)
    theirs = [kept.weights() for kept in other.newest()]
    found = []
    for kept in story.newest():
        item = reweighed(kept.outline(), vocabulary)
        closest = max(
            sum(w * them[word] for word, w in item.words.items() if word in them) for them in theirs
        )
        found.append(odds(item, other, closest, day))
    if sum(value > 0 for value in found) < _MOST * len(found):
        return -math.inf
    return fmean(max(value, _NO_LESS_THAN) for value in found)


def _are_forms(story: OpenStory, other: OpenStory) -> bool:
    """Whether an item of the one is an item of the other filled in again: like events, not one."""
    return any(one_form(one.prints(), two.prints()) for one in story.newest() for two in other.newest())


def _likely(odds: float) -> str:
    return f"{1.0 / (1.0 + math.exp(-odds)):.0%}"
