"""Entries as publishers wrote them → items with absolute addresses, plain text, UTC dates and an identity.

An item is known by up to three keys: its guid within its feed, its canonical URL, its content. A guid or URL
that can't tell two articles of one document apart identifies neither. The strongest key left gives the item
its id, the same on every machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import urls
from bot.core.dates import not_ahead
from bot.core.markup import plain, title_text
from bot.core.text import digest, one_line, shorten, words
from bot.model import Entry, FeedDocument, Item

LONGEST_TITLE = 500
LONGEST_SUMMARY = 2_000
LONGEST_BODY = 50_000
_LONGEST_TITLE_FROM_TEXT = 120
_LONGEST_GUID = 2_000
_MOST_KEYS = 12
# Fewer words are a heading that comes again ("Daily briefing"), not a text that identifies.
_ENOUGH_WORDS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class _Draft:
    """An item before its identity is settled."""

    item: Item
    guid: str
    """Hashed key of the guid; empty where there is none or it can't identify. So are the next two."""
    address: str
    content: str
    wording: str
    """Folded title, to see whether two drafts are one article."""
    too_short: bool
    """The text has so few words that another article may well have the same."""


def normalise(document: FeedDocument, feed_id: str, base_url: str, now: datetime) -> tuple[Item, ...]:
    """The items of a document that a poll takes in, in the document's order; no two share id, guid or URL.

    ``base_url`` is the final address of the document. An entry without title, text, link and guid is set
    aside; entries that repeat another one of the document are collapsed into the first.
    """
    items: dict[str, Item] = {}
    for item in as_published(document, feed_id, base_url, now):
        first = items.setdefault(item.id, item)
        if first is not item:
            keys = tuple(dict.fromkeys((*first.keys, *item.keys)))
            items[item.id] = replace(first, keys=keys[:_MOST_KEYS])
    return tuple(item for item in items.values() if item.title)


def as_published(document: FeedDocument, feed_id: str, base_url: str, now: datetime) -> tuple[Item, ...]:
    """One item an entry, in the document's order, repeated and empty ones too; repeated ones share an id."""
    drafts = [_draft(entry, document, feed_id, base_url, now) for entry in document.entries]
    return _identified(_without_ambiguous(drafts))


def _draft(entry: Entry, document: FeedDocument, feed_id: str, base_url: str, now: datetime) -> _Draft:
    link = _link(entry, base_url)
    title, summary, body = _texts(entry)
    guid = one_line(entry.guid or "")[:_LONGEST_GUID]
    canonical = urls.canonical(link) if link else ""
    names_the_site = (
        not link or urls.is_front_page(canonical) or _same_page(canonical, document.link, base_url)
    )
    item = Item(
        id="",
        feed_id=feed_id,
        url=link,
        canonical_url=canonical,
        title=title or link or guid,
        summary=summary,
        body=body,
        author=shorten(title_text(entry.author), 200),
        language=entry.language or document.language,
        published=not_ahead(entry.published, now) or not_ahead(entry.updated, now),
        seen_at=now,
        content_hash=digest((title, summary, body)),
    )
    wording, text = words(item.title), words(body or summary)
    return _Draft(
        item=item,
        guid=_key("guid", feed_id, guid) if guid else "",
        address="" if names_the_site else _key("url", canonical),
        content=_key("text", feed_id, " ".join(wording), " ".join(text)),
        wording=" ".join(wording),
        too_short=len(wording) + len(text) < _ENOUGH_WORDS,
    )


def _key(kind: str, *parts: str) -> str:
    return f"{kind}:{digest(parts, size=12)}"


def _link(entry: Entry, base_url: str) -> str:
    """The article's address: its link, or a guid that is an address."""
    for candidate in (
        entry.link,
        entry.guid if (entry.guid or "").startswith(("http://", "https://")) else None,
    ):
        address = urls.absolute(candidate, base_url) if candidate else None
        if address is not None and urls.public(address, base_url):
            return address
    return ""


def _same_page(canonical: str, site: str | None, base_url: str) -> bool:
    address = urls.absolute(site, base_url) if site else None
    return address is not None and urls.canonical(address) == canonical


def _texts(entry: Entry) -> tuple[str, str, str]:
    """Title, summary and body in plain text; what is missing is made from what is there."""
    body = shorten(plain(entry.content), LONGEST_BODY) if entry.content else ""
    summary = plain(entry.summary) if entry.summary and entry.summary != entry.content else body
    if not body and len(summary) > LONGEST_SUMMARY:
        body = shorten(summary, LONGEST_BODY)
    title = title_text(entry.title, LONGEST_TITLE)
    if not title and (text := summary or body):
        title = shorten(one_line(text.split("\n", 1)[0]), _LONGEST_TITLE_FROM_TEXT)
    return title, shorten(summary, LONGEST_SUMMARY), body


def _without_ambiguous(drafts: list[_Draft]) -> list[_Draft]:
    """Blanks the guids and addresses that stand on differently titled entries of this document."""
    by_guid = _ambiguous((draft.guid, draft.wording) for draft in drafts)
    by_address = _ambiguous((draft.address, draft.wording) for draft in drafts)
    if not by_guid and not by_address:
        return drafts
    return [
        replace(
            draft,
            guid="" if draft.guid in by_guid else draft.guid,
            address="" if draft.address in by_address else draft.address,
        )
        for draft in drafts
    ]


def _ambiguous(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Keys that come with more than one meaning."""
    meanings: defaultdict[str, set[str]] = defaultdict(set)
    for key, meaning in pairs:
        meanings[key].add(meaning)
    return {key for key, found in meanings.items() if len(found) > 1}


def _identified(drafts: list[_Draft]) -> tuple[Item, ...]:
    """Gives each draft the id of its strongest key, or of the earlier draft that has its guid or address.

    The content is a key of every item whose text is long enough: whether two items of one text are one
    article depends on where they stand, and on what is known of both (``identity``).
    """
    ids: dict[str, str] = {}
    items = []
    for draft in drafts:
        own = [key for key in (draft.guid, draft.address) if key]
        content = [] if own and draft.too_short else [draft.content]
        item_id = next((ids[key] for key in own if key in ids), None) or digest(([*own, *content][0],))
        for key in own:
            ids.setdefault(key, item_id)
        keys = (*(key for key in own if ids[key] == item_id), *content)
        items.append(replace(draft.item, id=item_id, keys=keys))
    return tuple(items)
