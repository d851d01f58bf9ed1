"""The tree of a query: its nodes, what they look like in writing, and how they match a text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bot.core.lexicon import Document, Index, field_of
from bot.model import Span

Mentions: TypeAlias = Mapping[str, tuple[Span, ...]]
"""Entity id → where a text names it, as ``Lexicon.find`` gives it."""

OPERATOR = re.compile(r"AND|OR|NOT|NEAR(?:/(?P<distance>[0-9]+))?")

# How much a hit counts by the best field it is found in: a headline says what an article is about,
# a body mentions much in passing.
_FIELD_GRADE = {"title": 1.0, "summary": 0.7, "body": 0.4}
# Words of an AND within so many words of each other keep their whole grade; words in no common field
# keep this part of it.
_CLOSE = 12
_APART = 0.7


class _Hit(NamedTuple):
    first: int
    last: int
    term: str


class _Found(NamedTuple):
    """What made a (part of a) query true: its hits, none where something had to be absent."""

    hits: list[_Hit]
    grade: float


_ABSENT = _Found([], 0.0)


class _View(NamedTuple):
    """A document as one part of a query sees it: whole, or its title only."""

    text: Document
    mentions: Mentions
    words: Index
    title_only: bool = False


# ── tree ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word, or words next to each other; the last may be a prefix. Spelling does not matter."""

    words: tuple[str, ...]
    prefix: bool
    spelling: str = field(compare=False)

    def __str__(self) -> str:
        star = "*" * self.prefix
        bare = re.fullmatch(r"[^\W_]+", self.spelling) and not OPERATOR.fullmatch(self.spelling)
        return f"{self.spelling}{star}" if bare else f'"{self.spelling}{star}"'

    def hits(self, view: _View) -> list[_Hit]:
        *heads, tail = self.words
        positions = view.words.positions
        ends: Sequence[int] = view.words.starting_with(tail) if self.prefix else positions.get(tail, ())
        width = len(heads)
        for distance, word in enumerate(reversed(heads), 1):
            if not ends or word not in positions:
                return []
            places = set(positions[word])
            ends = [end for end in ends if end - distance in places]
        if not ends:
            return []
        term = str(self)
        return [_Hit(end - width, end, term) for end in ends]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity, or any entity of a kind, under any of its names."""

    name: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return f"@{self.name}"

    def hits(self, view: _View) -> list[_Hit]:
        spans = [span for entity, named in view.mentions.items() if entity in self.ids for span in named]
        return [
            _Hit(*view.text.positions(span), span.term)
            for span in spans
            if not view.title_only or span.field == "title"
        ]


@dataclass(frozen=True, slots=True)
class Near:
    """Operands in a chain, each within its distance (in words) of the one before."""

    operands: tuple[Node, ...]
    distances: tuple[int, ...]

    def __str__(self) -> str:
        first, *others = (_inside(operand, And, Or) for operand in self.operands)
        steps = zip(self.distances, others, strict=True)
        return first + "".join(f" NEAR/{distance} {operand}" for distance, operand in steps)

    def hits(self, view: _View) -> list[_Hit]:
        chain = []
        for operand in self.operands:
            hits = _all_hits(operand, view)
            if not hits:
                return []
            chain.append(hits)
        for number, distance in enumerate(self.distances, 1):
            chain[number] = _close(chain[number], chain[number - 1], distance)
        for number, distance in reversed(list(enumerate(self.distances))):
            chain[number] = _close(chain[number], chain[number + 1], distance)
        return [hit for hits in chain for hit in hits]


@dataclass(frozen=True, slots=True)
class Title:
    """What is inside must stand in the title."""

    inner: Node

    def __str__(self) -> str:
        return f"title:{_inside(self.inner, And, Or, Near, Not)}"


@dataclass(frozen=True, slots=True)
class Not:
    inner: Node

    def __str__(self) -> str:
        return f"NOT {_inside(self.inner, And, Or, Near)}"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_inside(part, Or) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]
    _by_word: Mapping[str, tuple[Phrase, ...]] = field(init=False, repr=False, compare=False)
    """Phrases by their last word, so that only those whose word a text has are looked at."""
    _others: tuple[Node, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_word: dict[str, tuple[Phrase, ...]] = {}
        others: list[Node] = []
        for part in self.parts:
            if isinstance(part, Phrase) and not part.prefix:
                by_word[part.words[-1]] = (*by_word.get(part.words[-1], ()), part)
            else:
                others.append(part)
        object.__setattr__(self, "_by_word", by_word)
        object.__setattr__(self, "_others", tuple(others))

    def __str__(self) -> str:
        return " OR ".join(str(part) for part in self.parts)

    def candidates(self, words: Mapping[str, Sequence[int]]) -> Iterator[Node]:
        """The parts that a text of these words may match."""
        for word in self._by_word.keys() & words.keys():
            yield from self._by_word[word]
        yield from self._others


Node: TypeAlias = Phrase | Mention | Near | Title | Not | And | Or

_LEAVES = (Phrase, Mention, Near)


def _inside(node: Node, *looser: type[Node]) -> str:
    return f"({node})" if isinstance(node, looser) else str(node)


# ── matching ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Match:
    """Where and how strongly a query matched."""

    spans: tuple[Span, ...]
    """Each place and term once, in the order of fields and words."""
    grade: float
    """0 to 1. A term counts 1.0 in the title, 0.7 in the summary, 0.4 in the body. OR takes its best part.
    AND takes the mean of its parts, times 0.7 when no field holds them all, up to 1 when within 12 words
    of each other (0.7 + 0.3 · 12 / width of the tightest window). A choice, not fitted to data."""


def find(node: Node, text: Document, mentions: Mentions) -> Match | None:
    """Where the tree matches a text; ``None`` where it doesn't."""
    found = _evaluate(node, _View(text, mentions, text.everywhere), negated=False)
    if found is None:
        return None
    return Match(spans=tuple(text.span(*hit) for hit in sorted(set(found.hits))), grade=found.grade)


