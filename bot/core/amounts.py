"""Amounts in words: how many of something, how long, how large."""

from __future__ import annotations

from datetime import timedelta

_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6))
_LENGTHS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_VOWELS = "aeiou"


def plural(count: int, noun: str) -> str:
    """``1 story``, ``2 stories``, ``2 days``, ``1,204 items``."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}s"


def length(time: timedelta) -> str:
    """In the largest unit of which there are two, or one and hardly more: ``1 hour``, ``90 minutes``."""
    for unit, size in _LENGTHS:
        if time >= 2 * size or abs(time - size) < size / 60:
            return plural(round(time / size), unit)
    return plural(round(time.total_seconds()), "second")


def size(count: int) -> str:
    """Bytes, as disks are sold: ``15.2 MB``."""
    for unit, factor in _SIZES:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1000:.0f} kB"
