"""Features × profiles → verdicts: a calibrated probability, the decision, and the share of every signal."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, fsum

from bot.core import weights
from bot.core.correction import CORRECTED, Correction, Effect
from bot.core.correction import SIGNAL as FEEDBACK
from bot.core.features import Features
from bot.core.lexicon import FIELDS
from bot.core.profile import Judge, TopicProfile
from bot.core.relation import relation
from bot.core.signals import SIGNALS, VETOES, Evidence
from bot.model import Nearest, Share, Span, Verdict


def classify(features: Features, judge: Judge) -> tuple[Verdict, ...]:
    """One verdict a topic, in the order of the topics.

    The shares of a verdict add up to the log-odds of its score.
    """
    evidence = _evidence(features, judge)
    return tuple(_verdict(evidence, profile) for profile in judge.profiles)


def nearest(features: Features, judge: Judge) -> Nearest | None:
    """The exemplar most like the item, of whichever topic; ``None`` where none shares a word with it."""
    return _nearest(_evidence(features, judge), range(len(judge.corpus.references)))


def _evidence(features: Features, judge: Judge) -> Evidence:
    return Evidence(features=features, judge=judge, similarities=judge.corpus.similarities(features))


def _verdict(evidence: Evidence, profile: TopicProfile) -> Verdict:
    shares, spans = [_prior(profile)], set[Span]()
    slope = profile.calibration.slope
    for name, signal in SIGNALS.items():
        reading = signal(evidence, profile)
        share = 0.0 if reading.value is None else slope * weights.WEIGHTS[name] * reading.value
        shares.append(Share(signal=name, share=share, detail=reading.detail))
        spans.update(reading.spans)
    vetoed = not profile.can_match
    for name, veto in VETOES.items():
        if (objection := veto(evidence, profile)) is not None:
            vetoed = vetoed or objection.value is not None
            shares.append(Share(signal=name, share=objection.value or 0.0, detail=objection.detail))
            spans.update(objection.spans)
    version = profile.version
    if profile.correction and (effect := _effect(evidence, profile.correction)):
        shares.append(Share(signal=FEEDBACK, share=effect.share, detail=effect.detail))
        version = f"{version}{CORRECTED}{profile.correction.version}"
    score = probability(share.share for share in shares)
    return Verdict(
        item_id=evidence.features.item_id,
        topic_id=profile.topic.id,
        score=score,
        matched=score >= profile.threshold and not vetoed,
        threshold=profile.threshold,
        shares=tuple(shares),
        nearest=_nearest(evidence, profile.on),
        spans=tuple(sorted(spans, key=_place)),
        profile_version=version,
    )


def _effect(evidence: Evidence, correction: Correction) -> Effect | None:
    return correction.effect(evidence.features.item_id, evidence.features.vector)


def _prior(profile: TopicProfile) -> Share:
    founded = "before anything is read"
    unfounded = "the topic has neither query nor exemplars and can't match"
    detail = founded if profile.can_match else unfounded
    return Share(signal="prior", share=profile.calibration.intercept, detail=detail)


def _place(span: Span) -> tuple[int, int, int, str]:
    return FIELDS.index(span.field), span.start, span.end, span.term


def probability(shares: Iterable[float]) -> float:
    """Log-odds shares → probability."""
    return 1 / (1 + exp(-fsum(shares)))


def _nearest(evidence: Evidence, positions: Iterable[int]) -> Nearest | None:
    found = max(positions, key=lambda place: (evidence.similarities[place], -place), default=None)
    if found is None or evidence.similarities[found] <= 0:
        return None
    similarity = min(1.0, evidence.similarities[found])
    reference = evidence.judge.corpus.references[found]
    return Nearest(
        exemplar=reference.exemplar.id,
        similarity=similarity,
        relation=relation(evidence.features, reference.features, similarity),
    )
