"""Bytes of a feed → its header and entries, whatever the format: RSS, Atom, RDF or JSON Feed.

Every text field of an :class:`~bot.model.Entry` is HTML; the document's own title is plain text.
"""

from __future__ import annotations

from bot.core.encoding import decode
from bot.core.json_feed import looks_like_json, parse_json
from bot.core.seen import Parsed, Request
from bot.core.xml_feed import parse_xml
from bot.errors import FeedError
from bot.model import FeedDocument

MOST_ENTRIES = 5_000
LARGEST = 32 * 1024 * 1024
"""Bytes of the largest document that is parsed."""

_BINARY = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"%PDF", b"\x1f\x8b", b"RIFF")


def parse(
    body: bytes, content_type: str = "", base_url: str = "", *, max_entries: int = MOST_ENTRIES
) -> FeedDocument:
    """Read a feed document.

    ``content_type`` is the header as sent, ``base_url`` the final address of the document, which relative
    links are resolved against. Entries keep the document's order; those beyond ``max_entries`` are counted
    in ``left_out``. Raises FeedError with what the bytes are instead of a feed.
    """
    return parse_unseen(body, content_type, Request(base_url=base_url, max_entries=max_entries)).document


def parse_unseen(body: bytes, content_type: str, request: Request) -> Parsed:
    """Read those entries of a feed document that were not seen before; otherwise as :func:`parse`.

    Where all were seen, the document's header is not read either, but for its hints.
    """
    if len(body) > LARGEST:
        raise FeedError(f"a document of {len(body)} bytes; the limit is {LARGEST}")
    text, _, fault = decode(body, content_type)
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise FeedError("an empty document")
    if looks_like_json(text):
        return parse_json(text, request)
    if body.startswith(_BINARY):
        raise FeedError("binary data, not a feed")
    if "<" not in text:
        raise FeedError("plain text, not a feed")
    return parse_xml(text, request, (fault,) if fault else ())
