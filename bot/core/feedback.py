"""Readers' answers → the judge that has learned from them, and what that changes of a stored verdict.

Answers come on top: without its ``feedback`` share a verdict is the one that the topic gives by itself. So
what they changed can be taken back exactly, also where the item's text is not kept any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import fsum

from bot.core import weights
from bot.core.classify import classify, probability
from bot.core.correction import (
    CORRECTED,
    LIKE,
    LIMIT,
    SHRINKAGE,
    SIGNAL,
    Correction,
    Lesson,
    Trial,
    Vector,
    cross_validate,
    learn,
)
from bot.core.features import extract, vector
from bot.core.lexicon import document
from bot.core.profile import Judge, TopicProfile
from bot.core.text import digest
from bot.model import Answer, Item, Share, Verdict


@lru_cache(maxsize=2)
def correct(judge: Judge, answers: tuple[Answer, ...]) -> Judge:
    """The judge with a correction for each topic that has answers; the same judge where there are none.

    ``judge`` has learned nothing before. Answers to topics that are not watched any more wait for their
    return. Of several answers to one item and topic the last one counts.
    """
    profiles = tuple(_corrected(judge, profile, answers) for profile in judge.profiles)
    if all(profile.correction is None for profile in profiles):
        return judge
    return replace(judge, profiles=profiles)


def _corrected(judge: Judge, profile: TopicProfile, answers: Sequence[Answer]) -> TopicProfile:
    said = _latest(answers, profile.topic.id)
    return (
        replace(profile, correction=learn(lessons(judge, said), _version(profile, said))) if said else profile
    )


def _latest(answers: Sequence[Answer], topic: str) -> tuple[Answer, ...]:
    """The last answer to each item, in an order that depends on the answers alone."""
    chosen = {
        answer.item_id: answer
        for answer in sorted(answers, key=lambda answer: (answer.answered_at, answer.id))
        if answer.topic_id == topic
    }
    return tuple(chosen.values())


def _version(profile: TopicProfile, answers: Sequence[Answer]) -> str:
    """Without the times of answering and adopting: the same answers have the same effect."""
    said = [
        f"{each.item_id}\0{each.yes}\0{each.title}\0{each.summary}\0{each.body}\0{each.language}"
        for each in answers
    ]
    return digest([profile.version, f"{LIMIT} {LIKE} {SHRINKAGE}", *said])


def lessons(judge: Judge, answers: Sequence[Answer]) -> tuple[Lesson, ...]:
    """Answers to one topic as its correction learns from them; ``judge`` is the one without corrections."""
    return tuple(_lesson(judge, answer) for answer in answers)


def _lesson(judge: Judge, answer: Answer) -> Lesson:
    features = extract(
        answer.item_id,
        title=answer.title,
        summary=answer.summary,
        body=answer.body,
        language=answer.language,
        lexicon=judge.lexicon,
    )
    verdicts = {verdict.topic_id: verdict for verdict in classify(features, judge)}
    return Lesson(
        item_id=answer.item_id,
        title=answer.title,
        yes=answer.yes,
        vector=features.vector,
        offset=fsum(share.share for share in verdicts[answer.topic_id].shares),
    )


def trials(judge: Judge, answers: Sequence[Answer]) -> Mapping[str, Trial]:
    """Topic id → how well its answers are predicted by others than themselves."""
    found = {}
    for profile in judge.profiles:
        said = _latest(answers, profile.topic.id)
        if said:
            found[profile.topic.id] = cross_validate(lessons(judge, said), profile.threshold)
    return found


# ── stored verdicts ──────────────────────────────────────────────────────────────────────────────


def is_corrected(verdict: Verdict) -> bool:
    """Whether answers have a share in it."""
    return CORRECTED in verdict.profile_version


def untaught(verdict: Verdict) -> Verdict:
    """The verdict without what answers added: to the last digit the one that there was before."""
    if not is_corrected(verdict):
        return verdict
    shares = tuple(share for share in verdict.shares if share.signal != SIGNAL)
    return _decided(verdict, shares, verdict.profile_version.partition(CORRECTED)[0])


def revised(verdicts: Sequence[Verdict], item: Item, judge: Judge) -> tuple[Verdict, ...]:
    """Stored verdicts with the effect of what ``judge`` has learned in place of earlier effects.

    Their other shares stay as they are.
    """
    before = tuple(map(untaught, verdicts))
    corrections = {profile.topic.id: profile.correction for profile in judge.profiles}
    if not any(corrections.get(verdict.topic_id) for verdict in before):
        return before
    words = vector(document(item.title, item.summary, item.body), item.language)
    return tuple(_taught(verdict, words, corrections.get(verdict.topic_id)) for verdict in before)


def _taught(verdict: Verdict, words: Vector, correction: Correction | None) -> Verdict:
    effect = correction and correction.effect(verdict.item_id, words)
    if not correction or not effect:
        return verdict
    share = Share(signal=SIGNAL, share=effect.share, detail=effect.detail)
    return _decided(
        verdict, (*verdict.shares, share), f"{verdict.profile_version}{CORRECTED}{correction.version}"
    )


def _decided(verdict: Verdict, shares: tuple[Share, ...], version: str) -> Verdict:
    score = probability(share.share for share in shares)
    vetoed = any(share.share <= weights.VETO for share in shares)
    return replace(
        verdict,
        shares=shares,
        score=score,
        matched=score >= verdict.threshold and not vetoed,
        profile_version=version,
    )
