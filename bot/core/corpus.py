"""The seed corpus made ready: exemplars with their features, and how an item compares with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import NamedTuple

from bot.core import weights
from bot.core.features import Features, extract
from bot.core.lexicon import Lexicon
from bot.model import Exemplar


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """An exemplar with its features."""

    exemplar: Exemplar
    features: Features


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
    postings: Mapping[str, Sequence[tuple[int, float]]]
    """Stem → (position of a reference, weight in its vector)."""

    def similarities(self, features: Features) -> list[float]:
        """Cosine of an item with every reference, in their order; 0 to 1."""
        found = [0.0] * len(self.references)
        for term, weight in features.vector.items():
            for position, other in self.postings.get(term, ()):
                found[position] += weight * other
        return found

    def leave_one_out(self, on: Sequence[int], off: Sequence[int]) -> tuple[list[float], list[float]]:
        """The contrast of each exemplar, on and off topic, when it is compared with all but itself."""
        values = {}
        for position in (*on, *off):
            similarities = self.similarities(self.references[position].features)
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


def build_corpus(exemplars: Sequence[Exemplar], lexicon: Lexicon) -> Corpus:
    """Read every exemplar once."""
    originals = _originals(exemplars)
    references = tuple(
        Reference(exemplar=exemplar, features=_features(exemplar, lexicon))
        for exemplar in exemplars
        if originals[exemplar.id] == exemplar.id
    )
    return Corpus(references=references, originals=originals, postings=_postings(references))


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
