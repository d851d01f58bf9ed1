"""The query language: text → tree → matches with their places in the text.

::

    query    = and { "OR" and }
    and      = near { [ "AND" ] near }                 words next to each other mean AND
    near     = not { "NEAR" [ "/" number ] not }       within so many words, in any order, in one field
    not      = "NOT" not | operand
    operand  = "(" query ")" | "title:" operand | word [ "*" ] | '"' words [ "*" ] '"'
             | "@" entity | "@kind:" kind

Operators are written in capitals. Words are compared whole and case-folded, as ``bot.core.text``
cuts them: a hyphen separates, so ``in-house`` is the phrase ``"in house"``. In ``a NEAR/5 b NEAR/3 c``
some ``b`` stands within 5 words of an ``a`` and within 3 of a ``c``.

A query that texts match by what they lack (``NOT a``, ``a OR NOT b``) is refused, so that every match
has at least one place to show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from bot.core.lexicon import Document, Lexicon, document, kind_key
from bot.core.querytree import (
    OPERATOR,
    And,
    Match,
    Mention,
    Mentions,
    Near,
    Node,
    Not,
    Or,
    Phrase,
    Title,
    find,
    terms,
)
from bot.core.text import one_line, tokenize
from bot.errors import QueryError

__all__ = ["Document", "Lexicon", "Match", "Mentions", "Query", "document", "parse"]

NEAR_DEFAULT = 8
NEAR_LIMIT = 1000
MAX_DEPTH = 50
"""Parentheses, ``NOT`` and ``title:`` inside one another; keeps hostile nesting off the call stack."""

_QUOTES = '"“”„'
_LEXEME = re.compile(
    rf"""(?P<open>\() | (?P<close>\)) | (?P<title>title:)
       | [{_QUOTES}] (?P<quoted>[^{_QUOTES}]*) [{_QUOTES}] | (?P<unclosed>[{_QUOTES}])
       | @ (?P<entity>[^\s(){_QUOTES}]*) | (?P<word>[^\s(){_QUOTES}]+)""",
    re.VERBOSE,
)
_FIELD_PREFIX = re.compile(r"([^\W\d_]+):")
_NEAR_SLIP = re.compile(r"NEAR\b.*", re.IGNORECASE | re.DOTALL)


class _Lexeme(NamedTuple):
    kind: str
    """``open``, ``close``, ``title``, ``quoted``, ``entity``, ``word``, ``end`` or an operator's name."""
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read; ``str()`` gives it in one canonical form that reads as the same query."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)

    def match(self, text: Document, mentions: Mentions) -> Match | None:
        """Where the query matches, in at least one place; ``None`` where it doesn't.

        ``mentions`` is what ``Lexicon.find(text)`` gave, with the lexicon that the query was read with.
        """
        return find(self.root, text, mentions)

    def terms(self) -> tuple[str, ...]:
        """The words, phrases and entities that may match, each once, as they stand in ``str()``."""
        return tuple(dict.fromkeys(terms(self.root)))


def parse(text: str, lexicon: Lexicon | None = None) -> Query:
    """Read a query.

    Raises:
        QueryError: with the position and a remedy.
    """
    lexemes = _cut(text)
    if len(lexemes) == 1:
        raise QueryError("the query is empty; write at least one word", position=0)
    root = _Reader(lexemes, lexicon or Lexicon()).read()
    if find(root, document(""), {}):
        where = next(lexeme.position for lexeme in lexemes if lexeme.kind == "NOT")
        problem = "texts would match by what they lack alone; say what must be there, as in: chip NOT potato"
        raise QueryError(problem, position=where)
    return Query(root)


def _cut(text: str) -> list[_Lexeme]:
    lexemes = []
    for match in _LEXEME.finditer(text):
        kind, value = str(match.lastgroup), match[str(match.lastgroup)]
        if kind == "word" and (operator := OPERATOR.fullmatch(value)):
            kind, value = value.partition("/")[0], operator["distance"] or str(NEAR_DEFAULT)
        lexemes.append(_Lexeme(kind, value, match.start()))
    return [*lexemes, _Lexeme("end", "", len(text.rstrip()))]


