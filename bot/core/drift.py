"""Whether the stream is still the one that a topic's decisions were made for.

A topic drifts when its scores are spread otherwise than they were, when more decisions are close, or when
the items it is about are written in words that the corpus does not know. Compared are the last days with the
first weeks under the same profile, so that slow drift is seen as well, and a change of the configuration is
none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import log, sqrt
from statistics import fmean, variance

from bot.core.advice import chance
from bot.core.features import vector
from bot.core.lexicon import document
from bot.core.profile import Judge
from bot.model import Item, ScoreTally, Window

RECENT = timedelta(days=7)
REFERENCE = timedelta(days=28)
EDGES = tuple(chance(odds) for odds in (-5, -4, -3, -2, -1, 0, 1, 2, 3))
"""Scores that part the bins: whole log-odds, the unit of shares."""
LEAST_ITEMS = 100
"""In each of the two windows, counted as independent ones; with fewer nothing is said."""
LEAST_WORDED = 30
"""The same for items whose words are looked at."""
SAMPLE = 300

MUCH = 0.25
"""Of a population stability index: the scorecards' rule of thumb (Siddiqi, Credit Risk Scorecards, 2006)."""
TIMES_NEAR = 2.0
"""How many times as large the part of close decisions has become."""
MORE_UNKNOWN = 0.10
"""By how much the part of unknown words has grown."""
_BY_CHANCE = 3.09  # standard deviations; one in a thousand comparisons lies beyond by chance


