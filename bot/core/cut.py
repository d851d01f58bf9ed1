"""An XML document → its entries as they are written, and what stands around them.

One pass finds where the top-level entries begin and end, without parsing what is in them: that costs a
fiftieth of parsing, and tells which entries need no parsing. Where it can't be certain (nested or unbalanced
entries, entries that hang on other elements, a document that breaks off) there is no cut.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What hides tags (comments, character data, instructions), and the tags of entries.
_MARK = re.compile(
    r"<(?:!--|!\[CDATA\[|\?|(/?)((?:[A-Za-z_][\w.\-]*:)?(?:item|entry))(?=[\s/>]))", re.IGNORECASE
)
_CLOSERS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
_ATTRIBUTES = r"[^<>\"']*+(?:(?:\"[^\"<]*+\"|'[^'<]*+')[^<>\"']*+)*+"
_END_OF_TAG = re.compile(_ATTRIBUTES + ">")
TAG = re.compile(rf"<(/?)([A-Za-z_][^\s<>/\"']*+)({_ATTRIBUTES})>")
"""A tag as XML allows it: slash, name, attributes (with the slash of an empty element)."""
_HIDDEN = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_EMPTY = re.compile(r"<[^\s<>/]+\s*/>")
# Elements that entries may stand in.
_PARENTS = frozenset({"rss", "rdf", "feed", "channel"})
_MOST_TAGS = 5_000
"""Tags of a document outside its entries; beyond, it is none to be cut."""
_MOST_QUOTES = 120
"""Quotation marks in a tag; feedparser's time grows with the square of the attributes."""
_DECLARED = re.compile(r"\sxmlns:([\w.\-]+)\s*=\s*[\"']([^\"'<>]*)")
# What the document says for all its entries: their language, and the site that they are of.
_SAID_FOR_ALL = re.compile(
    r"<(?:[\w.\-]+:)?(?:link|language)(?=[\s/>])[^<>]*>(?:\s*<!\[CDATA\[)?[^<\]]*", re.IGNORECASE
)

