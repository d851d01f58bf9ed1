"""The parsers of others that read XML for us: expat says whether it is XML, feedparser what is in it."""

from __future__ import annotations

import io
import re
from itertools import islice
from typing import Any
from xml.parsers import expat

from bot.core.cut import is_flooded
from bot.core.repair import MARKER, with_ampersands_escaped

MOST_LENIENT = 500_000
"""Characters that the lenient parser gets of a document: it needs some four seconds a million."""
_MOST_LENIENT_TAGS = 20_000
_WORTH_A_LOOK = 1_000

# What feedparser and the parsers below it are known to raise on odd input; it promises to raise nothing.
PARSER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
_OPENING = re.compile(r"<(?:[A-Za-z_][\w.\-]{0,50}:)?(?:item|entry)[\s>]", re.IGNORECASE)
_CATEGORY = re.compile(
    r"<((?:[\w.\-]{1,50}:)?(?:category|subject|keywords))\b[^<>]*"
    r"(?:/>|>(?:<!\[CDATA\[[^<\]]*\]\]>|[^<]*)</\1\s*>)",
    re.IGNORECASE,
)
_MOST_CATEGORIES = 1_000
_TAG = re.compile(rf"<[A-Za-z_][^<>\s]{{0,200}}\s[^<>]{{{_WORTH_A_LOOK},}}>")


def sound(text: str) -> tuple[str, str]:
    """A document, and what makes it no XML, if anything; bare ampersands are mended."""
    fault = xml_fault(text)
    if not fault:
        return text, ""
    escaped = with_ampersands_escaped(text)
    return (escaped, "") if escaped != text and not xml_fault(escaped) else (text, fault)


def xml_fault(text: str) -> str:
    """What makes a document no XML, in the words of the parser; empty where it is XML."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    try:
        parser.Parse(text.removeprefix(MARKER).encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        return expat.ErrorString(error.code)
    return ""


def feedparsed(text: str, base_url: str) -> Any:
    """What feedparser makes of a document: its strict parser of XML, its lenient one of anything else.

    It is handed a stream: text it would try as a file name or an address. Raises PARSER_FAULTS. Without
    ``base_url`` it resolves no address, and an ``xml:base`` would outlast its element.
    """
    import feedparser  # slow to import; `chipwatch --help` does without

    headers = {"content-type": "application/xml; charset=utf-8"}
    if base_url:
        headers["content-location"] = base_url
    stream = io.BytesIO(text.encode("utf-8", "replace"))
    return feedparser.parse(
        stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
    )


def bounded(text: str) -> str:
    """A document without what takes feedparser time that grows with the square of its number.

    That is categories, which nothing is made of, and attributes.
    """
    if any(text.count(name) > _MOST_CATEGORIES for name in ("category", "subject", "keywords")):
        text = _CATEGORY.sub("", text)
    return _TAG.sub(_with_few_attributes, text)


def _with_few_attributes(tag: re.Match[str]) -> str:
    if not is_flooded(tag[0]):
        return tag[0]
    kept = tag[0][:_WORTH_A_LOOK]
    end = max(kept.rfind('" '), kept.rfind("' ")) + 1
    return (kept[:end] if end else kept.split(None, 1)[0]) + ("/>" if tag[0].endswith("/>") else ">")


def lenient(text: str) -> tuple[str, int]:
    """As much of a broken document as the lenient parser can read in time, and how many entries that costs.

    Comments that no end follows are opened: it would look for the end of each.
    """
    limit, beyond = _readable(text), 0
    if len(text) > limit:
        starts = [match.start() for match in _OPENING.finditer(text)]
        within = [start for start in starts if start <= limit]
        beyond = len(starts) - len(within) + (len(within) > 1)
        text = text[: within[-1] if len(within) > 1 else limit]
    last = text.rfind("-->") + 1
    return text[:last] + text[last:].replace("<!--", ""), beyond


def _readable(text: str) -> int:
    """How many characters of a text the lenient parser can read in time."""
    tags = (match.start() for match in re.finditer("<", text[:MOST_LENIENT]))
    return next(islice(tags, _MOST_LENIENT_TAGS, None), MOST_LENIENT)
