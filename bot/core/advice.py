"""A second opinion where the score leaves a decision in question: when to ask, what, and what it may change.

A language model reads text that anybody can write, and such a text can talk it into anything. So its answer
is one more signal with a bounded share, whatever it says, and only verdicts near their threshold get one. The
confidence that a model states is no probability (they run high: Xiong and others, Can LLMs Express Their
Uncertainty?, ICLR 2024); it scales the share and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, isfinite, log

from bot.core import weights
from bot.core.classify import probability
from bot.core.correction import CORRECTED
from bot.core.correction import SIGNAL as FEEDBACK
from bot.core.profile import Judge, TopicProfile
from bot.core.text import one_line, shorten
from bot.model import Advice, AdviceRecord, Borderline, Item, Question, Share, Unadvised, Verdict
from bot.ports import Advisor

SIGNAL = "advisor"
"""Its name among a verdict's shares."""
ADVISED = "~"
"""Begins the part of a verdict's version that says whose advice has a share in it."""
LIMIT = 3.0
"""Log-odds beyond which nobody may set the bound: a chance of even becomes 95 % or 5 %."""
TRIES = 2
"""Questions about one text and topic that may go without a useful answer."""

_EXAMPLES, _OTHERS = 5, 3
_TITLE, _SUMMARY, _BODY, _QUERY = 300, 1500, 2000, 500
_REASON, _NAME = 160, 40
_ADDRESS = re.compile(r"\S*(?:://|\bwww\.)\S*", re.IGNORECASE)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_WISH = timedelta(hours=6)  # of a service that says itself when to come again
_CERTAIN = 1e-9  # a probability's distance from 0 and 1, so that thresholds at the ends have log-odds


@dataclass(frozen=True, kw_only=True, slots=True)
class AdvicePolicy:
    """How far advice goes."""

    margin: float = 1.0
    """How near to the threshold a score must be, in log-odds."""
    max_share: float = 1.5
    """The most that an answer adds or takes, in log-odds."""
    budget: int = 60
    """Questions an hour."""


# ── whether to ask ───────────────────────────────────────────────────────────────────────────────


def borderlines(judge: Judge, policy: AdvicePolicy) -> tuple[Borderline, ...]:
    """Where the decisions of each topic are in question."""
    return tuple(borderline(profile, policy) for profile in judge.profiles if profile.can_match)


def borderline(profile: TopicProfile, policy: AdvicePolicy) -> Borderline:
    """The scores within the margin of the threshold. Beyond the bound no answer could decide."""
    centre, reach = log_odds(profile.threshold), min(policy.margin, policy.max_share)
    return Borderline(
        topic_id=profile.topic.id,
        profile_version=profile.version,
        lowest=chance(centre - reach),
        highest=chance(centre + reach),
    )


def may_ask(record: AdviceRecord, policy: AdvicePolicy, now: datetime) -> bool:
    """Whether the budget has something left and the service is not being left alone."""
    return record.asked < policy.budget and (record.until is None or record.until <= now)


def leave_alone(outcome: Unadvised, record: AdviceRecord, now: datetime) -> datetime | None:
    """Until when a service in trouble is asked nothing more: twice as long each time, or as long as it says.

    ``record``: as it was before this failure. ``None`` where only the answer was of no use.
    """
    if not outcome.lasting:
        return None
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(record.failures, 10), _LONGEST_PAUSE)
    return now + min(max(pause, outcome.retry_after or pause), _LONGEST_WISH)


# ── what to ask ──────────────────────────────────────────────────────────────────────────────────


def question(item: Item, profile: TopicProfile, judge: Judge) -> Question:
    """Ask about an item's text as readers see it: no control characters, and only its beginning."""
    references = judge.corpus.references
    return Question(
        topic=_clean(profile.topic.title, _TITLE),
        query=_clean(profile.topic.query, _QUERY),
        examples=tuple(_clean(references[at].exemplar.title, _TITLE) for at in profile.on[:_EXAMPLES]),
        others=tuple(_clean(references[at].exemplar.title, _TITLE) for at in profile.off[:_OTHERS]),
        title=_clean(item.title, _TITLE),
        summary=_clean(item.summary, _SUMMARY),
        body=_clean(item.body, _BODY),
    )


