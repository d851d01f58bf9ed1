"""The seed corpus made ready: exemplars with their features, and how an item compares with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from math import sqrt
from typing import NamedTuple, TypeAlias

from bot.core import weights
from bot.core.capitals import names
from bot.core.features import Features, extract
from bot.core.lexicon import Lexicon
from bot.model import Exemplar


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """An exemplar with its features."""

    exemplar: Exemplar
    features: Features
    name_part: float
    """How much of its vector (squared length) the corpus takes for names; 0 to 1."""

    @cached_property
    def length(self) -> float:
        """Of the vector that has its traits as well."""
        return sqrt(self.features.size**2 + len(self.features.traits)) or 1.0


Postings: TypeAlias = Mapping[str, Sequence[tuple[int, float]]]
"""Stem → (position of a reference, weight in its vector)."""


class Contrast(NamedTuple):
    """Likeness to a topic's exemplars and to the others: means of the best few, 0 to 1 each."""

    on: float
    off: float

    @property
    def value(self) -> float:
        """Half of what an item has in common with the topic's field at large is no merit."""
        return self.on - weights.OFF_TOPIC_PART * self.off


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Corpus:
    """All exemplars. Make one with :func:`build_corpus`."""

    references: tuple[Reference, ...]
    """Copies of another exemplar are left out: a text counts once however often it was printed."""
    originals: Mapping[str, str]
    """Exemplar id → id of the text that it repeats, or its own."""
    postings: Postings
    """Of the even vectors."""
    telling_postings: Postings
    names: frozenset[str]
    """The stems that the exemplars write as names."""

    def similarities(self, features: Features) -> list[float]:
        """Cosine of an item with every reference, in their order; 0 to 1."""
        found = [0.0] * len(self.references)
        for term, weight in features.vector.items():
            for position, other in self.postings.get(term, ()):
                found[position] += weight * other
        return found

    def likenesses(self, features: Features, similarities: Sequence[float]) -> list[float]:
        """The cosines with every trait as a word more, of weight 1."""
        size, own = features.size, len(features.traits)
        length = sqrt(size * size + own) or 1.0
        return [
            (similarity * size * reference.features.size + len(features.traits & reference.features.traits))
            / (length * reference.length)
            for similarity, reference in zip(similarities, self.references, strict=True)
        ]

    def affinities(self, features: Features) -> list[float]:
        """How much an item and every reference share of what tells one event from another; 0 to 1."""
        in_names, in_others = [0.0] * len(self.references), [0.0] * len(self.references)
        for term, weight in features.telling.items():
            shared = in_names if term in self.names else in_others
            for position, other in self.telling_postings.get(term, ()):
                shared[position] += weight * other
        parts = (reference.name_part for reference in self.references)
        return list(map(affinity, in_names, in_others, parts))

    def leave_one_out(self, on: Sequence[int], off: Sequence[int]) -> tuple[list[float], list[float]]:
        """The contrast of each exemplar, on and off topic, when it is compared with all but itself."""
        values = {}
        for position in (*on, *off):
            features = self.references[position].features
            similarities = self.likenesses(features, self.similarities(features))
            rest_on = [place for place in on if place != position]
            rest_off = [place for place in off if place != position]
            values[position] = contrast(similarities, rest_on, rest_off).value
        return [values[place] for place in on], [values[place] for place in off]


def contrast(similarities: Sequence[float], on: Sequence[int], off: Sequence[int]) -> Contrast:
    """Compare an item with the exemplars at the positions ``on`` and ``off`` a topic."""
    return Contrast(_best(similarities, on), _best(similarities, off))


def _best(similarities: Sequence[float], positions: Sequence[int]) -> float:
    """Mean of the highest similarities among some references; 0 without any."""
    best = sorted((similarities[position] for position in positions), reverse=True)[: weights.POOL]
    return sum(best) / len(best) if best else 0.0


def affinity(in_names: float, in_others: float, name_part: float) -> float:
    """The cosine, corrected by whether the shared words are names *and* other words.

    ``in_names`` and ``in_others`` are the two parts of the cosine. News of another event of the same kind
    shares the kind's words, other news of the same place or person shares the names; news of the event shares
    both. So part of the cosine is replaced by the parts' geometric mean, in units in which a copy has 1. The
    part is largest where names are half of the exemplar, and nothing where the exemplar has no (known) names,
    or only names.
    """
    spread = name_part * (1 - name_part)
    both = sqrt(spread * in_names * in_others)
    part = 4 * weights.NAMES_AND_MATTER
    return min(1.0, (1 - part * spread) * (in_names + in_others) + part * both)


def build_corpus(exemplars: Sequence[Exemplar], lexicon: Lexicon) -> Corpus:
    """Read every exemplar once."""
    originals = _originals(exemplars)
    kept = [exemplar for exemplar in exemplars if originals[exemplar.id] == exemplar.id]
    read = [_features(exemplar, lexicon) for exemplar in kept]
    named = _names(read)
    references = tuple(
        Reference(exemplar=exemplar, features=features, name_part=_name_part(features, named))
        for exemplar, features in zip(kept, read, strict=True)
    )
    return Corpus(
        references=references,
        originals=originals,
        postings=_postings([reference.features.vector for reference in references]),
        telling_postings=_postings([reference.features.telling for reference in references]),
        names=named,
    )


def _names(read: Sequence[Features]) -> frozenset[str]:
    """The stems that more exemplars write as a name than as another word."""
    votes: Counter[str] = Counter()
    for features in read:
        for term, is_name in names(features.document).items():
            votes[term] += 1 if is_name else -1
    return frozenset(term for term, vote in votes.items() if vote > 0)


def _name_part(features: Features, named: frozenset[str]) -> float:
    return min(1.0, sum(weight * weight for term, weight in features.telling.items() if term in named))


def _features(exemplar: Exemplar, lexicon: Lexicon) -> Features:
    day = exemplar.published
    published = datetime.combine(day, time(), UTC) if day else None
    return extract(
        exemplar.id,
        title=exemplar.title,
        body=exemplar.text,
        language=exemplar.language,
        published=published,
        lexicon=lexicon,
    )


def _postings(vectors: Sequence[Mapping[str, float]]) -> Postings:
    postings: dict[str, list[tuple[int, float]]] = {}
    for position, vector in enumerate(vectors):
        for term, weight in vector.items():
            postings.setdefault(term, []).append((position, weight))
    return postings


def _originals(exemplars: Sequence[Exemplar]) -> Mapping[str, str]:
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
