"""Bytes of a document → its characters: marks, labels and, where they lie, the bytes themselves.

XML parsers refuse a document for one wrong byte and believe labels that are often wrong. What decides here,
in this order: a byte order mark; the pattern of a wide encoding; a seven-bit encoding's label; whether the
bytes are valid UTF-8 (text in another encoding almost never is); the label in the HTTP header; the label in
the document; windows-1252.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first characters of a document in encodings that ASCII patterns can't see through (XML 1.0, appendix F).
_WIDE = (
    (re.compile(rb"(?:[\t\n\r <{\[]\x00\x00\x00){2}|<\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00[\t\n\r <{\[]"), "utf-32-be"),
    (re.compile(rb"[\t\n\r <{\[]\x00[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x00[\t\n\r <{\[]\x00[^\x00]"), "utf-16-be"),
    (re.compile(rb"\x4c\x6f\xa7\x94"), "cp037"),
)
_DECLARATION = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:\-]{1,40})[\"']")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:\-]{1,40})", re.IGNORECASE)
# Labels read as the larger set that their users really write (WHATWG Encoding).
_SUPERSETS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
}  # fmt: skip
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_kr", "hz"})
_REFUSED = frozenset({"utf-7", "idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined"})
_CP1252 = {byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}


class Decoded(NamedTuple):
    """The characters of a document, the codec that gave them, and what was wrong, if anything."""

    text: str
    codec: str
    fault: str


def decode(body: bytes, content_type: str = "") -> Decoded:
    """The characters of a document of any encoding. Never fails: a wrong byte costs its character only."""
    for mark, codec in _MARKS:
        if body.startswith(mark) and not (mark == codecs.BOM_UTF16_LE and body[2:4] == b"\0\0"):
            return _wide_or_utf8(body[len(mark) :], codec)
    for pattern, codec in _WIDE:
        if pattern.match(body):
            return _wide_or_utf8(body, codec)
    labels = [label for label in (_charset(content_type), _declared(body)) if label]
    for label in labels:
        if label in _SEVEN_BIT:
            return Decoded(body.decode(label, "replace"), label, "")
    try:
        return Decoded(body.decode("utf-8"), "utf-8", "")
    except UnicodeDecodeError:
        return _eight_bit(body, labels)


def _wide_or_utf8(body: bytes, codec: str) -> Decoded:
    text = body.decode(codec, "replace") if codec != "utf-8" else _mixed(body)
    fault = f"bytes that are not valid {codec}" if "\ufffd" in text else ""
    return Decoded(text, codec, fault)


def _eight_bit(body: bytes, labels: list[str]) -> Decoded:
    others = [label for label in labels if label != "utf-8"]
    for codec in others:
        try:
            return Decoded(body.decode(codec), codec, "")
        except UnicodeDecodeError:
            continue
    if _mostly_utf8(body):
        return Decoded(_mixed(body), "utf-8", "bytes that are not valid utf-8")
    codec = others[-1] if others else "cp1252"
    return Decoded(body.decode(codec, "replace"), codec, f"bytes that are not valid {codec}")


def _mostly_utf8(body: bytes) -> bool:
    """Whether what lies beyond ASCII is valid UTF-8 at least as often as not; a lone wrong byte is not."""
    text = body.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for char in text[:200_000] if char > "\x7f") - wrong
    return right >= wrong


def _mixed(body: bytes) -> str:
    """UTF-8 with stray bytes of windows-1252, as pasted quotation marks leave them."""
    text = body.decode("utf-8", "surrogateescape")
    return text if text.isascii() else _ESCAPED.sub(lambda match: _CP1252[ord(match[0]) - 0xDC00], text)


_ESCAPED = re.compile("[\udc80-\udcff]")


def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    return _known(match[1]) if match else ""


def _declared(body: bytes) -> str:
    match = _DECLARATION.match(body[:400])
    return _known(match[1].decode("ascii")) if match else ""


def _known(label: str) -> str:
    """A label as the name of a text codec that is read for it; empty for one nobody knows."""
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return ""
    if name in _REFUSED or name.startswith(("utf-16", "utf-32")):
        return ""
    try:
        b"".decode(name)
    except LookupError:  # a codec from bytes to bytes, such as "hex"
        return ""
    return _SUPERSETS.get(name, name)