class _Reader:
    """Recursive descent over the lexemes; one method a line of the grammar."""

    def __init__(self, lexemes: Sequence[_Lexeme], lexicon: Lexicon) -> None:
        self._lexemes = lexemes
        self._lexicon = lexicon
        self._next = 0
        self._depth = 0

    def read(self) -> Node:
        root = self._or()
        if self._peek.kind == "close":
            self._refuse("this ) closes nothing; remove it, or open a ( before it")
        return root

    def _or(self) -> Node:
        parts = [self._and()]
        while self._accept("OR"):
            parts.append(self._and())
        return _joined(Or, parts)

    def _and(self) -> Node:
        parts = [self._near()]
        while self._accept("AND") or self._peek.kind not in {"OR", "close", "end"}:
            parts.append(self._near())
        return _joined(And, parts)

    def _near(self) -> Node:
        at = self._peek.position
        operands, distances = [self._not()], []
        while step := self._accept("NEAR"):
            distances.append(_distance(step))
            after = self._peek.position
            operands.append(self._not())
            for operand, position in ((operands[-2], at), (operands[-1], after)):
                if not _can_be_near(operand):
                    problem = (
                        "NEAR stands between words, phrases, entities or (one OR another); "
                        "negate or join from outside, as in: NOT (a NEAR b)"
                    )
                    raise QueryError(problem, position=position)
            at = after
        return Near(tuple(operands), tuple(distances)) if distances else operands[0]

    def _not(self) -> Node:
        step = self._accept("NOT")
        return Not(self._deeper(self._not, step)) if step else self._operand()

    def _operand(self) -> Node:
        lexeme = self._peek
        if lexeme.kind not in {"open", "title", "quoted", "entity", "word"}:
            self._refuse(self._missing())
        self._next += 1
        match lexeme.kind:
            case "open":
                return self._group(lexeme)
            case "title":
                return Title(self._deeper(self._operand, lexeme))
            case "quoted":
                return _phrase(lexeme)
            case "entity":
                return self._mention(lexeme)
            case _:
                return _word(lexeme)

    def _group(self, opening: _Lexeme) -> Node:
        node = self._deeper(self._or, opening)
        if not self._accept("close"):
            raise QueryError("this ( is never closed; add a )", position=opening.position)
        return node

    def _mention(self, lexeme: _Lexeme) -> Mention:
        kind, name = lexeme.text.startswith("kind:"), lexeme.text.removeprefix("kind:")
        if kind:
            name = kind_key(name)
            if name in self._lexicon.kinds:
                return Mention(f"kind:{name}", self._lexicon.kinds[name])
        elif name in self._lexicon.ids:
            return Mention(name, (name,))
        known = self._lexicon.kinds if kind else self._lexicon.ids
        prefix = "@kind:" if kind else "@"
        near = get_close_matches(name.casefold(), sorted(known), n=1, cutoff=0.5)
        remedy = f"nearest: {prefix}{near[0]}" if near else "entities are defined in entities.toml"
        problem = f"unknown {'kind' if kind else 'entity'} {prefix}{one_line(name)}; {remedy}"
        raise QueryError(problem, position=lexeme.position)

    @property
    def _peek(self) -> _Lexeme:
        return self._lexemes[self._next]

    def _accept(self, kind: str) -> _Lexeme | None:
        lexeme = self._peek
        if lexeme.kind != kind:
            return None
        self._next += 1
        return lexeme

    def _deeper(self, rule: Callable[[], Node], opening: _Lexeme) -> Node:
        if self._depth == MAX_DEPTH:
            raise QueryError(f"nested more than {MAX_DEPTH} deep; simplify", position=opening.position)
        self._depth += 1
        node = rule()
        self._depth -= 1
        return node

    def _refuse(self, problem: str) -> NoReturn:
        raise QueryError(problem, position=self._peek.position)

    def _missing(self) -> str:
        """What is wrong where an operand should begin and none does."""
        before = self._lexemes[self._next - 1] if self._next else None
        match self._peek.kind, before:
            case "unclosed", _:
                return 'this " is never closed; add a second "'
            case "close", _Lexeme("open"):
                return "nothing stands between ( and ); put a word there or remove them"
            case kind, None if kind != "close":
                return f"{kind} needs something before it; for the word itself write it in quotes"
            case _, _Lexeme(kind) if kind in {"AND", "OR", "NOT", "NEAR", "title"}:
                name = "title:" if kind == "title" else kind
                return f"{name} needs a word, a phrase, an @entity or a group after it"
            case "close", _:
                return "this ) closes nothing; remove it, or open a ( before it"
            case kind, _:
                return f"{kind} needs something before it; for the word itself write it in quotes"


def _joined(kind: type[And] | type[Or], parts: Sequence[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And | Or) and isinstance(part, kind) else (part,))
    return kind(tuple(flat))


def _can_be_near(node: Node) -> bool:
    match node:
        case Or(parts):
            return all(map(_can_be_near, parts))
        case Title(inner):
            return _can_be_near(inner)
        case _:
            return isinstance(node, Phrase | Mention)


def _distance(step: _Lexeme) -> int:
    if len(step.text) > len(str(NEAR_LIMIT)) or not 1 <= int(step.text) <= NEAR_LIMIT:
        raise QueryError(f"NEAR takes 1 to {NEAR_LIMIT} words, as in NEAR/8", position=step.position)
    return int(step.text)


def _word(lexeme: _Lexeme) -> Phrase:
    text = lexeme.text
    problem = ""
    if text.startswith(("-", "!")):
        problem = f"to leave texts out write NOT {text[1:] or 'word'}; to find the sign itself use quotes"
    elif _NEAR_SLIP.fullmatch(text) and "/" in text:
        problem = "operators are written in capitals, with a whole number of words: NEAR/8"
    elif name := _FIELD_PREFIX.match(text):
        problem = f"unknown field {name[0]} (there is only title:); for the text itself use quotes"
    if problem:
        raise QueryError(problem, position=lexeme.position)
    return _phrase(lexeme)


def _phrase(lexeme: _Lexeme) -> Phrase:
    text = one_line(lexeme.text)
    prefix = text.endswith("*")
    spelling = text.removesuffix("*").rstrip()
    words = tuple(token.word for token in tokenize(spelling))
    if "*" in spelling or (prefix and not spelling[-1:].isalnum()):
        problem = 'a * stands at the end of a word, or of the last word in quotes: chip* "custom chip*"'
    elif not words:
        problem = "there is no letter or digit to look for; remove it or put a word there"
    else:
        return Phrase(words, prefix, spelling)
    raise QueryError(problem, position=lexeme.position)
