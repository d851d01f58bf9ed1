"""Traces: what is kept of a placed item, small in memory and in the store."""

from __future__ import annotations

import struct
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from bot.core.copies import Fingerprint
from bot.core.resemblance import Outline

FORMAT = 2
"""Version of what is packed and of the words that find it; another one has the store make all anew."""

_HEAD = struct.Struct("<?HHHH")
_SECTION, _ENTRY = "\x1e", "\x1f"
"""Controls: no word holds one, not even after folding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What later items are compared with. Numbers are of single precision, before and after packing."""

    root: str
    """Id of the item whose text this is."""
    has_text: bool
    words: tuple[str, ...]
    """Those of the headline first."""
    headed: int
    """How many of the words stand in the headline."""
    numbers: array[float]
    """Weights in ``words``, ``who``, ``what`` and, of the first ``headed``, in ``headline``."""
    titles: tuple[str, ...]
    text: tuple[str, ...]
    shingles: array[int]
    days: array[int]

    def weights(self) -> Mapping[str, float]:
        """Word → weight, to look for stories."""
        return dict(zip(self.words, self.numbers, strict=False))

    def outline(self) -> Outline:
        size = len(self.words)
        who, what, headline = (self.numbers[at * size : (at + 1) * size] for at in (1, 2, 3))
        return Outline(
            words=self.weights(),
            who={word: weight for word, weight in zip(self.words, who, strict=True) if weight},
            what={word: weight for word, weight in zip(self.words, what, strict=True) if weight},
            headline=dict(zip(self.words, headline, strict=False)),
            days=self.days,
            has_text=self.has_text,
        )

    def prints(self) -> Fingerprint:
        return Fingerprint(titles=self.titles, words=self.text, shingles=self.shingles)


def trace(outline: Outline, prints: Fingerprint, root: str) -> Trace:
    """Keep what is needed of an item. ``root``: id of the item whose text it is."""
    words = tuple(intern(word) for word in outline.words)
    numbers = array("f", outline.words.values())
    for vector in (outline.who, outline.what):
        numbers.extend(vector.get(word, 0.0) for word in words)
    numbers.extend(outline.headline.values())
    return Trace(
        root=root,
        has_text=outline.has_text,
        words=words,
        headed=len(outline.headline),
        numbers=numbers,
        titles=tuple(sorted(prints.titles)),
        text=prints.words,
        shingles=array("I", sorted(prints.shingles)),
        days=array("I", sorted(outline.days)),
    )


def pack(kept: Trace) -> bytes:
    """A trace as bytes, the same on every machine."""
    sections = ((kept.root,), kept.titles, kept.words, kept.text)
    texts = _SECTION.join(_ENTRY.join(section) for section in sections).encode()
    head = _HEAD.pack(kept.has_text, len(kept.words), kept.headed, len(kept.shingles), len(kept.days))
    integers = (*kept.shingles, *kept.days)
    numbers = struct.pack(f"<{len(kept.numbers)}f{len(integers)}I", *kept.numbers, *integers)
    return zlib.compress(head + numbers + texts, 1)


def unpack(packed: bytes) -> Trace:
    """What :func:`pack` was given."""
    raw = zlib.decompress(packed)
    has_text, words, headed, shingles, days = _HEAD.unpack_from(raw)
    count = 3 * words + headed
    values = struct.unpack_from(f"<{count}f{shingles + days}I", raw, _HEAD.size)
    texts = raw[_HEAD.size + 4 * len(values) :].decode().split(_SECTION)
    root, titles, folded, text = (_entries(section) for section in texts)
    return Trace(
        root=root[0],
        has_text=has_text,
        words=tuple(map(intern, folded)),
        headed=headed,
        numbers=array("f", values[:count]),
        titles=titles,
        text=text,
        shingles=array("I", values[count : count + shingles]),
        days=array("I", values[count + shingles :]),
    )


def _entries(section: str) -> tuple[str, ...]:
    return tuple(section.split(_ENTRY)) if section else ()