# What an entry is known by. A feed that an entry was taken from has an id and links of its own.
_SOURCE = re.compile(r"<((?:[\w.\-]+:)?source)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_GUID = re.compile(
    r"<(?:[\w.\-]+:)?(?:guid|id)(?=[\s>])[^<>]*>\s*(?:<!\[CDATA\[\s*)?([^<\]]+)", re.IGNORECASE
)
_ABOUT = re.compile(r"<[^<>]*\sr[\w.\-]*:about\s*=\s*[\"']([^\"'<>]+)", re.IGNORECASE)
_LINK = re.compile(r"<(?:[\w.\-]+:)?link(?=[\s>])([^<>]*)>\s*(?:<!\[CDATA\[\s*)?([^<\]]*)", re.IGNORECASE)
_HREF = re.compile(r"\shref\s*=\s*[\"']([^\"'<>]+)", re.IGNORECASE)
_REL = re.compile(r"\srel\s*=\s*[\"']([^\"'<>]+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A document in pieces: ``seams[0] + entries[0] + seams[1] + …`` is the document."""

    entries: tuple[str, ...]
    seams: tuple[str, ...]
    """What stands before, between and after the entries, one more than entries."""
    parents: tuple[str, ...]
    """Start tags of the elements that the entries stand in, the root first."""

    @property
    def surroundings(self) -> tuple[str, ...]:
        """What bears upon the meaning of every entry, though it isn't in it: scopes, language, site."""
        return (*self.parents, *(match[0] for seam in self.seams for match in _SAID_FOR_ALL.finditer(seam)))

    @property
    def frame(self) -> str:
        """The document without entries."""
        return "".join(self.seams)

    def alone(self, entry: str) -> str:
        """A document of nothing but this entry, in the scopes that it stands in."""
        names = [match[2] for tag in self.parents if (match := TAG.match(tag))]
        return "".join([*self.parents, entry, *(f"</{name}>" for name in reversed(names))])

    def with_entries(self, entries: Mapping[int, str]) -> str:
        """The document with these entries only, by their number, as they are given here."""
        if not entries:
            return self.frame
        pieces = [self.seams[0]]
        for number, seam in enumerate(self.seams[1:]):
            if number in entries:
                pieces.append(entries[number])
            if seam:
                pieces.append(seam)
        return "".join(pieces)


def cut(text: str) -> Cut | None:
    """Cut a document that begins with its root; ``None`` where it can't be done with certainty."""
    spans = _entries(text)
    if not spans:
        return None
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    seams = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    parents = _parents(seams)
    if parents is None or _ambiguous_prefixes(text, len(seams[0])):
        return None
    return _without_empty(
        Cut(entries=tuple(text[a:b] for a, b in spans), seams=_tidy(seams), parents=parents)
    )


def _entries(text: str) -> list[tuple[int, int]] | None:
    """Where the entries begin and end."""
    spans: list[tuple[int, int]] = []
    start, name, position = -1, "", 0
    while (mark := _MARK.search(text, position)) is not None:
        if mark[2] is None:
            end = text.find(_CLOSERS[mark[0]], mark.end())
            if end < 0:
                return None
            position = end + 2
            continue
        tag = _END_OF_TAG.match(text, mark.end())
        if tag is None:
            return None
        position = tag.end()
        if mark[1]:
            if mark[2] != name:
                return None
            spans.append((start, position))
            name = ""
        elif name:
            return None
        elif text[position - 2] == "/":
            spans.append((mark.start(), position))
        else:
            start, name = mark.start(), mark[2]
    return None if name else spans


def _parents(seams: Sequence[str]) -> tuple[str, ...] | None:
    """The start tags around the entries; ``None`` where those aren't the same around each."""
    scope: list[tuple[str, str]] = []
    count = 0
    for number, seam in enumerate(seams):
        if not seam or seam.isspace():
            continue
        depth = len(scope)
        for tag in TAG.finditer(_HIDDEN.sub("", seam)):
            count += 1
            if count > _MOST_TAGS or is_flooded(tag[0]):
                return None
            if tag[1]:
                last = 0 < number < len(seams) - 1
                if not scope or scope.pop()[0] != tag[2] or (last and len(scope) < depth):
                    return None
            elif not tag[3].endswith("/"):
                scope.append((tag[2], tag[0]))
        if number == 0:
            parents = tuple(tag for _, tag in scope)
            names = {name.rpartition(":")[2].lower() for name, _ in scope}
            if not names or not names <= _PARENTS:
                return None
        elif number < len(seams) - 1 and len(scope) != depth:
            return None
    return None if scope else parents


def is_flooded(tag: str) -> bool:
    """Whether a tag has more attributes than any that means something."""
    return len(tag) > _MOST_QUOTES and tag.count('"') + tag.count("'") > _MOST_QUOTES


def _ambiguous_prefixes(text: str, header: int) -> bool:
    """Whether entries declare one prefix for several namespaces: feedparser mixes up what it was last."""
    if text.find("xmlns:", header) < 0:
        return False
    declared: dict[str, str] = {}
    return any(declared.setdefault(match[1], match[2]) != match[2] for match in _DECLARED.finditer(text))


def _tidy(seams: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if number and seam.isspace() else seam for number, seam in enumerate(seams))


def _without_empty(found: Cut) -> Cut:
    """Without entries that have nothing in them, as broken templates leave them between the real ones."""
    if not any(_EMPTY.fullmatch(entry) for entry in found.entries):
        return found
    seams, entries = [found.seams[0]], []
    for entry, seam in zip(found.entries, found.seams[1:], strict=True):
        if _EMPTY.fullmatch(entry):
            seams[-1] += seam
        else:
            entries.append(entry)
            seams.append(seam)
    return Cut(entries=tuple(entries), seams=tuple(seams), parents=found.parents)


def known_by(entry: str) -> tuple[set[str], set[str]]:
    """The guids and the addresses that an entry, as it is written, may be known by."""
    if "<source" in entry:
        entry = _SOURCE.sub("", entry)
    permalinks = {html.unescape(match[1].strip()) for match in _GUID.finditer(entry)}
    guids = set(permalinks)
    if (about := _ABOUT.match(entry)) is not None:
        guids.add(about[1])
    links: dict[str, set[str]] = {}
    for match in _LINK.finditer(entry):
        href, rel = _HREF.search(match[1]), _REL.search(match[1])
        address = html.unescape((href[1] if href else match[2]).strip())
        if address:
            links.setdefault(rel[1].lower() if rel else "alternate", set()).add(address)
    addresses = links.get("alternate") or set().union(*links.values())
    # Without a link the guid may be the address, whole or in part: only reading it tells.
    return guids, addresses or permalinks
