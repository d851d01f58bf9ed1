"""Topics, exemplars and entities → the judge: everything verdicts need, computed once and versioned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from bot.core import weights
from bot.core.features import Features, extract, named_in_lead
from bot.core.query import Lexicon, Query, parse
from bot.core.text import digest
from bot.errors import QueryError, TopicQueryError
from bot.model import Entity, Exemplar, Topic


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TopicProfile:
    """A topic made ready. ``on`` and ``off`` are positions in ``Judge.exemplars``."""

    topic: Topic
    query: Query | None
    exclude: Query | None
    on: tuple[int, ...]
    off: tuple[int, ...]
    cast: Mapping[str, float]
    """The entities that make the topic: id → how much more often its exemplars name it than the others."""
    version: str
    """Hash of all that verdicts of this topic depend on: another version, another judgement."""

    @property
    def threshold(self) -> float:
        return weights.AUTO_THRESHOLD if self.topic.threshold is None else self.topic.threshold

    @property
    def can_match(self) -> bool:
        """A topic with neither query nor exemplars says nothing about what it wants."""
        return self.query is not None or bool(self.on)

    @property
    def calibration(self) -> weights.Calibration:
        return weights.CALIBRATION.get((self.query is not None, bool(self.on)), weights.UNFOUNDED)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """An exemplar with its features."""

    exemplar: Exemplar
    features: Features


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judge:
    """What every topic shares. Make one with :func:`build_profiles`."""

    lexicon: Lexicon
    names: Mapping[str, str]
    """Entity id → name."""
    exemplars: tuple[Reference, ...]
    """Copies of another exemplar are left out: a text counts once however often it was printed."""
    postings: Mapping[str, Sequence[tuple[int, float]]]
    """Stem → (position of an exemplar, weight in its vector)."""
    profiles: tuple[TopicProfile, ...]

    def similarities(self, features: Features) -> list[float]:
        """Cosine of an item with every exemplar, in the order of ``exemplars``; 0 to 1."""
        found = [0.0] * len(self.exemplars)
        for term, weight in features.vector.items():
            for position, other in self.postings.get(term, ()):
                found[position] += weight * other
        return found


def build_profiles(
    topics: Sequence[Topic], exemplars: Sequence[Exemplar], entities: Sequence[Entity]
) -> Judge:
    """Make the judge. Raises TopicQueryError for a query or exclusion that can't be read."""
    lexicon = Lexicon(entities)
    originals = _originals(exemplars)
    references = tuple(
        Reference(exemplar=exemplar, features=_features(exemplar, lexicon))
        for exemplar in exemplars
        if originals[exemplar.id] == exemplar.id
    )
    shared = _shared_version(references, entities)
    return Judge(
        lexicon=lexicon,
        names={entity.id: entity.name for entity in entities},
        exemplars=references,
        postings=_postings(references),
        profiles=tuple(_profile(topic, references, originals, lexicon, shared) for topic in topics),
    )


def _originals(exemplars: Sequence[Exemplar]) -> Mapping[str, str]:
    """Exemplar id → id of the text that it repeats, or its own."""
    copies = {exemplar.id: exemplar.copy_of for exemplar in exemplars}
    return {name: _original(name, copies) for name in copies}


def _original(name: str, copies: Mapping[str, str | None]) -> str:
    path: list[str] = []
    while name not in path:
        path.append(name)
        parent = copies[name]
        if parent is None or parent not in copies:
            return name
        name = parent
    return min(path[path.index(name) :])  # copies of each other: one stands for all


def _features(exemplar: Exemplar, lexicon: Lexicon) -> Features:
    day = exemplar.published
    published = datetime.combine(day, time(), UTC) if day else None
    return extract(
        exemplar.id, title=exemplar.title, body=exemplar.text, published=published, lexicon=lexicon
    )


def _postings(references: Sequence[Reference]) -> Mapping[str, Sequence[tuple[int, float]]]:
    postings: dict[str, list[tuple[int, float]]] = {}
    for position, reference in enumerate(references):
        for term, weight in reference.features.vector.items():
            postings.setdefault(term, []).append((position, weight))
    return postings


def _profile(
    topic: Topic,
    references: Sequence[Reference],
    originals: Mapping[str, str],
    lexicon: Lexicon,
    shared: str,
) -> TopicProfile:
    listed = {originals.get(name, name) for name in topic.exemplars}
    on, off = [], []
    for position, reference in enumerate(references):
        named = topic.id in reference.exemplar.topics
        if reference.exemplar.id in listed or (named and not listed):
            on.append(position)
        elif not named:
            off.append(position)
    return TopicProfile(
        topic=topic,
        query=_parse(topic, "query", topic.query, lexicon),
        exclude=_parse(topic, "exclude", topic.exclude, lexicon),
        on=tuple(on),
        off=tuple(off),
        cast=_cast([references[place] for place in on], [references[place] for place in off]),
        version=digest([shared, repr(topic), f"{on} {off}"]),
    )


def _parse(topic: Topic, key: str, text: str, lexicon: Lexicon) -> Query | None:
    if not text.strip():
        return None
    try:
        return parse(text, lexicon)
    except QueryError as error:
        raise TopicQueryError(error, topic=topic.id, key=key) from error


def _cast(on: Sequence[Reference], off: Sequence[Reference]) -> Mapping[str, float]:
    """The entities that make the topic: named by most of its exemplars, and by few of the others.

    Only a clear majority counts. Weights of evidence over all entities (naive Bayes) took 0.10 off the
    average precision of a topic that anybody can appear in, such as deals: a few dozen exemplars say
    little about who comes next.
    """
    if len(on) < weights.CAST_EXEMPLARS:
        return {}
    inside, outside = _frequencies(on), _frequencies(off)
    return {
        entity: part - outside.get(entity, 0.0)
        for entity, part in inside.items()
        if part >= weights.CAST_PART and part >= weights.CAST_RATIO * outside.get(entity, 0.0)
    }


def _frequencies(references: Sequence[Reference]) -> Mapping[str, float]:
    """Entity id → part of the exemplars whose beginning names it."""
    counts = Counter(entity for place in references for entity in named_in_lead(place.features))
    return {entity: counts[entity] / len(references) for entity in sorted(counts)}


def _shared_version(references: Sequence[Reference], entities: Sequence[Entity]) -> str:
    texts = (
        f"{place.exemplar.id}\0{place.exemplar.title}\0{place.exemplar.text}\0{place.exemplar.published}"
        f"\0{sorted(place.exemplar.topics)}"
        for place in references
    )
    return digest([weights.fingerprint(), *texts, *map(repr, entities)])
