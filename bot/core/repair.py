"""Mends an XML document before it is parsed, so that one bad spot does not cost the whole feed.

Each repair answers a fault that makes feedparser 6.0 raise, fall back to its slow parser or take minutes.
All run in time that grows with the length of the document.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Mapping
from itertools import islice

# Characters that XML 1.0 allows, by number, and those it forbids.
_ALLOWED = ((9, 10, 13), range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMERIC = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_SURROGATES = re.compile(
    r"&#(?:[xX]0*([dD][89abAB][0-9a-fA-F]{2})|0*(5[56][0-9]{3}));&#(?:[xX]0*([dD][c-fC-F][0-9a-fA-F]{2})|0*(5[67][0-9]{3}));"
)
_XML_NAMES = frozenset({"lt", "gt", "amp", "quot", "apos"})
_NAMED = re.compile(rf"&(?!(?:{'|'.join(sorted(_XML_NAMES))});)([A-Za-z][A-Za-z0-9]{{0,31}});")
_CDATA_OR_AMPERSAND = re.compile(
    rf"<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)|&(?!(?:{'|'.join(sorted(_XML_NAMES))}|#[0-9]+|#x[0-9a-fA-F]+);)"
)
_HTML_NAMES = {
    name.rstrip(";"): value
    for name, value in html.entities.html5.items()
    if name.rstrip(";") not in _XML_NAMES
}
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.\-]*:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_PROLOG = re.compile(r"(?:\s++|<\?(?s:.*?)\?>|<!--(?s:.*?)-->)*+")
MARKER = '<!DOCTYPE rss PUBLIC "netscape">\n'
_DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY\s+([A-Za-z][\w.\-]{0,31})\s+(?:\"([^\"&%<]{0,200})\"|'([^'&%<]{0,200})')\s*>")
# An entry with nothing in it, as broken templates leave them between the real ones.
_EMPTY = re.compile(r"<(?:item|entry)\s*/>", re.IGNORECASE)
# The text of an author's element: feedparser's search for an e-mail address in it takes time that grows with
# the square of the length (20,000 letters: seconds; a million: an hour). 400 characters of it are enough.
_LONG_PERSON = re.compile(
    r"(<(?:[A-Za-z_][\w.\-]{0,50}:)?(?:author|creator|managingeditor|webmaster|publisher|owner)(?:\s[^<>]{0,2000})?>"
    r"\s*(?:<!\[CDATA\[)?[^<]{400})[^<]+",
    re.IGNORECASE,
)
_MOST_ENTITIES = 200
_MOST_GROWTH = 100_000
"""Characters that declared entities may add to a document."""


def repair(text: str, entities: Mapping[str, str]) -> str:
    """A document that begins with its root, mended as a whole."""
    return shortened_people(mended(_EMPTY.sub("", text), entities))


def rooted(text: str) -> tuple[str, dict[str, str]]:
    """The document from its root on, and the entities that its document type declares.

    Of what stands before the root only the marker stays by which feedparser tells Netscape's RSS 0.91 from
    Userland's: it takes time that grows with the square of the blank lines there.
    """
    text, entities = _without_doctype(_from_the_root(text))
    marked, after = MARKER in text[: _first_element(text)], text[_PROLOG.match(text).end() :]  # type: ignore[union-attr]
    if marked:
        after = MARKER + after.removeprefix(MARKER)
    return after, entities


def mended(text: str, entities: Mapping[str, str]) -> str:
    """A part of a document with characters and references that XML allows, and no others."""
    text = _FORBIDDEN.sub("", text)
    if "&" not in text:
        return text
    if "&#" in text:
        text = _NUMERIC.sub(_checked, _SURROGATES.sub(_joined, text))
    return _with_names_resolved(text, entities)


def with_ampersands_escaped(text: str) -> str:
    """A document in which every ampersand outside character data begins a reference that XML knows."""
    return _CDATA_OR_AMPERSAND.sub(lambda match: match[0] if match[0] != "&" else "&amp;", text)


def shortened_people(text: str) -> str:
    """A document in which no person's name is longer than any name is."""
    return _LONG_PERSON.sub(_shortened, text)


def _from_the_root(text: str) -> str:
    """Drops what stands before the document: blank lines, warnings of a script, a byte order mark."""
    text = text.lstrip("\ufeff \t\r\n\x00")
    if text.startswith("<?xml") or not (root := _ROOT.search(text)):
        return text
    start = text.rfind("<?xml", 0, root.start())
    doctype = text.find("<!DOCTYPE", 0, root.start())
    if start < 0:
        start = doctype if doctype >= 0 else root.start()
    return text[start:]


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """Takes the document type out, and from it the plain short entities that it declares.

    Nothing of it is expanded by the XML parser: no nested entity, no external one, no file, no connection.
    """
    root = _first_element(text)
    match = _DOCTYPE.search(text, 0, root)
    if match is None:
        return text, {}
    subset, end = text[match.start() : root], root
    found = islice(_ENTITY.finditer(subset), _MOST_ENTITIES)
    entities = {match[1]: match[2] or match[3] or "" for match in found}
    # What stands between the type and the root (comments, instructions) goes with it.
    marker = MARKER if "netscape" in subset[:300].lower() else ""
    return text[: match.start()] + marker + text[end:], entities


def _first_element(text: str) -> int:
    match = re.search(r"<[A-Za-z_]", text)
    return match.start() if match else len(text)


def _joined(match: re.Match[str]) -> str:
    """Two references to halves of a character, as scripts write emoji, are the reference to the whole."""
    high = int(match[1], 16) if match[1] else int(match[2])
    low = int(match[3], 16) if match[3] else int(match[4])
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return match[0]
    return f"&#{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)};"


def _checked(match: re.Match[str]) -> str:
    """A numeric reference that XML allows, or a blank in its place."""
    hexa, decimal = match[1], match[2]
    digits = (hexa or decimal).lstrip("0")
    if len(digits) > 7:
        return " "
    point = int(digits or "0", 16 if hexa else 10)
    if not any(point in allowed for allowed in _ALLOWED):
        return " "
    return match[0] if match[0].endswith(";") else f"{match[0]};"


def _with_names_resolved(text: str, entities: Mapping[str, str]) -> str:
    """HTML's names for characters, and those the document declares itself, which XML parsers don't know."""
    room = _MOST_GROWTH

    def resolved(match: re.Match[str]) -> str:
        nonlocal room
        name = match[1]
        if name in entities and room > 0:
            room -= len(entities[name])
            return entities[name]
        return _HTML_NAMES.get(name, match[0])

    return _NAMED.sub(resolved, text)


def _shortened(match: re.Match[str]) -> str:
    kept = match[1]
    return kept + "]]>" if "<![CDATA[" in kept and "]]>" in match[0][len(kept) :] else kept
