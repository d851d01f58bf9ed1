"""RSS, Atom and RDF → header and entries, by feedparser, of which as little is asked as will do.

feedparser decides what the fields are. It is handed a document of the header and of those entries only that
were not seen before, without their ballast (``lighten``). An entry that is no XML is read by itself, by
feedparser's lenient parser, and costs no other entry anything. A document that can't be cut, or is broken
outside its entries, is read whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core.cut import Cut, cut, known_by
from bot.core.entries import entry, string
from bot.core.entries import text as text_of
from bot.core.hints import hints
from bot.core.lighten import Lifted, Light, lighten
from bot.core.markup import title_text
from bot.core.parsers import MOST_LENIENT, PARSER_FAULTS, bounded, feedparsed, lenient, sound, xml_fault
from bot.core.repair import mended, repair, rooted, with_ampersands_escaped
from bot.core.seen import MOST_ENTRIES, Parsed, Request, all_distinct, entry_hashes, kept, unseen
from bot.errors import FeedError
from bot.model import Entry, FeedDocument

_MOST_TAGS = 100_000
"""Tags of a document that the strict parser gets: it needs some two seconds for them."""

_ROOT = re.compile(r"<([A-Za-z_][\w.\-]*:?[\w.\-]*)")
_NO_FEEDS = frozenset(
    {"error", "kml", "listbucketresult", "manifest", "opml", "rsd", "sitemapindex", "svg", "urlset"}
)
"""What XML that is no feed is, mostly: maps of sites, lists of feeds, answers of storages."""
_PAGE = re.compile(
    r"(?:<\?xml[^<>]*>)?\s*(?:<!--[^<>]*-->\s*){0,9}<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
_FEED = re.compile(r"<(?:\w+:)?(?:channel|feed)[\s>/]")
_END_OF_ENTRY = re.compile(r"</(?:[A-Za-z_][\w.\-]{0,50}:)?(?:item|entry)\s{0,9}>", re.IGNORECASE)
# A scope for addresses, and a link that is not absolute.
_RELATIVE = re.compile(
    r"\s(?:xml:)?base\s*=|<(?:[\w.\-]+:)?link(?=[\s/>])(?![^<>]*\shref\s*=\s*[\"']https?://)[^<>]*>"
    r"(?!\s*(?:<!\[CDATA\[)?https?://)",
    re.IGNORECASE,
)


def parse_xml(document: str, request: Request, faults: tuple[str, ...]) -> Parsed:
    """Read an XML document; raises FeedError where it is no feed."""
    text, entities = rooted(document)
    found = cut(text)
    if found is None or not found.entries:
        return _whole(document, text, entities, request, faults)
    entries = found.entries[: max(request.max_entries, MOST_ENTRIES)]
    declared = (f"{name}={value}" for name, value in entities.items())
    hashes = entry_hashes(entries, request, (*found.surroundings, *declared))
    fresh = unseen(hashes, request.seen)
    if 0 < len(fresh) < len(entries) and not all_distinct(map(known_by, entries), request.base_url):
        fresh = list(range(len(entries)))
    parts = _Parts.of(found, fresh[: request.max_entries], entities, request.base_url, hashes[0].hex())
    parts.beyond.update(fresh[request.max_entries :])
    if not parts.read():
        return _whole(document, text, entities, request, faults)
    return Parsed(
        document=FeedDocument(
            title=title_text(text_of(parts.header, "title", parts.version)),
            link=string(parts.header, "link") or None,
            language=string(parts.header, "language") or None,
            format=parts.version,
            hints=hints(found.frame),
            entries=tuple(each for number in sorted(parts.entries) for each in parts.entries[number]),
            left_out=len(found.entries) - len(entries) + len(parts.beyond),
            faults=(*faults, *parts.faults),
        ),
        seen=kept(hashes, parts.beyond, request),
        skipped=len(entries) - len(fresh),
    )


@dataclass(kw_only=True, slots=True)
class _Parts:
    """Entries of a document on their way through feedparser."""

    frame: Cut
    light: dict[int, Light]
    lifted: Lifted
    base_url: str
    beyond: set[int]
    """Entries that are too many, or too large, to be read."""
    header: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    entries: dict[int, tuple[Entry, ...]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        found: Cut,
        fresh: Sequence[int],
        entities: Mapping[str, str],
        base_url: str,
        mark: str,
    ) -> _Parts:
        lifted = Lifted(mark=mark)
        light: dict[int, Light] = {}
        tags = 0
        for number in fresh:
            piece = lighten(mended(found.entries[number], entities), lifted)
            tags += piece.tags
            if tags > _MOST_TAGS:
                break
            light[number] = piece
        seams = tuple(seam and mended(seam, entities) for seam in found.seams)
        frame = Cut(
            entries=found.entries, seams=seams, parents=tuple(mended(tag, entities) for tag in found.parents)
        )
        plain = all(piece.absolute for piece in light.values()) and not _RELATIVE.search(frame.frame)
        return cls(
            frame=frame,
            light=light,
            lifted=lifted,
            base_url="" if plain else base_url,
            beyond=set(fresh) - light.keys(),
        )

    def read(self) -> bool:
        """Have all entries read; ``False`` where the document around them is broken."""
        if not self.light:
            return True
        numbers = list(self.light)
        broken: dict[int, str] = {}
        if xml_fault(self._document(numbers)):
            seams = tuple(seam and with_ampersands_escaped(seam) for seam in self.frame.seams)
            self.frame = replace(self.frame, seams=seams)
            if xml_fault(self.frame.frame):
                return False
            broken = self._broken(numbers)
            numbers = [number for number in numbers if number not in broken]
        if not self._read_strictly(numbers):
            return False
        self._read_leniently(broken)
        if count := sum(piece.cut_down for piece in self.light.values()):
            self.faults.append(f"entries cut down for their size: {count}")
        return True

    def _broken(self, numbers: Sequence[int]) -> dict[int, str]:
        """Which entries are no XML, and why, after the commonest fault was mended."""
        broken: dict[int, str] = {}
        for number in numbers:
            text = with_ampersands_escaped(self.light[number].text)
            if fault := xml_fault(self.frame.alone(text)):
                broken[number] = fault
            else:
                self.light[number] = replace(self.light[number], text=text)
        return broken

    def _document(self, numbers: Sequence[int]) -> str:
        return self.frame.with_entries({number: self.light[number].text for number in numbers})

    def _read_strictly(self, numbers: Sequence[int]) -> bool:
        """Read sound entries; those with which the parser can't cope are found by halves and set aside."""
        try:
            parsed = feedparsed(self._document(numbers), self.base_url)
        except PARSER_FAULTS as error:
            if not numbers:
                return False
            if len(numbers) == 1:
                self.faults.append(f"the parser gave up on an entry ({type(error).__name__})")
                return True
            half = len(numbers) // 2
            return self._read_strictly(numbers[:half]) and self._read_strictly(numbers[half:])
        if parsed["bozo"] or len(parsed["entries"]) != len(numbers):
            return False
        self.header, self.version = parsed["feed"], parsed["version"] or ""
        for number, each in zip(numbers, parsed["entries"], strict=True):
            self.entries[number] = (entry(each, self.version, self.lifted.put_back),)
        return True

    def _read_leniently(self, broken: Mapping[int, str]) -> None:
        """Read broken entries, each by itself: what is open at the end of one would swallow the next."""
        room = MOST_LENIENT
        for number in broken:
            document, _ = lenient(self.frame.alone(self.light[number].text))
            room -= len(document)
            if room < 0:
                self.beyond.add(number)
                continue
            try:
                parsed = feedparsed(document, self.base_url)
            except PARSER_FAULTS:
                continue
            self.entries[number] = tuple(
                entry(each, self.version, self.lifted.put_back) for each in parsed["entries"]
            )
        if broken:
            reason = next(iter(broken.values()))
            self.faults.append(f"broken XML ({reason}) in entries: {len(broken)}; read as far as possible")


