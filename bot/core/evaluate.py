"""Labelled items × verdicts → how good the verdicts are, topic by topic, with the mistakes listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from bot.model import Verdict

BINS = 10
"""Equal-width bins of the calibration error."""
REASONS = 3
"""Shares named for a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """An item, the topics a reader gave it, and the verdicts the bot gave it."""

    item_id: str
    title: str
    topics: frozenset[str]
    verdicts: tuple[Verdict, ...]
    borderline: bool = False
    """A careful second reader might label it otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """A decision that the reader would not have taken."""

    item_id: str
    title: str
    missed: bool
    """``True``: on topic and not matched. ``False``: matched and not on topic."""
    score: float
    borderline: bool
    why: str
    """The strongest shares, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicReport:
    """Figures of one topic. All ratios are 0 to 1; one without a denominator counts as 0."""

    topic: str
    positives: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: float
    recall: float
    f1: float
    average_precision: float
    best_f1: float
    """F1 of the best threshold on this ranking: what a better decision alone could gain."""
    best_threshold: float
    calibration_error: float
    mistakes: tuple[Mistake, ...]
    """Misses first, then wrong matches; the most confident mistake first in each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All topics, and the macro averages over those with at least one labelled item."""

    rows: int
    topics: tuple[TopicReport, ...]
    precision: float
    recall: float
    f1: float
    average_precision: float
    best_f1: float
    calibration_error: float
    """Over all decisions of all topics."""
    unknown_labels: tuple[str, ...]
    """Topics that rows name and nobody judges."""


def evaluate(rows: Iterable[Labelled], *, with_borderline: bool = True) -> Report:
    """Compare verdicts with labels.

    The topics are those of the first row's verdicts; every row must have a verdict for each.
    ``with_borderline=False`` leaves out the rows on which careful readers differ.
    """
    kept = [row for row in rows if with_borderline or not row.borderline]
    ids = [verdict.topic_id for verdict in kept[0].verdicts] if kept else []
    topics = tuple(_topic(topic, position, kept) for position, topic in enumerate(ids))
    counted = [topic for topic in topics if topic.positives]
    decisions = [(verdict.score, verdict.topic_id in row.topics) for row in kept for verdict in row.verdicts]
    return Report(
        rows=len(kept),
        topics=topics,
        precision=_mean([topic.precision for topic in counted]),
        recall=_mean([topic.recall for topic in counted]),
        f1=_mean([topic.f1 for topic in counted]),
        average_precision=_mean([topic.average_precision for topic in counted]),
        best_f1=_mean([topic.best_f1 for topic in counted]),
        calibration_error=calibration_error(decisions),
        unknown_labels=tuple(sorted({label for row in kept for label in row.topics}.difference(ids))),
    )


def _topic(topic: str, position: int, rows: Sequence[Labelled]) -> TopicReport:
    judged = [(row, row.verdicts[position]) for row in rows]
    scored = [(verdict.score, topic in row.topics) for row, verdict in judged]
    hits = sum(verdict.matched and topic in row.topics for row, verdict in judged)
    claims = sum(verdict.matched for _, verdict in judged)
    positives = sum(relevant for _, relevant in scored)
    threshold, best = best_threshold(scored)
    return TopicReport(
        topic=topic,
        positives=positives,
        true_positives=hits,
        false_positives=claims - hits,
        false_negatives=positives - hits,
        precision=_ratio(hits, claims),
        recall=_ratio(hits, positives),
        f1=_ratio(2 * hits, claims + positives),
        average_precision=average_precision(scored),
        best_f1=best,
        best_threshold=threshold,
        calibration_error=calibration_error(scored),
        mistakes=tuple(sorted(_mistakes(topic, judged), key=_by_confidence)),
    )


def _mistakes(topic: str, judged: Iterable[tuple[Labelled, Verdict]]) -> Iterable[Mistake]:
    for row, verdict in judged:
        relevant = topic in row.topics
        if verdict.matched == relevant:
            continue
        yield Mistake(
            item_id=row.item_id,
            title=row.title,
            missed=relevant,
            score=verdict.score,
            borderline=row.borderline,
            why=_reasons(verdict, misleading=-1 if relevant else 1),
        )


def _reasons(verdict: Verdict, *, misleading: int) -> str:
    """The signals that pulled hardest the wrong way."""
    signals = [share for share in verdict.shares if share.signal != "prior"]
    shares = sorted(signals, key=lambda share: -misleading * share.share)
    return "; ".join(
        f"{share.signal} {share.share:+.1f} ({share.detail})"
        for share in shares[:REASONS]
        if share.share * misleading > 0
    )


def _by_confidence(mistake: Mistake) -> tuple[bool, float, str]:
    return not mistake.missed, mistake.score if mistake.missed else -mistake.score, mistake.item_id


def average_precision(scored: Sequence[tuple[float, bool]]) -> float:
    """Mean of the precision at each relevant item, over (score, relevant) pairs; 0 without a relevant one.

    Items of one score are taken together, so the order of ties changes nothing (the step-wise
    sum Σ (Rₙ − Rₙ₋₁) Pₙ over distinct scores).
    """
    positives = sum(relevant for _, relevant in scored)
    total = 0.0
    for hits, fresh, seen, _ in _cuts(scored):
        total += fresh * hits / seen
    return _ratio(total, positives)


def best_threshold(scored: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """The score from which matching gives the highest F1, and that F1. The highest such score wins a tie."""
    positives = sum(relevant for _, relevant in scored)
    best = (1.0, 0.0)
    for hits, _, seen, score in _cuts(scored):
        f1 = _ratio(2 * hits, seen + positives)
        if f1 > best[1]:
            best = (score, f1)
    return best


def _cuts(scored: Sequence[tuple[float, bool]]) -> Iterable[tuple[int, int, int, float]]:
    """At each distinct score from the top: relevant so far, of them at this score, items so far, score."""
    hits = seen = 0
    ranked = sorted(scored, key=lambda pair: -pair[0])
    for score, group in groupby(ranked, key=lambda pair: pair[0]):
        flags = [relevant for _, relevant in group]
        fresh = sum(flags)
        hits += fresh
        seen += len(flags)
        yield hits, fresh, seen, score


def calibration_error(scored: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: mean distance of score and share of relevant items over ``BINS`` bins.

    Source: Guo et al., On Calibration of Modern Neural Networks, 2017, eq. 3.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, relevant in scored:
        bins[min(int(score * BINS), BINS - 1)].append((score, relevant))
    gaps = (
        abs(sum(score for score, _ in filled) - sum(relevant for _, relevant in filled)) for filled in bins
    )
    return _ratio(sum(gaps), len(scored))


def _ratio(part: float, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0
