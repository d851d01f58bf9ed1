"""What speaks for and against a topic: one function a signal, and SIGNALS, their register.

A signal reads a value from an item and a topic: above 0 speaks for the topic, below against it, and
``None`` abstains. It says in a few words what it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import tanh
from types import MappingProxyType
from typing import TypeAlias

from bot.core import weights
from bot.core.corpus import contrast
from bot.core.features import Features, named_in_lead
from bot.core.profile import Judge, TopicProfile
from bot.core.text import shorten
from bot.model import Span

_SHOWN = 4
"""Matched words or entities named in a detail."""
_TITLE_SHOWN = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An item before a judge: features, and what all topics share of the comparison."""

    features: Features
    judge: Judge
    similarities: Sequence[float]
    """With each of ``judge.corpus.references``."""

    @cached_property
    def likenesses(self) -> Sequence[float]:
        """With each of them, counting what kind of story it is."""
        return self.judge.corpus.likenesses(self.features, self.similarities)

    @cached_property
    def affinities(self) -> Sequence[float]:
        """With each of them, by what tells one event from another."""
        return self.judge.corpus.affinities(self.features)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a signal saw. ``value`` is ``None`` where it abstains."""

    value: float | None
    detail: str
    spans: tuple[Span, ...] = ()


Signal: TypeAlias = Callable[[Evidence, TopicProfile], Reading]


def query(evidence: Evidence, profile: TopicProfile) -> Reading:
    """How well the topic's query matches: −1 not at all, above 0 by grade (``query.Match``), at most 1."""
    if profile.query is None:
        return Reading(value=None, detail="abstained: the topic has no query")
    match = profile.query.match(evidence.features.document, evidence.features.entities)
    if match is None:
        return Reading(value=-1.0, detail="no match")
    return Reading(value=match.grade, detail=_places(match.spans, evidence), spans=match.spans)


def exemplars(evidence: Evidence, profile: TopicProfile) -> Reading:
    """Likeness to the topic's exemplars against likeness to the others, as a z value."""
    if not profile.on:
        return Reading(value=None, detail="abstained: the topic has no exemplars")
    compared = contrast(evidence.likenesses, profile.on, profile.off)
    z = (compared.value - profile.centre) / weights.CONTRAST_SPREAD
    if profile.alone:
        # Without other articles rarity and names must tell what is the topic's own, and what its field's.
        compared = contrast(evidence.affinities, profile.on, profile.off)
        z += profile.alone * ((compared.on - weights.AFFINITY_CENTRE) / weights.AFFINITY_SPREAD - z)
    if z < 0 and profile.query is not None:
        # Few examples show little of what a topic can look like: to be unlike them says little against
        # a query that matches.
        z *= len(profile.on) / (len(profile.on) + weights.UNLIKENESS_TRUST)
    nearest = max(profile.on, key=evidence.similarities.__getitem__)
    title = shorten(evidence.judge.corpus.references[nearest].exemplar.title, _TITLE_SHOWN)
    detail = f"like the topic {compared.on:.2f}, like other articles {compared.off:.2f}"
    if evidence.similarities[nearest] > 0:
        detail = f"nearest “{title}” {evidence.similarities[nearest]:.2f}; {detail}"
    return Reading(value=weights.Z_LIMIT * tanh(z / weights.Z_LIMIT), detail=detail)


def entities(evidence: Evidence, profile: TopicProfile) -> Reading:
    """Whose story it is: from 1, where all of the topic's cast is named, to −1, where nobody of it is."""
    if not profile.cast:
        return Reading(value=None, detail="abstained: no company or chip stands for the topic")
    named = named_in_lead(evidence.features)
    cast = sorted(profile.cast, key=lambda entity: -profile.cast[entity])
    present = [entity for entity in cast if entity in named]
    missing = [entity for entity in cast if entity not in named]
    part = sum(profile.cast[entity] for entity in present) / sum(profile.cast.values())
    detail = _names("", present, evidence) or "nobody of the topic’s cast"
    return Reading(value=2 * part - 1, detail=detail + _names("; not in it: ", missing, evidence))


def _names(label: str, found: Sequence[str], evidence: Evidence) -> str:
    return label + ", ".join(evidence.judge.names[entity] for entity in found[:_SHOWN]) if found else ""


def exclude(evidence: Evidence, profile: TopicProfile) -> Reading | None:
    """A veto where the topic's exclusion matches."""
    if profile.exclude is None:
        return None
    match = profile.exclude.match(evidence.features.document, evidence.features.entities)
    if match is None:
        return Reading(value=None, detail="not excluded")
    detail = f"excluded by {_places(match.spans, evidence)}"
    return Reading(value=weights.VETO, detail=detail, spans=match.spans)


def language(evidence: Evidence, profile: TopicProfile) -> Reading | None:
    """A veto where the item is known to be in a language that the topic does not watch.

    Compared by primary subtag (RFC 5646): ``en`` covers ``en-GB``.
    """
    wanted, given = profile.topic.languages, evidence.features.language
    if not wanted:
        return None
    if not given:
        return Reading(value=None, detail="the item's language is not known")
    if _primary(given) in map(_primary, wanted):
        return Reading(value=None, detail=f"the item is in {given}")
    return Reading(
        value=weights.VETO, detail=f"the item is in {given}, the topic watches {', '.join(wanted)}"
    )


def _primary(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].casefold()


def _places(spans: Iterable[Span], evidence: Evidence) -> str:
    """Matched words as they stand in the text, by field: ``title: “custom chips”; summary: “Meta”``."""
    texts = dict(zip(("title", "summary", "body"), evidence.features.document.texts, strict=True))
    parts = []
    for field, group in groupby(spans, key=lambda span: span.field):
        words = dict.fromkeys(f"“{texts[field][span.start : span.end]}”" for span in group)
        parts.append(f"{field}: {', '.join(list(words)[:_SHOWN])}")
    return "; ".join(parts)


SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {"query": query, "exemplars": exemplars, "entities": entities}
)
"""Name → signal, in the order in which reasons are given. Each has its weight in ``weights.WEIGHTS``."""

Veto: TypeAlias = Callable[[Evidence, TopicProfile], Reading | None]
"""``None`` where the topic does not ask for it. A value is log-odds, ``None`` where nothing objects."""

VETOES: Mapping[str, Veto] = MappingProxyType({"exclude": exclude, "language": language})
"""Name → veto. One objection ends the matter, whatever the signals say."""