def _evaluate(node: Node, view: _View, *, negated: bool) -> _Found | None:
    """What makes the node true (false, where ``negated``); ``None`` where nothing does.

    Negation is pushed down to the terms, so every hit belongs to something that had to be there.
    """
    if isinstance(node, _LEAVES):
        hits = node.hits(view)
        if negated:
            return None if hits else _ABSENT
        return _Found(hits, max(_FIELD_GRADE[field_of(hit.first)] for hit in hits)) if hits else None
    if isinstance(node, Not):
        return _evaluate(node.inner, view, negated=not negated)
    if isinstance(node, Title):
        title = view._replace(words=view.text.in_title, title_only=True)
        return _evaluate(node.inner, title, negated=negated)
    every = isinstance(node, And) != negated
    found: list[_Found] = []
    parts = node.candidates(view.words.positions) if isinstance(node, Or) else node.parts
    for part in parts:
        result = _evaluate(part, view, negated=negated)
        if result is not None:
            found.append(result)
        elif every:
            return None
    if not found:
        return _ABSENT if every else None
    return _together(found) if every else _either(found)


def _either(found: Sequence[_Found]) -> _Found:
    return _Found([hit for part in found for hit in part.hits], max(part.grade for part in found))


def _together(found: Sequence[_Found]) -> _Found:
    shown = [part for part in found if part.hits]
    if not shown:
        return _ABSENT
    mean = sum(part.grade for part in shown) / len(shown)
    hits = [hit for part in shown for hit in part.hits]
    if len(shown) == 1:
        return _Found(hits, mean)
    width = _tightest([part.hits for part in shown])
    return _Found(hits, mean * (_APART + (1 - _APART) * min(1.0, _CLOSE / width)))


def _tightest(parts: Sequence[Sequence[_Hit]]) -> float:
    """Words in the smallest window within a field that touches a hit of every part; infinite without one."""
    marks = sorted((hit.first, number) for number, hits in enumerate(parts) for hit in hits)
    latest: dict[int, int] = {}
    best = float("inf")
    for position, number in marks:
        latest.pop(number, None)
        latest[number] = position  # the part seen longest ago stays first
        if len(latest) == len(parts):
            start = next(iter(latest.values()))
            if field_of(start) == field_of(position):
                best = min(best, position - start + 1)
    return best


def _all_hits(operand: Node, view: _View) -> list[_Hit]:
    found = _evaluate(operand, view, negated=False)
    return found.hits if found else []


def _close(hits: list[_Hit], others: list[_Hit], distance: int) -> list[_Hit]:
    """The hits that stand within ``distance`` words of one of the others, beside it, not over it."""
    starts = sorted(other.first for other in others)
    ends = sorted(other.last for other in others)

    def is_close(hit: _Hit) -> bool:
        after = bisect_right(starts, hit.last)
        before = bisect_left(ends, hit.first) - 1
        return (after < len(starts) and starts[after] - hit.last <= distance) or (
            before >= 0 and hit.first - ends[before] <= distance
        )

    return [hit for hit in hits if is_close(hit)]


def terms(node: Node, *, negated: bool = False) -> Iterator[str]:
    """The words, phrases and entities that may match, as ``str()`` writes them."""
    match node:
        case Not(inner):
            yield from terms(inner, negated=not negated)
        case Title(inner):
            yield from terms(inner, negated=negated)
        case Near(parts, _) | And(parts) | Or(parts):
            for part in parts:
                yield from terms(part, negated=negated)
        case _ if not negated:
            yield str(node)
