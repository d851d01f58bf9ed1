"""Postings: which items are found by which words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

_KEYS = 16
"""An item is found by so many of its heaviest words. With 12 one made copy in a hundred went unfound, with
all of them nothing more was found."""
_SEARCH_WORDS = 40
"""How many of an item's heaviest words look for others."""
_NEWEST = 128
"""Items remembered under one word: what more have in common tells little."""
_CANDIDATES = 20
_WORTH_A_LOOK = 0.03
"""Least cosine by these words alone."""
_UNIT = 10_000


class Postings:
    """Word → the newest items found by it; forgotten when a word got no item for a while."""

    def __init__(self) -> None:
        self._holders: dict[str, list[tuple[str, int]]] = {}
        self._last: dict[str, float] = {}

    def recall(self, word: str, holders: Iterable[tuple[str, int]], last: float) -> None:
        """Take over what was kept of a word."""
        self._holders[word], self._last[word] = list(holders), last

    def of(self, word: str) -> tuple[Sequence[tuple[str, int]], float]:
        """What is to be kept of a word."""
        return self._holders.get(word, ()), self._last.get(word, 0.0)

    def add(self, item_id: str, words: Mapping[str, float], now: float, oldest: float) -> list[str]:
        """Have an item found by its heaviest words from now on. Returns them."""
        keys = _heaviest(words, _KEYS)
        for word in keys:
            holders = self._holders.setdefault(word, [])
            if self._last.get(word, now) < oldest:
                holders.clear()
            holders.append((item_id, round(words[word] * _UNIT)))
            del holders[:-_NEWEST]
            self._last[word] = max(now, self._last.get(word, now))
        return keys

    def candidates(self, words: Mapping[str, float], oldest: float) -> list[str]:
        """The items most like these words, the likest first, by what they are found by."""
        score: dict[str, float] = defaultdict(float)
        for word in search_words(words):
            if self._last.get(word, oldest) >= oldest:
                weight = words[word] / _UNIT
                for item_id, held in self._holders.get(word, ()):
                    score[item_id] += weight * held
        likest = ((-value, item_id) for item_id, value in score.items() if value >= _WORTH_A_LOOK)
        return [item_id for _, item_id in nsmallest(_CANDIDATES, likest)]

    def forget(self, oldest: float) -> None:
        """Drop the words that got no item since."""
        for word in [word for word, last in self._last.items() if last < oldest]:
            del self._holders[word], self._last[word]


def search_words(words: Mapping[str, float]) -> list[str]:
    """The words by which others are looked for, the heaviest first."""
    return _heaviest(words, _SEARCH_WORDS)


def _heaviest(words: Mapping[str, float], count: int) -> list[str]:
    return [word for _, word in nsmallest(count, ((-weight, word) for word, weight in words.items()))]
