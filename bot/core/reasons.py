"""A verdict in words: what spoke for it and what against, as a person would say it."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from types import MappingProxyType

from bot.core import weights
from bot.core.advice import SIGNAL as ADVISOR
from bot.core.correction import SIGNAL as FEEDBACK
from bot.model import Share, Verdict

AUDIBLE = 0.25
"""Log-odds below which a share is not worth a word."""
CLOSE = 0.5
"""Distance from the threshold, in log-odds, that makes a close call."""

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "query": ("the query finds it", "the query finds nothing in it"),
        "exemplars": ("it reads like the examples", "it does not read like the examples"),
        "entities": ("it names who the topic is about", "it names nobody the topic is about"),
        FEEDBACK: (
            "readers marked such news as this topic",
            "readers marked such news as not this topic",
        ),
        ADVISOR: ("the advisor finds it on topic", "the advisor finds it off topic"),
        "exclude": ("nothing excludes it", "the exclusion rules it out"),
        "language": ("its language is watched", "its language is not watched"),
    }
)
"""Signal → what its share says above 0 and below it."""


def in_words(verdict: Verdict) -> str:
    """One or two sentences: ``For it: the query finds it. Against it: it names nobody …. A close call.``"""
    vetoes = [share for share in verdict.shares if share.share <= weights.VETO]
    if vetoes:
        return _sentence("", [_said(share) for share in vetoes])
    told = sorted(
        (share for share in verdict.shares if share.signal != "prior" and abs(share.share) >= AUDIBLE),
        key=lambda share: -abs(share.share),
    )
    speaking = [_said(share) for share in told if share.share > 0]
    objecting = [_said(share) for share in told if share.share < 0]
    if not told:
        return "Nothing in it speaks clearly for or against."
    parts = [("For it", speaking), ("Against it", objecting)]
    sentences = [
        _sentence(label, said) for label, said in (parts if verdict.matched else parts[::-1]) if said
    ]
    if is_close(verdict):
        sentences.append("A close call.")
    return " ".join(sentences)


def is_close(verdict: Verdict) -> bool:
    """Whether a little more or less of anything would have decided otherwise."""
    score, threshold = verdict.score, verdict.threshold
    if not (0 < score < 1 and 0 < threshold < 1):
        return False
    return abs(log(score / (1 - score)) - log(threshold / (1 - threshold))) < CLOSE


def _said(share: Share) -> str:
    if share.signal == "prior":
        return share.detail
    agreeing, objecting = _WORDS.get(
        share.signal, (f"{share.signal} speaks for it", f"{share.signal} speaks against it")
    )
    return agreeing if share.share > 0 else objecting


def _sentence(label: str, said: list[str]) -> str:
    joined = ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0]
    return f"{label}: {joined}." if label else f"{joined[:1].upper()}{joined[1:]}."
