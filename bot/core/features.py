"""Item → features: what judging looks at, computed once an item and read by every topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import log, sqrt

from bot.core.lexicon import Document, Lexicon, document
from bot.core.text import FUNCTION_WORDS, Token
from bot.model import Span

TITLE_WEIGHT = 2.0
"""A headline word counts as two: headlines carry the subject, leads add colour."""
BODY_WORDS = 150
"""News is written with the most important first; what follows is background of other stories."""

_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_VOWEL = re.compile(r"[aeiouy]")
_ENDINGS = ("ing", "ed")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Features:
    """What is known of an item (or of an exemplar) before any topic is asked."""

    item_id: str
    document: Document
    entities: Mapping[str, tuple[Span, ...]]
    """Entity id → where it is named."""
    vector: Mapping[str, float]
    """Stem → weight, of length 1; empty where the text has no content words."""
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
    return Features(
        item_id=item_id,
        document=text,
        entities=lexicon.find(text),
        vector=vector(text),
        figures=figures(text),
        language=language,
        published=published,
    )


def vector(text: Document) -> Mapping[str, float]:
    """Stem → weight by 1 + ln(frequency), scaled to length 1; function words are left out.

    There is no weight for rarity: a seed corpus is small and about one subject, so that in it ``chip``
    is common and ``Thursday`` is rare. Document frequencies counted there did harm (docs/judging.md).
    Sublinear frequency: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 6.4.1.
    """
    counts: dict[str, float] = {}
    for tokens, weight in ((text.title, TITLE_WEIGHT), (lead(text), 1.0)):
        for token in tokens:
            if (word := token.word) not in FUNCTION_WORDS:
                term = stem(word)
                counts[term] = counts.get(term, 0.0) + weight
    weights = {term: 1.0 + log(count) for term, count in counts.items()}
    length = sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()}


def lead(text: Document) -> Sequence[Token]:
    """Summary and the beginning of the body."""
    return (*text.summary, *text.body[:BODY_WORDS])


def named_in_lead(features: Features) -> frozenset[str]:
    """Ids of the entities that headline, summary or the beginning of the body name."""
    body = features.document.body
    end = body[BODY_WORDS].start if len(body) > BODY_WORDS else len(features.document.texts[2]) + 1
    return frozenset(
        entity
        for entity, spans in features.entities.items()
        if any(span.field != "body" or span.start < end for span in spans)
    )


def figures(text: Document) -> frozenset[str]:
    """The numbers that tell one event from another: with two digits or more, and no years."""
    return frozenset(_figures(token.word for token in (*text.title, *lead(text))))


def _figures(found: Iterable[str]) -> Iterable[str]:
    for word in found:
        if word[0].isdigit() and (match := _FIGURE.match(word)):
            figure = match[0].replace(",", "")
            if len(figure) > 1 and not (len(figure) == 4 and figure[:2] in ("19", "20")):
                yield figure


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Take the common English endings off a folded word: ``chips``, ``tested``, ``testing``, ``licence``.

    The first two steps of Porter's stemmer in short (An algorithm for suffix stripping, 1980). Words
    of other scripts and words with digits stay as they are.
    """
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and _VOWEL.search(rest):
            word = rest[:-1] if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Similarity of two vectors of length 1: 0 nothing in common, 1 the same words."""
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[term] for term, weight in one.items() if term in other)
