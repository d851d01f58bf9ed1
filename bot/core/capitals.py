"""What capitals tell: which words of a text are names, and where a headline ends and its outlet begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.core.lexicon import Document
from bot.core.stems import stem
from bot.core.text import FUNCTION_WORDS, Token

_TITLE_CASE = 0.65
"""A text with a larger part of its words capitalised is in title case or capitals: they say nothing."""
_SENTENCE_BREAK = re.compile(r"[.!?:…“”\"\n—]|--")
_OUTLET_BREAK = re.compile(r"\s[-–—|»«·]+\s")
_OUTLET_WORDS = 10
_OUTLET_WORDS_IN_TITLE_CASE = 4
_HEADLINE_WORDS = 4


def names(text: Document) -> Mapping[str, bool]:
    """Stem → whether the text writes it with a capital where any word may stand without one.

    Words that only open sentences, or stand in a headline in title case, say nothing and are left out.
    """
    votes: Counter[str] = Counter()
    for raw, tokens in ((text.texts[0], headline(text)), *zip(text.texts[1:], text.tokens[1:], strict=True)):
        if not _in_title_case(raw, tokens):
            for token in _inside_sentences(raw, tokens):
                votes[stem(token.word)] += 1 if raw[token.start].isupper() else -1
    return {term: vote > 0 for term, vote in votes.items() if vote}


def headline(text: Document) -> Sequence[Token]:
    """The words of the title without outlets' names behind it: `` - Rivertown Courier``, `` | 8 News``."""
    title, tokens = text.texts[0], text.title
    for found in reversed(list(_OUTLET_BREAK.finditer(title))):
        head = [token for token in tokens if token.start < found.start()]
        tail = tokens[len(head) :]
        limit = _OUTLET_WORDS_IN_TITLE_CASE if _in_title_case(title, head) else _OUTLET_WORDS
        if len(head) < _HEADLINE_WORDS or len(tail) > limit or not _in_title_case(title, tail):
            break
        tokens = tuple(head)
    return tokens


def _in_title_case(raw: str, tokens: Sequence[Token]) -> bool:
    """Whether most content words that begin with a letter begin with a capital."""
    first = [raw[token.start] for token in tokens if token.word not in FUNCTION_WORDS]
    letters = [letter for letter in first if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) > _TITLE_CASE * len(letters)


def _inside_sentences(raw: str, tokens: Sequence[Token]) -> Iterator[Token]:
    """The content words, without numbers and without those that open a sentence."""
    end = 0
    for token in tokens:
        opens = end == 0 or _SENTENCE_BREAK.search(raw, end, token.start) is not None
        end = token.end
        if not opens and raw[token.start].isalpha() and token.word not in FUNCTION_WORDS:
            yield token
