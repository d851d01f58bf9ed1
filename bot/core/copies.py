"""Copies of one text: the same wire report on another site, cut, re-titled or with a dateline in front."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from bot.core import text
from bot.model import Article

_SHINGLE = 4
"""Words a shingle; Broder (1997), "On the resemblance and containment of documents"."""
_SHARED_TEXT = 0.5
"""From this containment on two texts are one."""
_SHARED_UNDER_ONE_TITLE = 0.15
"""What identical headlines need besides where both articles have text: the same headline stands over
different texts in columns and live pages."""
_FEWEST_SHINGLES = 6
_FEWEST_TITLE_WORDS = 4
_LONGEST_TEXT = 400

_Key = TypeVar("_Key", str, int)

_OUTLET = re.compile(r"^(.*\S)\s+[-–—|»·:]\s+[^-–—|»·:]{2,40}$")
_LABEL = re.compile(
    r"^(?:[A-Z][A-Z0-9 ]{2,18}|(?i:updated?|breaking|exclusive|corrected|report|watch|video)(?: \d+)?)"
    r"\s*[-–—:|]\s*"
)


_ALIGNED = 150
"""Words compared one by one: aligning takes more than linear time, and a feed may be hostile."""
_SHARED_FORM = 0.25
"""Containment from which two texts may be one form: every swap of a word breaks four shingles."""
_LONGEST_BLANK = 4
"""Words that fill one blank of a form; longer stretches are other sentences."""
_FEWEST_SWAPS = 2
"""A place and a name in another's stead make it another event; one change alone may be an editor's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What is compared to find copies: the headline's spellings, the text and its runs of words."""

    titles: frozenset[str]
    words: tuple[str, ...]
    """The text's words as spelt."""
    shingles: frozenset[int]


def fingerprint(article: Article) -> Fingerprint:
    """Reduce an article to what its copies share."""
    body = article.body if len(article.body) > len(article.summary) else article.summary
    body = body[: _LONGEST_TEXT * 16]
    tokens = text.tokenize(body)[:_LONGEST_TEXT]
    runs = text.shingles([token.word for token in tokens], _SHINGLE)
    return Fingerprint(
        titles=frozenset(_titles(article.title)),
        words=tuple(body[token.start : token.end] for token in tokens),
        shingles=frozenset(int(text.digest(run), 16) for run in runs if len(run) == _SHINGLE),
    )


def _titles(title: str) -> Iterable[str]:
    """The headline folded, with and without labels in front and outlets behind."""
    spelling = title
    while spelling:
        words = text.words(_LABEL.sub("", spelling, count=1))
        if len(words) >= _FEWEST_TITLE_WORDS:
            yield " ".join(words)
        outlet = _OUTLET.match(spelling)
        spelling = outlet[1] if outlet else ""


