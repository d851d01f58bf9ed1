"""Postings: which items are found by which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nsmallest
from sys import intern
from typing import TypeAlias

_KEYS = 16
"""An item is found by so many of its heaviest words. With 12 one made copy in a hundred went unfound, with
all of them nothing more was found."""
_SEARCH_WORDS = 40
"""How many of an item's heaviest words look for others."""
_NEWEST = 128
"""Items remembered under one word: what more have in common tells little."""
_LOOKED_AT = 500
"""Entries looked at for one item, those under its heaviest words first."""
_CANDIDATES = 12
_WORTH_A_LOOK = 0.05
"""Least cosine by these words alone."""
_UNIT = 10_000


Heaviest: TypeAlias = Sequence[tuple[str, float]]
"""Words with their weights, the heaviest first."""


class Postings:
    """Word → the newest items found by it; forgotten when a word got no item for a while."""

    def __init__(self) -> None:
        self._holders: dict[str, list[tuple[str, int]]] = {}
        self._packed: dict[str, str] = {}
        """As recalled, until it is looked at: most words of a text look for nothing."""
        self._last: dict[str, float] = {}

    def recall(self, word: str, packed: str, last: float) -> None:
        """Take over what was kept of a word."""
        self._packed[word], self._last[word] = packed, last

    def packed(self, word: str) -> tuple[str, float]:
        """What is to be kept of a word: the newest items found by it, and when the last was placed."""
        if word in self._packed:
            return self._packed[word], self._last[word]
        holders = self._holders.get(word, ())
        return " ".join([f"{item_id}:{weight}" for item_id, weight in holders]), self._last.get(word, 0.0)

    def _of(self, word: str) -> list[tuple[str, int]]:
        packed = self._packed.pop(word, None)
        if packed is not None:
            # Ids in a store are hashes, without blanks and colons. The same items stand under many words:
            # one string for each.
            halves = packed.replace(":", " ").split()
            pairs = zip(map(intern, halves[::2]), map(int, halves[1::2]), strict=True)
            self._holders[word] = list(pairs)
        return self._holders.setdefault(word, [])

    def add(self, item_id: str, heaviest: Heaviest, now: float, oldest: float) -> list[str]:
        """Have an item found by its heaviest words from now on. Returns them."""
        keys = heaviest[:_KEYS]
        for word, weight in keys:
            if self._last.get(word, now) < oldest:
                self._packed.pop(word, None)
                self._holders.pop(word, None)
            held = round(weight * _UNIT)
            if self._packed.get(word):
                # Most words that an item is found by were not looked at: no need to take them apart.
                self._packed[word] = _newest(f"{self._packed[word]} {item_id}:{held}")
            else:
                holders = self._of(word)
                holders.append((item_id, held))
                del holders[:-_NEWEST]
            self._last[word] = max(now, self._last.get(word, now))
        return [word for word, _ in keys]

    def candidates(self, heaviest: Heaviest, oldest: float) -> list[str]:
        """The items most like these words, the likest first, by what they are found by."""
        score: dict[str, float] = {}
        left = _LOOKED_AT
        for word, own in heaviest:
            if word not in self._last or self._last[word] < oldest:
                continue
            holders = self._of(word)
            weight = own / _UNIT
            for item_id, held in holders:
                score[item_id] = score.get(item_id, 0.0) + weight * held
            left -= len(holders)
            if left <= 0:
                break
        likest = ((-value, item_id) for item_id, value in score.items() if value >= _WORTH_A_LOOK)
        return [item_id for _, item_id in nsmallest(_CANDIDATES, likest)]

    def forget(self, oldest: float) -> None:
        """Drop the words that got no item since."""
        for word in [word for word, last in self._last.items() if last < oldest]:
            del self._last[word]
            self._holders.pop(word, None)
            self._packed.pop(word, None)


def _newest(packed: str) -> str:
    """Without the oldest, where one more than is kept was added."""
    return packed.partition(" ")[2] if packed.count(" ") >= _NEWEST else packed


def heaviest(words: Mapping[str, float]) -> Heaviest:
    """The words by which an item looks for others."""
    return sorted(words.items(), key=_by_weight)[:_SEARCH_WORDS]


def _by_weight(entry: tuple[str, float]) -> tuple[float, str]:
    return -entry[1], entry[0]
