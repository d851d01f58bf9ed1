"""Item → features: what judging looks at, computed once an item and read by every topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log, sqrt

from bot.core.capitals import headline
from bot.core.lexicon import Document, Lexicon, document
from bot.core.rarity import rarity
from bot.core.stems import stem
from bot.core.text import FUNCTION_WORDS, Token
from bot.core.traits import traits
from bot.model import Item, Span

TITLE_WEIGHT = 2.0
"""A headline word counts as two: headlines carry the subject, leads add colour."""
BODY_WORDS = 150
"""News is written with the most important first; what follows is background of other stories."""

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Features:
    """What is known of an item (or of an exemplar) before any topic is asked."""

    item_id: str
    document: Document
    entities: Mapping[str, tuple[Span, ...]]
    """Entity id → where it is named."""
    vector: Mapping[str, float]
    """Stem → weight, of length 1; empty where the text has no content words."""
    size: float
    """The length of that vector before it was scaled: the square root of how much the text says."""
    telling: Mapping[str, float]
    """The same with rare words weighing more."""
    traits: frozenset[str]
    """What kind of story it is (``traits.py``)."""
    figures: frozenset[str]
    """Numbers of two digits and more without years: ``6.5``, ``100``."""
    language: str | None = None
    published: datetime | None = None


def extract(
    item_id: str,
    *,
    title: str,
    summary: str = "",
    body: str = "",
    language: str | None = None,
    published: datetime | None = None,
    lexicon: Lexicon,
) -> Features:
    """Cut an item's texts into words, find the entities, and weigh the words."""
    text = document(title, summary, body)
    even, telling = _weighed(text, language)
    entities = lexicon.find(text)
    return Features(
        item_id=item_id,
        document=text,
        entities=entities,
        vector=_scaled(even),
        size=_length(even),
        telling=_scaled(telling),
        traits=_traits(text, entities, lexicon),
        figures=figures(text),
        language=language,
        published=published,
    )


def features_of(item: Item, lexicon: Lexicon) -> Features:
    """Those of a stored item."""
    return extract(
        item.id,
        title=item.title,
        summary=item.summary,
        body=item.body,
        language=item.language,
        published=item.published,
        lexicon=lexicon,
    )


def vector(text: Document, language: str | None = None) -> Mapping[str, float]:
    """:attr:`Features.vector` of a text."""
    return _scaled(_weighed(text, language)[0])


def _weighed(text: Document, language: str | None) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Stem → weight, evenly and by what it tells; without function words and outlet.

    The weights are (1 + ln frequency) · √rarity, and (1 + ln frequency) · rarity. Rarity is that of the
    language at large and not of the corpus (``rarity.py``).
    Sublinear frequency: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 6.4.1.
    """
    counts: dict[str, float] = {}
    for tokens, weight in ((headline(text), TITLE_WEIGHT), (lead(text), 1.0)):
        for token in tokens:
            if (word := token.word) not in FUNCTION_WORDS:
                term = stem(word)
                counts[term] = counts.get(term, 0.0) + weight
    subtag = primary(language)
    even, telling = {}, {}
    for term, count in counts.items():
        if rare := rarity(term, subtag):
            frequency = 1.0 + log(count)
            even[term] = frequency * sqrt(rare)
            telling[term] = frequency * rare
    return even, telling


def _length(weights: Mapping[str, float]) -> float:
    return sqrt(sum(weight * weight for weight in weights.values()))


def _scaled(weights: Mapping[str, float]) -> Mapping[str, float]:
    length = _length(weights)
    return {term: weight / length for term, weight in weights.items()}


def primary(language: str | None) -> str | None:
    """The language without region and script: ``en`` of ``en-GB``."""
    return re.split("[-_]", language.casefold())[0] or None if language else None


def lead(text: Document) -> Sequence[Token]:
    """Summary and the beginning of the body."""
    return (*text.summary, *text.body[:BODY_WORDS])


def named_in_lead(features: Features) -> frozenset[str]:
    """Ids of the entities that headline, summary or the beginning of the body name."""
    return frozenset(_in_lead(features.document, features.entities))


def _in_lead(text: Document, entities: Mapping[str, tuple[Span, ...]]) -> Mapping[str, tuple[Span, ...]]:
    end = _lead_end(text)
    return {
        entity: spans
        for entity, spans in entities.items()
        if any(span.field != "body" or span.start < end for span in spans)
    }


def _lead_end(text: Document) -> int:
    """Where the beginning of the body ends, in characters."""
    return text.body[BODY_WORDS].start if len(text.body) > BODY_WORDS else len(text.texts[2]) + 1


def _traits(text: Document, entities: Mapping[str, tuple[Span, ...]], lexicon: Lexicon) -> frozenset[str]:
    title, summary, body = text.texts
    return traits(title, f"{summary}\n{body[: _lead_end(text)]}", _in_lead(text, entities), lexicon.kind_of)


def figures(text: Document) -> frozenset[str]:
    """The numbers that tell one event from another: with two digits or more, and no years."""
    return frozenset(_figures(token.word for token in (*text.title, *lead(text))))


def _figures(found: Iterable[str]) -> Iterable[str]:
    for word in found:
        if word[0].isdigit() and (match := _FIGURE.match(word)):
            figure = match[0].replace(",", "")
            if len(figure) > 1 and not (len(figure) == 4 and figure[:2] in ("19", "20")):
                yield figure


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Similarity of two vectors of length 1: 0 nothing in common, 1 the same words."""
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)
