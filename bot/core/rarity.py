"""How rare a word is in the language at large: what sharing it tells.

A corpus of five articles can't say that ``shooting`` is an everyday word and ``Oceanside`` is none, and in a
large one about a single field the field's own words look common and ``Thursday`` looks rare. A billion words
of books, news and talk can: the frequencies are those of the package ``wordfreq`` (docs/dependencies.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from math import log10

from bot.core.stems import stem
from bot.core.text import FUNCTION_WORDS

COMMON = 7.0
RARE = 2.5
"""Occurrences in a billion words, as powers of ten (the Zipf scale, van Heuven et al. 2014): what is as
common as the first tells nothing, what is rarer than the second, or unknown, tells all a word can. The lists
hold words down to 3.0."""
_SIZE = "small"
"""Of the package's lists. The large ones, of words down to 1.0, take 16 times as long to load and judge no
better."""
_MOST_LISTS = 24
"""Held at once, some 6 MB each. Reading one takes as long as judging a hundred items, so it must not be done
for every item where feeds of many languages take turns."""
_ENGLISH = "en"
_DIGIT = re.compile(r"\d")


@lru_cache(maxsize=16384)
def rarity(term: str, language: str | None = None) -> float:
    """From 0, a word in every sentence, to 1, one in a few million words or less.

    ``term`` is a stem, and stands for all words that have it. ``language`` is a primary subtag (RFC 5646); a
    word that is common in English or in that language is common.
    """
    commonness = _commonness(_ENGLISH, term)
    if language and language != _ENGLISH:
        commonness = max(commonness, _commonness(language, term))
    return max(0.0, min(1.0, (COMMON - commonness) / (COMMON - RARE)))


def _commonness(language: str, term: str) -> float:
    """On the Zipf scale. The lists count longer numbers by their shape, ``00`` for all of two digits."""
    table = _table(language) if language in _languages() else {}
    if (digits := len(_DIGIT.findall(term))) < 2:
        return table.get(term, RARE)
    return table.get(_DIGIT.sub("0", term), digits + RARE - 1) - (digits - 1)


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    """Those with a list. A feed may name any other, as many as it likes."""
    import wordfreq  # 0.1 s, and only judging needs it

    return frozenset(wordfreq.available_languages(_SIZE))


@lru_cache(maxsize=_MOST_LISTS)
def _table(language: str) -> Mapping[str, float]:
    """Stem → commonness, of a language that has a list."""
    import wordfreq

    sums: dict[str, float] = {}
    for word, frequency in wordfreq.get_frequency_dict(language, _SIZE).items():
        if word not in FUNCTION_WORDS:
            sums[stem(word)] = sums.get(stem(word), 0.0) + frequency
    # The package keeps each list for good, which is as much again.
    wordfreq.get_frequency_dict.cache_clear()
    wordfreq.get_frequency_list.cache_clear()
    return {term: 9 + log10(frequency) for term, frequency in sums.items()}