class Kind(StrEnum):
    """What can drift."""

    NEAR = "near"
    SCORES = "scores"
    WORDS = "words"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """How much of some items the corpus has no word for: a part of the words of each, 0 to 1."""

    items: int
    mean: float
    error: float
    """Standard error of the mean, if they were independent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What is seen of a topic in one window."""

    window: Window
    scores: ScoreTally
    unknown: Unknown | None = None
    """Of items near the threshold or above it; ``None`` where there are too few, or no corpus."""

    @property
    def near(self) -> float | None:
        """The part of decisions that are close."""
        return self.scores.near / self.scores.items if self.scores.items else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Something that has drifted."""

    topic_id: str
    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """A topic's recent days beside its reference; without one nothing can be said yet."""

    topic_id: str
    recent: Sight
    reference: Sight | None = None

    @property
    def stability(self) -> float | None:
        """The population stability index; ``None`` while there is too little to compare."""
        if self.reference is None or not _enough(self.recent, self.reference):
            return None
        return stability(self.reference.scores.bins, self.recent.scores.bins)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What has drifted, each in a sentence."""
        return tuple(_alarms(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Gauge:
    """A number of a topic to be exported. ``name`` begins with what it is measured of."""

    name: str
    topic_id: str
    value: float


# ── windows ──────────────────────────────────────────────────────────────────────────────────────


def recent_window(now: datetime) -> Window:
    """The last days."""
    return Window(start=now - RECENT, end=now)


def reference_window(begins: datetime | None, now: datetime) -> Window | None:
    """The first weeks from ``begins`` on, ending where the recent days begin."""
    end = now - RECENT
    if begins is None or begins >= end:
        return None
    # A window does not hold its start.
    start = begins - timedelta(microseconds=1)
    return Window(start=start, end=min(end, start + REFERENCE))


# ── measures ─────────────────────────────────────────────────────────────────────────────────────


def stability(reference: Sequence[int], recent: Sequence[int]) -> float:
    """Population stability index of two histograms: Σ (p − q) · ln(p / q); 0 where they are alike.

    Half an item is added to each bin, so that an empty one counts as rare and not as impossible.
    """
    return sum((p - q) * log(p / q) for p, q in zip(_parts(recent), _parts(reference), strict=True))


def _parts(bins: Sequence[int]) -> list[float]:
    total = sum(bins) + 0.5 * len(bins)
    return [(count + 0.5) / total for count in bins]


def stability_by_chance(reference: ScoreTally, recent: ScoreTally) -> float:
    """What the index stays below, but for one time in a thousand, where nothing but chance is at work.

    It is about χ² with a degree of freedom less than there are bins, times 1/n + 1/m (Yurdakul and Naranjo,
    Statistical Properties of the Population Stability Index, 2020). Its quantile: Wilson and Hilferty (1931).
    """
    used = sum(bool(one or other) for one, other in zip(reference.bins, recent.bins, strict=True))
    degrees = max(1, used - 1)
    spread = 2 / (9 * degrees)
    quantile = degrees * (1 - spread + _BY_CHANCE * sqrt(spread)) ** 3
    return quantile * _weight(reference, recent)


def _weight(reference: ScoreTally, recent: ScoreTally) -> float:
    """1/n + 1/m: how far chance moves what is compared."""
    return 1 / reference.effective + 1 / recent.effective


def unknown_words(items: Sequence[Item], judge: Judge) -> Unknown | None:
    """How much of headline and summary the corpus has no word for."""
    known = judge.corpus.postings.keys()
    parts = [part for item in items if (part := _unknown(item, known)) is not None]
    if not known or len(parts) < LEAST_WORDED:
        return None
    return Unknown(items=len(parts), mean=fmean(parts), error=sqrt(variance(parts) / len(parts)))


def _unknown(item: Item, known: Collection[str]) -> float | None:
    terms = vector(document(item.title, item.summary, ""), item.language)
    return sum(term not in known for term in terms) / len(terms) if terms else None


# ── what has drifted ─────────────────────────────────────────────────────────────────────────────


def _alarms(drift: Drift) -> Iterator[Alarm]:
    recent, reference = drift.recent, drift.reference
    if reference is None or not _enough(recent, reference):
        return
    before, now = reference.near or 0.0, recent.near or 0.0
    if now >= TIMES_NEAR * before and _rise(reference.scores, recent.scores) > _BY_CHANCE:
        text = f"{now:.1%} of decisions are close to the threshold, {before:.1%} were"
        yield Alarm(topic_id=drift.topic_id, kind=Kind.NEAR, text=text)
    index = stability(reference.scores.bins, recent.scores.bins)
    if index > max(MUCH, stability_by_chance(reference.scores, recent.scores)):
        text = f"scores are spread otherwise than they were: stability index {index:.2f}, {MUCH} is much"
        yield Alarm(topic_id=drift.topic_id, kind=Kind.SCORES, text=text)
    if reference.unknown and recent.unknown:
        grown = recent.unknown.mean - reference.unknown.mean
        error = sqrt(_squared_error(recent) + _squared_error(reference))
        if grown >= MORE_UNKNOWN and grown > _BY_CHANCE * error:
            text = (
                f"the corpus lacks {recent.unknown.mean:.0%} of the words in what is near the topic, "
                f"it lacked {reference.unknown.mean:.0%}"
            )
            yield Alarm(topic_id=drift.topic_id, kind=Kind.WORDS, text=text)


def _squared_error(sight: Sight) -> float:
    """Of the mean of unknown words, larger by as much as items are alike."""
    alike = sight.scores.items / sight.scores.effective
    return alike * sight.unknown.error**2 if sight.unknown else 0.0


def _enough(recent: Sight, reference: Sight) -> bool:
    return min(recent.scores.effective, reference.scores.effective) >= LEAST_ITEMS


def _rise(reference: ScoreTally, recent: ScoreTally) -> float:
    """By how many standard deviations the part of close decisions has grown (two-proportion z test)."""
    pooled = (reference.near + recent.near) / (reference.items + recent.items)
    error = sqrt(pooled * (1 - pooled) * _weight(reference, recent))
    return (recent.near / recent.items - reference.near / reference.items) / error if error else 0.0


def gauges(drifts: Sequence[Drift]) -> Iterator[Gauge]:
    """Every number that is known, for a monitor."""
    for drift in drifts:
        values: dict[str, float | None] = {"drift_stability_index": drift.stability}
        for when, sight in (("recent", drift.recent), ("reference", drift.reference)):
            if sight is not None:
                values[f"drift_{when}_items"] = sight.scores.items
                values[f"drift_{when}_near_ratio"] = sight.near
                unknown = sight.unknown.mean if sight.unknown else None
                values[f"drift_{when}_unknown_words_ratio"] = unknown
        values["drift_alarms"] = len(drift.alarms)
        for name, value in values.items():
            if value is not None:
                yield Gauge(name=name, topic_id=drift.topic_id, value=float(value))