def _whole(
    document: str, text: str, entities: Mapping[str, str], request: Request, faults: tuple[str, ...]
) -> Parsed:
    """Read all of a document at once, as far as possible."""
    text, cut_off = _first_entries(text, request.max_entries)
    text = bounded(repair(text, entities))
    text, fault = sound(text)
    fault = fault or ("" if text.count("<") <= _MOST_TAGS else "too many tags")
    if fault:
        faults = (*faults, f"broken XML ({fault}); read as far as possible")
        text, beyond = lenient(text)
        cut_off += beyond
    try:
        parsed = feedparsed(text, request.base_url)
    except PARSER_FAULTS as error:
        raise FeedError(f"the parser gave up on it ({type(error).__name__})") from error
    header, entries, version = parsed["feed"], parsed["entries"], parsed.get("version") or ""
    if not entries and (not version or _PAGE.match(document)) and not _has_channel(document):
        raise FeedError(_what_it_is(document))
    return Parsed(
        document=FeedDocument(
            title=title_text(text_of(header, "title", version)),
            link=string(header, "link") or None,
            language=string(header, "language") or None,
            format=version,
            hints=hints(text),
            entries=tuple(entry(each, version) for each in entries[: request.max_entries]),
            left_out=cut_off + max(0, len(entries) - request.max_entries),
            faults=faults,
        ),
        whole=bool(fault),
    )


def _first_entries(text: str, most: int) -> tuple[str, int]:
    """The document without the entries beyond the limit, and how many those were: parsing them takes time."""
    ends = [match.end() for match in _END_OF_ENTRY.finditer(text)]
    if len(ends) <= most:
        return text, 0
    return text[: ends[most - 1]] + text[ends[-1] :], len(ends) - most


def _has_channel(document: str) -> bool:
    return _FEED.search(document) is not None and not _PAGE.match(document)


def _what_it_is(document: str) -> str:
    if _PAGE.match(document) or re.search(r"<html[\s>]", document[:5000], re.IGNORECASE):
        return "an HTML page, not a feed"
    root = _ROOT.search(document)
    if root is None:
        return "plain text, not a feed"
    # Anything else would be the document's own words, which no log holds.
    known = root[1].lower() in _NO_FEEDS
    return f"XML, but no feed: its root is <{root[1]}>" if known else "XML, but no feed"
