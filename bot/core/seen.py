"""Which entries of a document are new since it was read last: by hashes of what is written in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core import urls
from bot.model import FeedDocument

SIZE = 8
"""Bytes of a hash."""
# Another value has every entry read anew, once: for a release that reads them otherwise.
_EDITION = "1"
MOST_ENTRIES = 5_000
"""Entries of a document, read or not, that are told from one another: new ones may stand after all others."""
_PLAIN = re.compile(
    r"https?://([a-zA-Z0-9.\-]+)(/(?:[\w\-~!$&'()*+,;=:@/]|(?<!/)\.)*+)?(?:[?#].*)?", re.ASCII
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """How a document is to be read."""

    base_url: str = ""
    language: str = ""
    max_entries: int
    seen: frozenset[bytes] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What was read of a document."""

    document: FeedDocument
    seen: bytes = b""
    """Hashes of its entries; empty where it could not be cut."""
    skipped: int = 0
    """Entries that were seen before and not read."""
    whole: bool = False
    """It was broken, or could not be cut."""


def hashes_in(seen: bytes) -> frozenset[bytes]:
    """The single hashes of a stored row of them."""
    return frozenset(seen[start : start + SIZE] for start in range(0, len(seen), SIZE))


def entry_hashes(entries: Iterable[str], request: Request, surroundings: Iterable[str]) -> list[bytes]:
    """A hash of each entry: of what is written in it, and of all outside it that bears upon its meaning."""
    key = hashlib.blake2b(digest_size=32)
    for part in (_EDITION, request.base_url, request.language, *surroundings):
        key.update(part.encode("utf-8", "surrogatepass") + b"\0")
    around = key.digest()
    return [
        hashlib.blake2b(entry.encode("utf-8", "surrogatepass"), digest_size=SIZE, key=around).digest()
        for entry in entries
    ]


def kept(hashes: Sequence[bytes], beyond: set[int], request: Request) -> bytes:
    """The hashes to remember: not those of the entries, by number, that were too many to be read.

    What is too much of a document of which nothing is known is as old as the rest of it: it is remembered, or
    the next one would bring all of it as new.
    """
    left = () if request.seen.isdisjoint(hashes) else beyond
    return b"".join(
        entry for number, entry in enumerate(hashes) if number not in left or entry in request.seen
    )


def unseen(hashes: Sequence[bytes], seen: frozenset[bytes]) -> list[int]:
    """Numbers of the entries whose hash is not among those seen."""
    return [number for number, entry in enumerate(hashes) if entry not in seen]


def all_distinct(known_by: Iterable[tuple[set[str], set[str]]], base_url: str) -> bool:
    """Whether no guid and no address stands on two entries; takes those of each entry.

    Entries that share one are told apart by looking at all of them: such a document is read whole.
    """
    guids, addresses = zip(*known_by, strict=True)
    if not _disjoint(guids):
        return False
    coarse = [{_coarse(link) for link in links} for links in addresses]
    if not any("" in found for found in coarse) and _disjoint(coarse):
        return True
    return _disjoint([{_canonical(link, base_url) for link in links} for links in addresses])


def _disjoint(sets: Sequence[set[str]]) -> bool:
    return len(set().union(*sets)) == sum(map(len, sets))


def _coarse(link: str) -> str:
    """What addresses share whose canonical form is one, found cheaply; empty where that can't be seen."""
    plain = _PLAIN.fullmatch(link)
    return plain[1].lower() + (plain[2] or "").rstrip("/") if plain else ""


def _canonical(link: str, base_url: str) -> str:
    address = urls.absolute(link, base_url)
    return link if address is None else urls.canonical(address)
