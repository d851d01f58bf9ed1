"""A page → the feeds that it names."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from bot.core.urls import absolute

# RSS Autodiscovery and the HTML standard's rel=alternate; JSON Feed names its own type.
_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)


def feed_links(page: bytes, base_url: str) -> tuple[str, ...]:
    """Absolute addresses of the feeds in a page's ``<link rel="alternate">`` elements, in their order."""
    found: dict[str, None] = {}
    for link in LexborHTMLParser(page).css("link[href][type]"):
        named = (link.attributes.get("rel") or "").lower().split()
        kind = (link.attributes.get("type") or "").split(";")[0].strip().lower()
        address = absolute(link.attributes.get("href") or "", base_url)
        if "alternate" in named and kind in _TYPES and address:
            found[address] = None
    return tuple(found)
