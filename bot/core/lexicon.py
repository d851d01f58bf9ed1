"""What a query looks at: a text cut into words once, and the entities that it names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from bot.core.text import Token, fold, tokenize, words
from bot.model import Entity, Span

FIELDS = ("title", "summary", "body")

# A position is field number << 32 | token number: neighbours differ by one, and no distance that
# a query can ask for reaches from one field into the next.
_FIELD_BITS = 32
_TOKEN_MASK = (1 << _FIELD_BITS) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """Where each word stands. ``vocabulary`` holds the same words in order, for prefixes."""

    positions: Mapping[str, Sequence[int]]
    vocabulary: Sequence[str]

    def starting_with(self, prefix: str) -> list[int]:
        """Positions of all words that begin with ``prefix``, in order."""
        found: list[int] = []
        vocabulary = self.vocabulary
        for number in range(bisect_left(vocabulary, prefix), len(vocabulary)):
            if not vocabulary[number].startswith(prefix):
                break
            found.extend(self.positions[vocabulary[number]])
        return sorted(found)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """An item's texts, cut into words once and asked many times. Make one with :func:`document`."""

    texts: tuple[str, ...]
    """The raw texts, in the order of ``FIELDS``."""
    tokens: tuple[tuple[Token, ...], ...]
    everywhere: Index
    in_title: Index

    @property
    def title(self) -> tuple[Token, ...]:
        return self.tokens[0]

    @property
    def summary(self) -> tuple[Token, ...]:
        return self.tokens[1]

    @property
    def body(self) -> tuple[Token, ...]:
        return self.tokens[2]

    def span(self, first: int, last: int, term: str) -> Span:
        """The characters from the token at position ``first`` to the one at ``last``, inclusive."""
        number = first >> _FIELD_BITS
        tokens = self.tokens[number]
        start, end = tokens[first & _TOKEN_MASK].start, tokens[last & _TOKEN_MASK].end
        return Span(field=FIELDS[number], start=start, end=end, term=term)

    def positions(self, span: Span) -> tuple[int, int]:
        """First and last position of a span that begins and ends with tokens: undoes :meth:`span`."""
        number = FIELDS.index(span.field)
        tokens = self.tokens[number]
        first = bisect_left(tokens, span.start, key=attrgetter("start"))
        last = bisect_right(tokens, span.end, key=attrgetter("end")) - 1
        return number << _FIELD_BITS | first, number << _FIELD_BITS | last


def field_of(position: int) -> str:
    """The name of the field that a position lies in."""
    return FIELDS[position >> _FIELD_BITS]


def document(title: str, summary: str = "", body: str = "") -> Document:
    """Cut an item's texts into words and index them."""
    texts = (title, summary, body)
    tokens = tuple(tuple(tokenize(text)) if text else () for text in texts)
    return Document(texts=texts, tokens=tokens, everywhere=_index(tokens), in_title=_index(tokens[:1]))


def _index(fields: Sequence[Sequence[Token]]) -> Index:
    positions: dict[str, list[int]] = {}
    for number, tokens in enumerate(fields):
        for position, token in enumerate(tokens, number << _FIELD_BITS):
            positions.setdefault(token.word, []).append(position)
    return Index(positions, sorted(positions))


class _Alias(NamedTuple):
    words: tuple[str, ...]
    spelling: tuple[str, ...] | None
    """The words as they must be spelled, where capitals matter."""
    entity: str


class _Hit(NamedTuple):
    length: int
    field: int
    first: int
    entity: str


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The known entities, ready to be found in texts.

    An entity goes by its name and its aliases. Those listed as ``case_sensitive`` count only when
    spelled exactly so, also where they are repeated as name or alias.
    """

    entities: Sequence[Entity] = ()
    ids: frozenset[str] = field(init=False)
    kinds: Mapping[str, tuple[str, ...]] = field(init=False)
    """Kind as written in a query (``AI lab`` → ``ai-lab``) → ids of its entities."""
    kind_of: Mapping[str, str] = field(init=False)
    """The other way round: id of an entity → its kind."""
    _by_first_word: Mapping[str, Sequence[_Alias]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_first_word: dict[str, list[_Alias]] = {}
        kinds: dict[str, list[str]] = {}
        for entity in self.entities:
            kinds.setdefault(kind_key(entity.kind), []).append(entity.id)
            for alias in _aliases(entity):
                by_first_word.setdefault(alias.words[0], []).append(alias)
        object.__setattr__(self, "ids", frozenset(entity.id for entity in self.entities))
        object.__setattr__(self, "kind_of", {entity: kind for kind, ids in kinds.items() for entity in ids})
        object.__setattr__(self, "kinds", {kind: tuple(ids) for kind, ids in kinds.items()})
        object.__setattr__(self, "_by_first_word", by_first_word)

    def find(self, text: Document) -> Mapping[str, tuple[Span, ...]]:
        """Entity id → where the text names it, in the order of fields and words.

        Where aliases overlap the longest wins (``Arm`` is not found inside ``Arm Holdings``), then
        the earliest; an alias that two entities share names both.
        """
        found: dict[str, list[Span]] = {}
        for hit in sorted(_longest(self._candidates(text)), key=lambda hit: hit[1:]):
            first = hit.field << _FIELD_BITS | hit.first
            span = text.span(first, first + hit.length - 1, f"@{hit.entity}")
            found.setdefault(hit.entity, []).append(span)
        return {entity: tuple(spans) for entity, spans in found.items()}

    def _candidates(self, text: Document) -> Iterator[_Hit]:
        for number, (raw, tokens) in enumerate(zip(text.texts, text.tokens, strict=True)):
            for first, token in enumerate(tokens):
                for alias in self._by_first_word.get(token.word, ()):
                    if _stands_at(alias, tokens[first : first + len(alias.words)], raw):
                        yield _Hit(len(alias.words), number, first, alias.entity)


def kind_key(kind: str) -> str:
    """A kind as a query names it: folded words with hyphens between."""
    return "-".join(words(kind))


def _aliases(entity: Entity) -> set[_Alias]:
    exact = {tuple(_spelled(alias)) for alias in entity.case_sensitive}
    loose = {tuple(_spelled(alias)) for alias in (entity.name, *entity.aliases)} - exact
    aliases = {_Alias(tuple(map(fold, spelling)), spelling, entity.id) for spelling in exact}
    aliases |= {_Alias(tuple(map(fold, spelling)), None, entity.id) for spelling in loose}
    return {alias for alias in aliases if alias.words}


def _spelled(text: str) -> Iterator[str]:
    return (text[token.start : token.end] for token in tokenize(text))


def _stands_at(alias: _Alias, tokens: Sequence[Token], raw: str) -> bool:
    if tuple(token.word for token in tokens) != alias.words:
        return False
    return alias.spelling is None or alias.spelling == tuple(raw[token.start : token.end] for token in tokens)


def _longest(candidates: Iterable[_Hit]) -> Iterator[_Hit]:
    taken: dict[tuple[int, int], tuple[int, int]] = {}
    for hit in sorted(set(candidates), key=lambda hit: (-hit.length, hit)):
        extent = (hit.first, hit.length)
        places = [(hit.field, token) for token in range(hit.first, hit.first + hit.length)]
        if all(taken.get(place, extent) == extent for place in places):
            taken.update(dict.fromkeys(places, extent))
            yield hit
