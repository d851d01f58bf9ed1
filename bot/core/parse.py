"""Bytes of a feed → its header and entries: RSS, Atom and RDF by feedparser, JSON Feed by us.

feedparser is always handed a stream: bytes or text it would try as a file name or an address. Fields that
hold plain text are escaped here, so that every text field of an :class:`~bot.model.Entry` is HTML. The
document's own title is plain text.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from xml.sax import SAXParseException

from bot.core.dates import from_fields
from bot.core.encoding import decode
from bot.core.json_feed import looks_like_json, parse_json
from bot.core.markup import title_text, unlabelled
from bot.core.repair import repair
from bot.core.text import one_line
from bot.errors import FeedError
from bot.model import Entry, FeedDocument

MOST_ENTRIES = 5_000
LARGEST = 32 * 1024 * 1024
"""Bytes of the largest document that is parsed."""

_ROOT = re.compile(r"<([A-Za-z_][\w.\-]*:?[\w.\-]*)")
_PAGE = re.compile(
    r"(?:<\?xml[^<>]*>)?\s*(?:<!--[^<>]*-->\s*){0,9}<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
_END_OF_ENTRY = re.compile(r"</(?:[A-Za-z_][\w.\-]{0,50}:)?(?:item|entry)\s{0,9}>", re.IGNORECASE)
# What feedparser and the parsers below it are known to raise on odd input; it promises to raise nothing.
_PARSER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def parse(
    body: bytes, content_type: str = "", base_url: str = "", *, max_entries: int = MOST_ENTRIES
) -> FeedDocument:
    """Read a feed document.

    ``content_type`` is the header as sent, ``base_url`` the final address of the document, which relative
    links are resolved against. Entries keep the document's order; those beyond ``max_entries`` are counted
    in ``left_out``. Raises FeedError with what the bytes are instead of a feed.
    """
    if len(body) > LARGEST:
        raise FeedError(f"a document of {len(body)} bytes; the limit is {LARGEST}")
    text, _, fault = decode(body, content_type)
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise FeedError("an empty document")
    if looks_like_json(text):
        return parse_json(text, max_entries)
    if "<" not in text or _binary(body):
        raise FeedError("binary data, not a feed" if _binary(body) else "plain text, not a feed")
    return _parse_xml(text, base_url, max_entries, (fault,) if fault else ())


def _binary(body: bytes) -> bool:
    return body.startswith(
        (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"RIFF")
    )


def _parse_xml(text: str, base_url: str, max_entries: int, faults: tuple[str, ...]) -> FeedDocument:
    import feedparser  # slow to import; `chipwatch --help` does without

    text, cut = _first_entries(text, max_entries)
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": base_url}
    stream = io.BytesIO(repair(text).encode("utf-8", "replace"))
    try:
        parsed = feedparser.parse(
            stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except _PARSER_FAULTS as error:
        raise FeedError(f"the parser gave up on it ({type(error).__name__})") from error
    header, entries, version = parsed["feed"], parsed["entries"], parsed["version"] or ""
    if not entries and (not version or _PAGE.match(text)) and not _has_channel(text):
        raise FeedError(_what_it_is(text))
    if parsed["bozo"]:
        faults = (*faults, _fault(parsed.get("bozo_exception")))
    return FeedDocument(
        title=title_text(_html(header, "title", version)),
        link=_string(header, "link") or None,
        language=_string(header, "language") or None,
        format=version,
        ttl=_ttl(header),
        entries=tuple(_entry(entry, version) for entry in entries[:max_entries]),
        left_out=cut + max(0, len(entries) - max_entries),
        faults=faults,
    )


def _fault(error: object) -> str:
    """What the parser minded, in a line."""
    if isinstance(error, SAXParseException):
        return f"broken XML ({error.getMessage()}); read as far as possible"
    return one_line(f"not well-formed: {error}")[:200]


def _first_entries(text: str, most: int) -> tuple[str, int]:
    """The document without the entries beyond the limit, and how many those were: parsing them takes time."""
    ends = [match.end() for match in _END_OF_ENTRY.finditer(text)]
    if len(ends) <= most:
        return text, 0
    return text[: ends[most - 1]] + text[ends[-1] :], len(ends) - most


def _has_channel(text: str) -> bool:
    return re.search(r"<(?:\w+:)?(?:channel|feed)[\s>/]", text) is not None and not _PAGE.match(text)


def _what_it_is(text: str) -> str:
    if _PAGE.match(text) or re.search(r"<html[\s>]", text[:5000], re.IGNORECASE):
        return "an HTML page, not a feed"
    root = _ROOT.search(text)
    return f"XML, but no feed: its root is <{root[1][:60]}>" if root else "plain text, not a feed"


def _entry(entry: Mapping[str, Any], version: str) -> Entry:
    contents = [part for part in _list(entry, "content") if isinstance(part.get("value"), str)]
    longest = max(contents, key=lambda part: len(part["value"]), default=None)
    return Entry(
        guid=_string(entry, "id") or None,
        link=_link(entry),
        title=_html(entry, "title", version),
        summary=_html(entry, "summary", version),
        content=_as_html(longest["value"], longest.get("type", ""), version) if longest else "",
        author=_string(entry, "author")[:500],
        language=_language(entry),
        published=_date(entry, "published_parsed") or _date(entry, "created_parsed"),
        updated=_date(entry, "updated_parsed"),
    )


def _value(mapping: Mapping[str, Any], key: str) -> Any:
    """The value under a key itself: feedparser's own lookup maps old names to new ones and warns."""
    return dict.get(mapping, key) if isinstance(mapping, dict) else None


