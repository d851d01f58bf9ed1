"""Names in running text: words that are written with a capital wherever they stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.core.dateline import MONTHS
from bot.core.keyness import Sample
from bot.core.text import FUNCTION_WORDS, fold

LONGEST = 4
_LEAST_LETTERS = 4
"""In one word at least; shorter ones are mostly titles and trades: CFO, Inc, AI."""
_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[-’'][^\W\d_][^\W_]*)*")
_SENTENCE = re.compile(r"(?:^|[.!?…:“\"‘(\n]|[-–—]\s)\s*$")
_MARKED = 4
"""How many times as large a part of the texts as of the background has a name of theirs."""
_TOO_MANY = 0.2
"""Part of the words that may begin a name; in German one word in four is a noun."""
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_CALENDAR = frozenset(MONTHS) | frozenset(_DAYS.split())


class Name(NamedTuple):
    """A name as it is spelled most often."""

    name: str
    examples: int
    """Texts that have it."""
    background: int


def recurring_names(
    samples: Sequence[Sample], background: Sequence[Sample], *, least: int, most: int = 8
) -> tuple[Name, ...]:
    """Names in at least so many texts that belong to no entity, the commonest first.

    A word counts as a name when it stands with a capital inside a sentence and nowhere without one.
    Languages that write all nouns so, such as German, have too many of them: nothing is told then.
    """
    small = {
        word
        for each in samples
        for raw in each.text.texts
        for word in _WORD.findall(raw)
        if word[0].islower()
    }
    found: Counter[str] = Counter()
    written = 0
    for each in samples:
        names = set(_names(each, small))
        written += len(names)
        found.update(names)
    if written > _TOO_MANY * sum(each.size for each in samples):
        return ()
    texts = [" ".join(each.text.texts) for each in background]
    there = {name: sum(name in text for text in texts) for name, count in found.items() if count >= least}
    recurring = [
        (found[name], name)
        for name, others in there.items()
        if found[name] * len(texts) >= _MARKED * others * len(samples)
    ]
    longest = [
        (count, name)
        for count, name in recurring
        if not any(name != other and f" {name} " in f" {other} " and at >= count for at, other in recurring)
    ]
    ordered = sorted(longest, key=lambda pair: (-pair[0], pair[1]))[:most]
    return tuple(Name(name, count, there[name]) for count, name in ordered)


def _names(each: Sample, small: set[str]) -> Iterator[str]:
    """The names of a text's body, as spelled there."""
    raw = each.text.texts[2]
    taken = {
        place
        for spans in each.mentions.values()
        for span in spans
        if span.field == "body"
        for place in range(span.start, span.end)
    }
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(raw):
        if run and (raw[run[-1].end() : word.start()] != " " or not _is_name(word[0], small)):
            yield from _spelled(run, raw)
            run = []
        if _is_name(word[0], small) and word.start() not in taken:
            run.append(word)
    yield from _spelled(run, raw)


def _is_name(word: str, small: set[str]) -> bool:
    folded = fold(word)
    return (
        word[0].isupper()
        and folded not in FUNCTION_WORDS
        and folded not in _CALENDAR
        and word.lower() not in small
    )


def _spelled(run: Sequence[re.Match[str]], raw: str) -> Iterator[str]:
    """The run as a name, unless it is one word that begins a sentence and may be any word."""
    if not run or len(run) > LONGEST or max(len(word[0]) for word in run) < _LEAST_LETTERS:
        return
    if len(run) > 1 or not _SENTENCE.search(raw[: run[0].start()][-4:]):
        yield " ".join(word[0] for word in run)