class CopyIndex:
    """The fingerprints of recent articles, grouped by text: copies of one text have one root.

    Runs of words that stand in several texts (``the post appeared first on``) weigh less, one over the number
    of those texts, so boilerplate is learnt from the stream.
    """

    def __init__(self) -> None:
        self._prints: dict[str, Fingerprint] = {}
        self._root: dict[str, str] = {}
        self._by_title: dict[str, list[str]] = defaultdict(list)
        self._by_shingle: dict[int, list[str]] = defaultdict(list)

    def find(self, candidate: Fingerprint) -> str | None:
        """Id of the article whose text the candidate repeats (never itself a copy), or ``None``."""
        shared: dict[str, float] = defaultdict(float)
        weights = {shingle: self._weight(shingle) for shingle in candidate.shingles & self._by_shingle.keys()}
        for shingle, weight in weights.items():
            for other in self._by_shingle[shingle]:
                shared[other] += weight
        same_title = {other for title in candidate.titles for other in self._by_title.get(title, ())}
        best, chosen = 0.0, None
        for other in dict.fromkeys([*shared, *sorted(same_title)]):
            likeness = self._likeness(candidate, other, shared.get(other, 0.0), other in same_title)
            if likeness > best:
                best, chosen = likeness, other
        if chosen is None or _swaps(candidate.words, self._prints[chosen].words) >= _FEWEST_SWAPS:
            return None
        return self._root[chosen]

    def one_form(self, candidate: Fingerprint, other_id: str) -> bool:
        """Whether the two texts are one form filled in twice: releases about like events, not about one."""
        other = self._prints[other_id]
        shorter = min(len(candidate.shingles), len(other.shingles))
        if shorter < _FEWEST_SHINGLES:
            return False
        if len(candidate.shingles & other.shingles) < _SHARED_FORM * shorter:
            return False
        return _swapped_names(candidate.words, other.words) >= _FEWEST_SWAPS

    def add(self, article_id: str, fresh: Fingerprint, copy_of: str | None) -> None:
        """Remember an article; ``copy_of`` is the root that :meth:`find` named."""
        root = copy_of if copy_of in self._root else None
        self._prints[article_id] = fresh
        self._root[article_id] = root or article_id
        for title in fresh.titles:
            self._by_title[title].append(article_id)
        for shingle in fresh.shingles:
            self._by_shingle[shingle].append(article_id)

    def forget(self, article_id: str) -> None:
        """Drop an article. Does nothing for one that is not there."""
        old = self._prints.pop(article_id, None)
        if old is None:
            return
        del self._root[article_id]
        for title in old.titles:
            _drop(self._by_title, title, article_id)
        for shingle in old.shingles:
            _drop(self._by_shingle, shingle, article_id)

    def _weight(self, shingle: int) -> float:
        return 1.0 / len({self._root[other] for other in self._by_shingle[shingle]})

    def _likeness(self, candidate: Fingerprint, other: str, shared: float, same_title: bool) -> float:
        """Containment of the shorter text in the longer, 0 where that is not enough for a copy."""
        shorter = min(len(candidate.shingles), len(self._prints[other].shingles))
        if shorter < _FEWEST_SHINGLES:
            return 1.0 if same_title else 0.0
        containment = shared / shorter
        needed = _SHARED_UNDER_ONE_TITLE if same_title else _SHARED_TEXT
        return containment if containment >= needed else 0.0


def _swaps(one: Sequence[str], other: Sequence[str]) -> int:
    """How often a name or a figure stands in the one text where another stands in the other.

    A copy is cut, or gains words at its ends; between the words it keeps it has the same names.
    """
    return sum(
        _filled(ours, theirs, lambda word: word[0].isupper() or word[0].isdigit())
        for ours, theirs, inside in _replacements(one, other)
        if inside
    )


def _swapped_names(one: Sequence[str], other: Sequence[str]) -> int:
    """How many names stand in the one text where others stand in the other, also at its ends."""
    return sum(
        _filled(ours, theirs, lambda word: word[0].isupper())
        for ours, theirs, inside in _replacements(one, other)
        if inside or max(len(ours), len(theirs)) <= _LONGEST_BLANK
    )


def _replacements(
    one: Sequence[str], other: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str], bool]]:
    """Where the two texts have different words; third, whether words that both have stand on both sides."""
    one, other = one[:_ALIGNED], other[:_ALIGNED]
    matcher = SequenceMatcher(None, [*map(text.fold, one)], [*map(text.fold, other)], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "replace":
            inside = start > 0 < other_start and end < len(one) and other_end < len(other)
            yield one[start:end], other[other_start:other_end], inside


def _filled(ours: Sequence[str], theirs: Sequence[str], telling: Callable[[str], bool]) -> int:
    """How many blanks of a form the two stretches fill: one a telling word, in long ones one at most."""
    blanks = min(sum(map(telling, ours)), sum(map(telling, theirs)))
    return blanks if max(len(ours), len(theirs)) <= _LONGEST_BLANK else min(blanks, 1)


def _drop(index: dict[_Key, list[str]], key: _Key, article_id: str) -> None:
    ids = index[key]
    ids.remove(article_id)
    if not ids:
        del index[key]