def _string(mapping: Mapping[str, Any], key: str) -> str:
    value = _value(mapping, key)
    return value.strip() if isinstance(value, str) else ""


def _list(mapping: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = _value(mapping, key)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _date(mapping: Mapping[str, Any], key: str) -> Any:
    return from_fields(_value(mapping, key))


def _link(entry: Mapping[str, Any]) -> str | None:
    """The article's address: feedparser's choice, else the first alternate link of any type, else any."""
    if link := _string(entry, "link"):
        return link
    links = [link for link in _list(entry, "links") if _string(link, "href")]
    ranked = sorted(links, key=lambda link: _rel(link) not in ("alternate", ""))
    usable = [link for link in ranked if _rel(link) not in ("self", "edit", "enclosure", "replies", "hub")]
    return _string(usable[0], "href") if usable else None


def _rel(link: Mapping[str, Any]) -> str:
    return _string(link, "rel").lower()


def _language(entry: Mapping[str, Any]) -> str | None:
    detail = _value(entry, "title_detail")
    return (_string(detail, "language") or None) if isinstance(detail, dict) else None


def _html(mapping: Mapping[str, Any], key: str, version: str) -> str:
    detail = _value(mapping, key + "_detail")
    kind = _string(detail, "type") if isinstance(detail, dict) else "text/html"
    return _as_html(_string(mapping, key), kind, version)


def _as_html(value: str, kind: str, version: str) -> str:
    """A text construct as HTML: plain text is escaped.

    Atom says which of the two it writes, and is believed; RSS never does.
    """
    if kind in _HTML_TYPES or ("<" not in value and "&" not in value):
        return value
    return html.escape(value, quote=False) if version.startswith("atom") else unlabelled(value)


def _ttl(header: Mapping[str, Any]) -> timedelta | None:
    """RSS ``ttl`` in minutes, or the period of the syndication module; bounded to a year."""
    ttl = _string(header, "ttl")
    if ttl.isascii() and ttl.isdigit():
        return timedelta(minutes=min(int(ttl[:9]), 525_600))
    period = _PERIODS.get(_string(header, "sy_updateperiod").lower())
    if period is None:
        return None
    frequency = _string(header, "sy_updatefrequency")
    times = int(frequency[:6]) if frequency.isascii() and frequency.isdigit() else 1
    return period / max(1, times)
