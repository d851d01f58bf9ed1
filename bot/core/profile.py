"""Topics, exemplars and entities → the judge: everything verdicts need, computed once and versioned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bot.core import weights
from bot.core.corpus import Corpus, Reference, build_corpus
from bot.core.correction import Correction
from bot.core.features import named_in_lead
from bot.core.query import Lexicon, Query, parse
from bot.core.text import digest
from bot.errors import QueryError, TopicQueryError
from bot.model import Entity, Exemplar, Topic


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TopicProfile:
    """A topic made ready. ``on`` and ``off`` are positions in ``Corpus.references``."""

    topic: Topic
    query: Query | None
    exclude: Query | None
    on: tuple[int, ...]
    off: tuple[int, ...]
    alone: float
    """How far the exemplars stand alone for want of others: from 1, with none, to 0, with enough."""
    centre: float
    """The contrast at which the exemplars speak neither for nor against the topic."""
    cast: Mapping[str, float]
    """The entities that make the topic: id → how much more often its exemplars name it than the others."""
    version: str
    """Hash of all that verdicts of this topic depend on: another version, another judgement."""
    correction: Correction | None = None
    """What readers' answers have taught (``core.feedback``)."""

    @property
    def threshold(self) -> float:
        return weights.AUTO_THRESHOLD if self.topic.threshold is None else self.topic.threshold

    @property
    def can_match(self) -> bool:
        """A topic with neither query nor exemplars says nothing about what it wants."""
        return self.query is not None or bool(self.on)

    @property
    def kind(self) -> weights.Kind:
        return weights.Kind(query=self.query is not None, exemplars=bool(self.on))

    @property
    def calibration(self) -> weights.Calibration:
        return weights.CALIBRATION.get(self.kind, weights.UNFOUNDED)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Judge:
    """What every topic shares. Make one with :func:`build_profiles`."""

    lexicon: Lexicon
    names: Mapping[str, str]
    """Entity id → name."""
    corpus: Corpus
    profiles: tuple[TopicProfile, ...]
    """In the order of the topics."""


def build_profiles(
    topics: Sequence[Topic], exemplars: Sequence[Exemplar], entities: Sequence[Entity]
) -> Judge:
    """Make the judge. Raises TopicQueryError for a query or exclusion that can't be read."""
    lexicon = Lexicon(entities)
    corpus = build_corpus(exemplars, lexicon)
    shared = _shared_version(corpus, entities)
    return Judge(
        lexicon=lexicon,
        names={entity.id: entity.name for entity in entities},
        corpus=corpus,
        profiles=tuple(_profile(topic, corpus, lexicon, shared) for topic in topics),
    )


def check_queries(topics: Sequence[Topic], entities: Sequence[Entity]) -> None:
    """Raise what :func:`build_profiles` would raise, without reading the corpus."""
    lexicon = Lexicon(entities)
    for topic in topics:
        _parse(topic, "query", topic.query, lexicon)
        _parse(topic, "exclude", topic.exclude, lexicon)


def _profile(topic: Topic, corpus: Corpus, lexicon: Lexicon, shared: str) -> TopicProfile:
    on, off = _sides(topic, corpus)
    return TopicProfile(
        topic=topic,
        query=_parse(topic, "query", topic.query, lexicon),
        exclude=_parse(topic, "exclude", topic.exclude, lexicon),
        on=on,
        off=off,
        alone=max(0.0, 1.0 - len(off) / weights.ENOUGH_OTHERS),
        centre=_centre(corpus, on, off),
        cast=_cast([corpus.references[place] for place in on], [corpus.references[place] for place in off]),
        version=digest([shared, repr(topic), f"{on} {off}"]),
    )


def _sides(topic: Topic, corpus: Corpus) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The topic's exemplars, those it lists or else those that name it; and those that are neither."""
    listed = {corpus.originals.get(name, name) for name in topic.exemplars}
    on, off = [], []
    for position, reference in enumerate(corpus.references):
        named = topic.id in reference.exemplar.topics
        if reference.exemplar.id in listed or (named and not listed):
            on.append(position)
        elif not named:
            off.append(position)
    return tuple(on), tuple(off)


def _parse(topic: Topic, key: str, text: str, lexicon: Lexicon) -> Query | None:
    if not text.strip():
        return None
    try:
        return parse(text, lexicon)
    except QueryError as error:
        raise TopicQueryError(error, topic=topic.id, key=key) from error


def _centre(corpus: Corpus, on: Sequence[int], off: Sequence[int]) -> float:
    """Half way between the topic's own exemplars and the others, each compared with all but itself.

    Shrunk towards the shipped centre, because few exemplars place it badly: how much alike news of a
    topic is differs (deals less than the chips of one company), and nobody labels items beforehand.
    """
    if len(on) < weights.POOL or len(off) < weights.POOL:
        return weights.CONTRAST_CENTRE
    inside, outside = corpus.leave_one_out(on, off)
    own = (fmean(inside) + fmean(outside)) / 2
    total = len(on) + weights.CENTRE_TRUST
    return (len(on) * own + weights.CENTRE_TRUST * weights.CONTRAST_CENTRE) / total


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


def _shared_version(corpus: Corpus, entities: Sequence[Entity]) -> str:
    texts = (
        f"{place.exemplar.id}\0{place.exemplar.title}\0{place.exemplar.text}\0{place.exemplar.published}"
        f"\0{sorted(place.exemplar.topics)}"
        for place in corpus.references
    )
    return digest([weights.fingerprint(), *texts, *map(repr, entities)])
