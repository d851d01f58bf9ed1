"""Advice: what a language model is asked about an item, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Whether an item is on a topic. The texts are clean and short enough to be sent."""

    topic: str
    """Its title."""
    query: str = ""
    examples: tuple[str, ...] = ()
    """Headlines of articles that are on the topic."""
    others: tuple[str, ...] = ()
    """Headlines of articles that are not."""
    title: str
    summary: str = ""
    body: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """An answer to a question."""

    match: bool
    confidence: float
    """0 to 1, as the model states it."""
    reason: str
    """Whatever it wrote: of unknown length and not clean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unadvised:
    """Why there is no answer."""

    reason: str
    lasting: bool = False
    """The service is in trouble, so that the next question is better asked later; else only this answer was
    of no use."""
    retry_after: timedelta | None = None
    in_short: str = field(default="", compare=False)
    """The reason without the service's words, where it has some: those may repeat the question."""


AdviceOutcome: TypeAlias = Advice | Unadvised


@dataclass(frozen=True, kw_only=True, slots=True)
class AdviceKey:
    """What an answer is remembered by: the same text before the same profile is asked about once."""

    content_hash: str
    profile_version: str
    """Without what answers of readers or advice added."""
    advisor: str
    """Who was asked, and how (``ports.Advisor``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdviceRecord:
    """What was asked of late, as far as the next question depends on it."""

    asked: int = 0
    """Questions asked within the hour."""
    failures: int = 0
    """How often in a row the service was in trouble."""
    until: datetime | None = None
    """Not to be asked before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Borderline:
    """Between which scores a topic's decision is in question."""

    topic_id: str
    profile_version: str
    lowest: float
    highest: float
