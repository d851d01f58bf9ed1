"""Stems: the forms of a word under one name."""

from __future__ import annotations

import re
from functools import lru_cache

_VOWEL = re.compile(r"[aeiouy]")
_ENDINGS = ("ing", "ed")


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """Take the common English endings off a folded word: ``chips``, ``tested``, ``testing``, ``licence``.

    The first two steps of Porter's stemmer in short (An algorithm for suffix stripping, 1980). Words
    of other scripts and words with digits stay as they are.
    """
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and _VOWEL.search(rest):
            word = rest[:-1] if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _singular(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
