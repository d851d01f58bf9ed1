"""A page → where its feeds may be: those that it declares, those that it links to, and the usual places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.core.text import one_line, shorten
from bot.core.urls import absolute, host

DECLARED, LINKED, USUAL = "declared", "linked", "usual place"

# RSS Autodiscovery and the HTML standard's rel=alternate; JSON Feed names its own type. The XML types are
# what sites declared before a feed had one of its own.
_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
        "application/xml",
        "text/xml",
    }
)
_MOST_LINKED = 8
_MOST_DECLARED = 16
# A segment of a path that says "feed": /feed, /rss.xml, /news-rss, /feeds/all.atom, /index.rdf.
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:feeds?|rss2?|atom)(?:[/._-]|$)|\.(?:rss|atom|rdf)$|/(?:index|feed)\.xml$", re.IGNORECASE
)
_FEED_WORDS = re.compile(r"(?:rss|atom|xml|json)?[ -]?feeds?|rss|atom", re.IGNORECASE)
# Where the software that most sites run on puts its feed, the most common first.
_PLACES = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An address that may be a feed's."""

    url: str
    title: str = ""
    """As the page names it."""
    how: str
    """``declared``, ``linked`` or ``usual place``."""


def candidates(page: bytes, base_url: str) -> tuple[Candidate, ...]:
    """Absolute addresses that a page names, each once: what it declares, comments last; else what it links.

    ``base_url`` is the page's own address; a ``<base>`` of the page counts. Feeds of comments come last,
    as nobody who names a site means those.
    """
    tree = LexborHTMLParser(page)
    base = _base(tree, base_url)
    declared = _each_once(_declared(tree, base))[:_MOST_DECLARED]
    if declared:
        return tuple(sorted(declared, key=_of_comments))
    return tuple(sorted(_each_once(_linked(tree, base))[:_MOST_LINKED], key=_of_comments))


def usual_places(base_url: str) -> tuple[Candidate, ...]:
    """Where sites have their feeds by custom, for a page that names none: below it, then at the root."""
    path = urlsplit(base_url).path.rstrip("/")
    below = [path + "/feed"] if path else []
    return tuple(Candidate(url=urljoin(base_url, place), how=USUAL) for place in (*below, *_PLACES))


def _base(tree: LexborHTMLParser, base_url: str) -> str:
    element = tree.css_first("base[href]")
    named = absolute(element.attributes.get("href") or "", base_url) if element else None
    return named or base_url


def _declared(tree: LexborHTMLParser, base: str) -> list[Candidate]:
    found = []
    for link in tree.css("link[href][rel]"):
        named = (link.attributes.get("rel") or "").lower().split()
        kind = (link.attributes.get("type") or "").split(";")[0].strip().lower()
        if "feed" in named or ("alternate" in named and kind in _TYPES):
            found.append(_candidate(link, base, link.attributes.get("title") or "", DECLARED))
    return [each for each in found if each is not None]


def _linked(tree: LexborHTMLParser, base: str) -> list[Candidate]:
    """Links whose address or wording says "feed", on the page's own host or one of its siblings."""
    found = []
    for link in tree.css("a[href]"):
        title = one_line(link.text())
        candidate = _candidate(link, base, title, LINKED)
        if candidate is None or not _same_site(candidate.url, base):
            continue
        if _FEED_PATH.search(urlsplit(candidate.url).path) or _FEED_WORDS.fullmatch(title):
            found.append(candidate)
    return found


def _candidate(link: LexborNode, base: str, title: str, how: str) -> Candidate | None:
    url = absolute(link.attributes.get("href") or "", base)
    return Candidate(url=url.partition("#")[0], title=shorten(one_line(title), 100), how=how) if url else None


def _each_once(found: list[Candidate]) -> list[Candidate]:
    first: dict[str, Candidate] = {}
    for candidate in found:
        first.setdefault(candidate.url, candidate)
    return list(first.values())


def _of_comments(candidate: Candidate) -> bool:
    return "comment" in f"{candidate.url} {candidate.title}".lower()


def _same_site(url: str, base: str) -> bool:
    """One host, or two below the same domain: ``feeds.example.org`` serves ``www.example.org``."""
    ours, theirs = host(base).removeprefix("www."), host(url).removeprefix("www.")
    return ours == theirs or ours.endswith("." + theirs) or theirs.endswith("." + ours)
