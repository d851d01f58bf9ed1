"""Judging: what is watched, and the decision about one item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A named thing of the watched field, with every spelling it goes by."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    case_sensitive: tuple[str, ...] = ()
    """The aliases that are ordinary words unless capitalised exactly so (``Arm``, ``Meta``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemplar:
    """One labelled article of the seed corpus; ``topics`` empty means a negative example."""

    id: str
    title: str
    text: str
    url: str = ""
    published: date | None = None
    topics: frozenset[str] = frozenset()
    copy_of: str | None = None
    """Id of the exemplar whose text this one repeats."""
    same_event: str | None = None
    """Id of the exemplar that reports the same event in other words."""
    language: str | None = None
    """Primary subtag, as in RFC 5646."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    id: str
    title: str
    query: str = ""
    exclude: str = ""
    exemplars: tuple[str, ...] = ()
    """Ids of its exemplars; empty means those that name the topic."""
    threshold: float | None = None
    """Probability from which an item matches; ``None`` is ``"auto"``."""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where a query or an entity matched: ``text[start:end]`` of a field, in characters."""

    field: str
    start: int
    end: int
    term: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One signal's part of a verdict, in log-odds; the shares add up to the score's log-odds."""

    signal: str
    share: float
    detail: str


class Relation(StrEnum):
    """How an item stands to an exemplar or to an earlier story."""

    SAME_STORY = "same-story"
    FOLLOW_UP = "follow-up"
    RELATED = "related"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    exemplar: str
    similarity: float
    relation: Relation


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The decision about one item and one topic, with everything that led to it."""

    item_id: str
    topic_id: str
    score: float
    """Calibrated probability that the item is on topic, 0 to 1."""
    matched: bool
    threshold: float
    shares: tuple[Share, ...]
    nearest: Nearest | None
    spans: tuple[Span, ...] = ()
    profile_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """All verdicts on one item, one a topic."""

    item_id: str
    content_hash: str
    """Of the text that was judged: an edit in the meantime wants another judgement."""
    verdicts: tuple[Verdict, ...] = ()
