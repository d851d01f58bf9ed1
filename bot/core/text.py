"""Words: how every stage cuts text into tokens, folds them and hashes them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

# Scripts that are written without blanks: each character is a token of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Vowel signs and accents that are characters of their own, from Cyrillic to Sinhala: parts of the word.
_MARKS = "".join(each for each in map(chr, range(0x300, 0xE00)) if unicodedata.category(each)[0] == "M")
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)+|[{_UNSPACED}]|(?:(?![{_UNSPACED}])(?:[^\W_]|[{_MARKS}]))+")
# The same for text without those scripts, several times as fast.
_SPACED_TOKEN = re.compile(rf"\d+(?:[.,]\d+)+|[^\W_]+(?:[{_MARKS}]+[^\W_]*)*")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
# Code points that are no characters (Unicode 23.7) have no place in HTML: the last two of every plane.
_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
# Controls, and the characters that turn the direction of text around or hide in it (Unicode TR 36).
_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    f"\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f\ufdd0-\ufdef{_LAST_OF_PLANES}]"
)
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W\d_a-z])")

_FUNCTION_WORDS = """
a about after again against all also am amid among an and any are as at be because been before being
between both but by can could did do does down during each few for from had has have he her here him
his how i if in into is it its just may me might more most must my no nor not now of off on once
only or other our out over own per s said same say says shall she should since so some such t than
that the their them then there these they this those through to too under until up upon us very via
was we were what when where which while who whom whose why will with within without would you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""The closed classes of English and the verbs of reporting, folded: words that every text is full of."""


class Token(NamedTuple):
    """A word of a text: folded spelling and where it stands (``text[start:end]``)."""

    word: str
    start: int
    end: int


def fold(word: str) -> str:
    """Case-fold a word under compatibility normalisation, so that ``ＡＩ``, ``AI`` and ``ai`` are one."""
    # ASCII is its own compatibility form, and eight in ten words are.
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word).casefold()


def tokenize(text: str) -> list[Token]:
    """Cut a text into words: runs of letters and digits, decimals kept whole (``1.5``).

    A hyphen or apostrophe ends a word, so ``in-house`` is two words next to each other.
    """
    return [Token(fold(match[0]), match.start(), match.end()) for match in _pattern(text).finditer(text)]


def tokens(text: str) -> Iterator[Token]:
    """The same one by one, for those that need only the first."""
    for match in _pattern(text).finditer(text):
        yield Token(fold(match[0]), match.start(), match.end())


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return spelled(text.lower()) if text.isascii() else [fold(word) for word in spelled(text)]


def spelled(text: str) -> list[str]:
    """The words of a text as they stand in it, in order."""
    found: list[str] = _pattern(text).findall(text)
    return found


def _pattern(text: str) -> re.Pattern[str]:
    return _SPACED_TOKEN if text.isascii() or not _IS_UNSPACED.search(text) else _TOKEN


def sentences(text: str) -> list[str]:
    """Split running text at sentence ends and line breaks; never returns an empty one."""
    parts = (part for line in text.splitlines() for part in _SENTENCE_END.split(line))
    return [stripped for part in parts if (stripped := part.strip())]


def safe(text: str) -> str:
    """Drop control characters, invisible ones and those that turn text around; keep tabs and line breaks."""
    # No character of those is printable, and that is quicker to see.
    return text if text.isprintable() else _UNSAFE.sub("", text)


def one_line(text: str) -> str:
    """Safe text on a single line with single blanks."""
    return " ".join(safe(text).split())


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut on a word boundary and ended with ``…`` where something was cut."""
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    head = text[: limit - 1]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head).rstrip(" ,;:–—-") + "…"


def shingles(tokens: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Runs of ``size`` neighbouring words; a shorter text is one shingle."""
    if not tokens:
        return
    for start in range(max(1, len(tokens) - size + 1)):
        yield tuple(tokens[start : start + size])


def digest(parts: Iterable[str], *, size: int = 8) -> str:
    """A stable hash of several strings as ``2 * size`` hex digits; the same on every machine and run."""
    hasher = hashlib.blake2b(digest_size=size)
    for part in parts:
        hasher.update(part.encode("utf-8", "surrogatepass"))
        hasher.update(b"\0")
    return hasher.hexdigest()
