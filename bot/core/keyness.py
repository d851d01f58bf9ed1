"""Which words, phrases and entities mark some texts off from others.

Keyness is the log-likelihood ratio G² of a term's frequency here and in the background (Dunning, Accurate
methods for the statistics of surprise and coincidence, 1993; for two corpora: Rayson and Garside, Comparing
corpora using frequency profiling, 2000). It needs no large counts, which five articles don't have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import log

from bot.core.lexicon import Document, Lexicon, document
from bot.core.rarity import rarity
from bot.core.stems import stem
from bot.core.text import FUNCTION_WORDS, Token, tokenize, words
from bot.model import Span

LEAD_WORDS = 100
"""Of a text so many words are read: what feeds carry, and what matters most in news."""
LONGEST_PHRASE = 3
PREFIX_FROM = 5
"""Letters from which the stem of a word stands for all its forms: ``erupt*``, but ``chip OR chips``."""

_MOST_FORMS = 4
_JOINT = re.compile(r"[\s’'‐-]?")
"""What may stand between the words of a phrase."""
_WORD = re.compile(r"[^\W\d_]")

Key = tuple[str, ...]
"""The stems of a word or phrase, or an entity as ``("@", id)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A text's beginning, made ready to be counted and queried. Make one with :func:`sample`."""

    text: Document
    mentions: dict[str, tuple[Span, ...]]
    keys: Counter[Key]
    spelled: dict[Key, str]
    """Key → how the text spells it, folded."""

    @property
    def size(self) -> int:
        return sum(map(len, self.text.tokens))


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """What may stand in a query."""

    key: Key
    query: str
    """As the query language writes it: ``erupt*``, ``"ash cloud"``, ``@meta``."""
    texts: frozenset[int]
    """Positions of the samples that have it."""
    keyness: float
    rarity: float
    """In the language at large: of an entity 1, else the sum over the words (``core.rarity``)."""

    @property
    def is_entity(self) -> bool:
        return self.key[0] == "@"


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """How often each term occurs in many texts, and among how many words."""

    counts: Counter[Key]
    size: int


def sample(title: str, text: str, lexicon: Lexicon) -> Sample:
    """Read the beginning of a text."""
    body = tokenize(text)
    if len(body) > LEAD_WORDS:
        text = text[: body[LEAD_WORDS].start]
    read = document(title, body=text)
    mentions = dict(lexicon.find(read))
    keys: Counter[Key] = Counter()
    spelled: dict[Key, str] = {}
    for raw, tokens in zip(read.texts, read.tokens, strict=True):
        named = _named(mentions, read, raw)
        for run in _runs(raw, tokens, named):
            for key, spelling in _terms(raw, run):
                keys[key] += 1
                spelled.setdefault(key, spelling)
    for entity, spans in mentions.items():
        keys["@", entity] = len(spans)
        spelled["@", entity] = f"@{entity}"
    return Sample(read, mentions, keys, spelled)


def frequencies(samples: Iterable[Sample]) -> Frequencies:
    """Count terms over texts."""
    counts: Counter[Key] = Counter()
    size = 0
    for each in samples:
        counts.update(each.keys)
        size += each.size
    return Frequencies(counts, size)


def key_terms(
    samples: Sequence[Sample], background: Frequencies, *, least_texts: int, language: str | None = None
) -> list[Term]:
    """The terms of at least so many samples, by keyness; 0 has what is no commoner than in the background.

    ``language`` is the samples', as a primary subtag.
    """
    here = frequencies(samples)
    texts: dict[Key, set[int]] = {}
    for position, each in enumerate(samples):
        for key in each.keys:
            texts.setdefault(key, set()).add(position)
    terms = [
        Term(
            key=key,
            query=_query([each.spelled[key] for each in samples if key in each.spelled], key),
            texts=frozenset(found),
            keyness=log_likelihood(here.counts[key], here.size, background.counts[key], background.size),
            rarity=1.0 if key[0] == "@" else sum(rarity(part, language) for part in key),
        )
        for key, found in texts.items()
        if len(found) >= least_texts
    ]
    return sorted(terms, key=lambda term: (-term.keyness, -len(term.texts), term.query))


def log_likelihood(here: int, size: int, there: int, other_size: int) -> float:
    """G² of ``here`` occurrences among ``size`` words against ``there`` among ``other_size``.

    0 where the term is not commoner here. 10.83 is one chance in a thousand (χ², one degree of freedom).
    """
    if not size or here * other_size <= there * size:
        return 0.0
    rate = (here + there) / (size + other_size)
    observed = ((here, size * rate), (there, other_size * rate))
    return max(0.0, 2 * sum(count * log(count / expected) for count, expected in observed if count))


def _named(mentions: dict[str, tuple[Span, ...]], read: Document, raw: str) -> set[int]:
    """Characters of a field at which words begin that belong to an entity's name."""
    fields = dict(zip(("title", "summary", "body"), read.texts, strict=True))
    return {
        place
        for spans in mentions.values()
        for span in spans
        if fields[span.field] is raw
        for place in range(span.start, span.end)
    }


def _runs(raw: str, tokens: Sequence[Token], named: set[int]) -> Iterator[list[Token]]:
    """Words next to each other with nothing between them that ends a phrase, names of entities left out."""
    run: list[Token] = []
    for token in tokens:
        if run and (token.start in named or not _JOINT.fullmatch(raw[run[-1].end : token.start])):
            yield run
            run = []
        if token.start not in named:
            run.append(token)
    if run:
        yield run


def _terms(raw: str, run: Sequence[Token]) -> Iterator[tuple[Key, str]]:
    """Key and spelling of each word and phrase of a run that may stand in a query."""
    for start, first in enumerate(run):
        if first.word in FUNCTION_WORDS:
            continue
        for end in range(start, min(start + LONGEST_PHRASE, len(run))):
            last = run[end]
            if last.word in FUNCTION_WORDS or not _says_something(run[start : end + 1]):
                continue
            key = tuple(stem(token.word) for token in run[start : end + 1])
            yield key, raw[first.start : last.end]


def _says_something(tokens: Sequence[Token]) -> bool:
    """Whether a term has a letter in every word, and more than one letter in all."""
    return all(_WORD.search(token.word) for token in tokens) and sum(len(token.word) for token in tokens) > 1


def _query(spellings: Sequence[str], key: Key) -> str:
    """How a query finds a term in all the forms that were seen."""
    if key[0] == "@":
        return spellings[0]
    forms = sorted({tuple(words(spelling)) for spelling in spellings})
    heads = {form[:-1] for form in forms}
    beginning = _beginning([form[-1] for form in forms], key[-1])
    if len(heads) == 1 and beginning:
        return _quoted((*heads.pop(), f"{beginning}*"))
    return " OR ".join(map(_quoted, forms[:_MOST_FORMS]))


def _beginning(forms: Sequence[str], stemmed: str) -> str:
    """What all forms of a word begin with, where that is long enough to stand for the word.

    Not less of it than the stem, but for words in -y (``compan*``); an -e that all forms have stays.
    """
    shared = _common([*forms, stemmed])
    if _common(forms) == f"{stemmed}e":
        shared = f"{stemmed}e"
    return shared if len(shared) >= max(PREFIX_FROM, len(stemmed) - 1) else ""


def _common(words: Sequence[str]) -> str:
    first, last = min(words), max(words)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return first[: len(list(same))]


def _quoted(term: Sequence[str]) -> str:
    return term[0] if len(term) == 1 else f'"{" ".join(term)}"'
