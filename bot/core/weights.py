"""The constants of judging, the same for every topic: weights, scales and calibration, with their sources.

A verdict's log-odds are the sum of its shares. A signal reads a value; its share is that value times
its weight times the slope of the calibration; the prior is the calibration's intercept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from bot.core.text import digest

REVISION = "2"
"""Raise it when a formula of judging changes: it is part of every profile's version."""

POOL = 3
"""Exemplars averaged on each side of the contrast."""
OFF_TOPIC_PART = 0.5
"""How much the off-topic side counts in the contrast. The whole would punish an item for the field that
topic and negatives share."""
CONTRAST_CENTRE = 0.14
CONTRAST_SPREAD = 0.05
"""The scale of the contrast: where news of a topic and of its field part, and how widely both scatter."""
CENTRE_TRUST = 20.0
"""Exemplars of a topic at which its own centre counts as much as the shipped one."""
ENOUGH_OTHERS = 10
"""Articles outside a topic from which on the contrast with them decides. With fewer, affinity decides in
part, and without any alone."""
AFFINITY_CENTRE = 0.17
AFFINITY_SPREAD = 0.07
"""The scale of affinity: where news of an event and other news part, and how widely both scatter."""
NAMES_AND_MATTER = 0.5
"""How much of an affinity depends on both names and other words being shared, where each is half of an
article."""
Z_LIMIT = 4.0
"""Readings flatten out towards it."""
UNLIKENESS_TRUST = 2.0
"""Exemplars of a topic with a query at which unlikeness to them counts half; likeness always counts whole."""

CAST_PART = 0.5
"""An entity belongs to a topic's cast when this part of its exemplars names it …"""
CAST_RATIO = 2.0
"""… and this many times as large a part as of the others."""
CAST_EXEMPLARS = 3
"""With fewer exemplars nobody can be said to be in most of them."""

WEIGHTS: Mapping[str, float] = MappingProxyType({"query": 2.0, "exemplars": 1.0, "entities": 1.0})
"""Round and unfitted."""

VETO = -20.0
"""Share (log-odds) of an exclusion: no other shares together outweigh it."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds = intercept + slope · Σ weight · reading (Platt scaling, 1999)."""

    slope: float
    intercept: float


class Kind(NamedTuple):
    """What a topic can be judged by."""

    query: bool
    exemplars: bool
    semantic: bool = False
    """Whether meanings are compared as well."""


CALIBRATION: Mapping[Kind, Calibration] = MappingProxyType(
    {
        Kind(query=True, exemplars=True): Calibration(1.3, 0.6),
        Kind(query=True, exemplars=False): Calibration(1.5, -0.3),
        Kind(query=False, exemplars=True): Calibration(2.0, -0.6),
    }
)
"""Kind of topic → calibration, fitted on the 667 development items, all topics together, each
item once with its summary and once as a headline alone; rounded to a tenth (docs/judging.md)."""
UNFOUNDED = Calibration(1.0, VETO)
"""Of a topic with neither: it never matches."""

AUTO_THRESHOLD = 0.5
"""Where a match is more likely right than wrong."""


def constants() -> Mapping[str, object]:
    """Every constant of this page by name."""
    return {name: value for name, value in sorted(globals().items()) if name.isupper()}


def fingerprint() -> str:
    """A hash of every constant: part of each profile's version."""
    return digest(f"{name}={value}" for name, value in constants().items())