def _clean(text: str, limit: int) -> str:
    # Cut first: a body may have megabytes.
    return shorten(one_line(text[: 4 * limit]), limit)


# ── what an answer changes ───────────────────────────────────────────────────────────────────────


def share(advice: Advice, bound: float) -> float:
    """Confidence as log-odds: from nothing, for a coin toss, to the bound. Never beyond ``±bound``."""
    if not isfinite(advice.confidence):
        return 0.0
    size = bound * min(1.0, max(0.0, 2 * advice.confidence - 1))
    return size if advice.match else -size


def detail(advice: Advice, name: str) -> str:
    """In words: ``llama3 finds it on topic (90 % sure): it names the company’s own chip``.

    The reason may have been written by whoever wrote the item: it becomes a short line without addresses.
    """
    found = "on topic" if advice.match else "off topic"
    sure = f"{max(0.0, min(1.0, advice.confidence)):.0%}" if isfinite(advice.confidence) else "not at all"
    reason = shorten(_ADDRESS.sub("…", one_line(advice.reason)), _REASON)
    said = f"{shorten(one_line(name), _NAME)} finds it {found} ({sure} sure)"
    return f"{said}: “{reason}”" if reason else said


def advised(verdict: Verdict, advice: Advice, *, policy: AdvicePolicy, advisor: Advisor) -> Verdict:
    """The verdict with the advisor's share in it, in place of an earlier one.

    Its other shares stay as they are, and so does a veto.
    """
    said = detail(advice, advisor.name)
    given = Share(signal=SIGNAL, share=share(advice, policy.max_share), detail=said)
    return _with(verdict, given, advisor.id)


def keep_advice(stored: Sequence[Verdict], fresh: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Fresh verdicts on an item with the advice that the stored ones of the same topics have got."""
    given = {verdict.topic_id: verdict for verdict in stored if is_advised(verdict)}
    return tuple(
        _kept(given[verdict.topic_id], verdict) if verdict.topic_id in given else verdict for verdict in fresh
    )


def _kept(stored: Verdict, fresh: Verdict) -> Verdict:
    given = next(share for share in stored.shares if share.signal == SIGNAL)
    advisor = stored.profile_version.partition(ADVISED)[2].partition(CORRECTED)[0]
    return _with(fresh, given, advisor)


def is_advised(verdict: Verdict) -> bool:
    """Whether advice has a share in it."""
    return any(share.signal == SIGNAL for share in verdict.shares)


def plain_version(version: str) -> str:
    """A verdict's version without what readers and advisors added."""
    return version.partition(CORRECTED)[0].partition(ADVISED)[0]


def _with(verdict: Verdict, given: Share, advisor: str) -> Verdict:
    shares = tuple(_placed(verdict.shares, given))
    score = probability(share.share for share in shares)
    vetoed = any(share.share <= weights.VETO for share in shares)
    _, mark, corrections = verdict.profile_version.partition(CORRECTED)
    return replace(
        verdict,
        shares=shares,
        score=score,
        matched=score >= verdict.threshold and not vetoed,
        profile_version=f"{plain_version(verdict.profile_version)}{ADVISED}{advisor}{mark}{corrections}",
    )


def _placed(shares: Sequence[Share], given: Share) -> Iterator[Share]:
    """Before what readers' answers add, which always comes last."""
    others = [share for share in shares if share.signal != SIGNAL]
    yield from (share for share in others if share.signal != FEEDBACK)
    yield given
    yield from (share for share in others if share.signal == FEEDBACK)


def log_odds(chance: float) -> float:
    """ln(p / (1 − p)); certainty counts as one in a thousand million less."""
    kept = min(max(chance, _CERTAIN), 1 - _CERTAIN)
    return log(kept / (1 - kept))


def chance(odds: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + exp(-odds))
