"""Feeds: what is subscribed, what was fetched, and the items that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A subscribed document, as configured in ``feeds.toml``."""

    id: str
    url: str
    title: str = ""
    tags: tuple[str, ...] = ()
    every: timedelta | None = None
    enabled: bool = True
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedState:
    """What the bot remembers of a feed between two polls; status lives beside the facts."""

    feed_id: str
    url: str
    """Where the feed is polled now: differs from ``Feed.url`` once it has moved."""
    next_poll_at: datetime
    etag: str | None = None
    modified: str | None = None
    body_hash: str | None = None
    rhythm: timedelta | None = None
    """Time between two items as the feed itself shows it; unknown before the first poll."""
    failures: int = 0
    failing_since: datetime | None = None
    last_polled_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_full_at: datetime | None = None
    """Last time a whole body was fetched; a 304 does not count."""
    last_result: str = "never polled"
    disabled: str | None = None
    """Why the bot polls it no more (410 Gone); ``None`` while it is polled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the publisher wrote inside a feed, before we touch it. Text fields may hold HTML."""

    guid: str | None = None
    link: str | None = None
    title: str = ""
    summary: str = ""
    content: str = ""
    author: str = ""
    language: str | None = None
    published: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedDocument:
    """A parsed feed: its header and its entries in document order."""

    title: str = ""
    link: str | None = None
    language: str | None = None
    format: str = ""
    ttl: timedelta | None = None
    """The longest poll interval the publisher asks for: RSS ``ttl`` or the ``sy:`` period."""
    entries: tuple[Entry, ...] = ()
    left_out: int = 0
    """Entries beyond the limit, not handed on."""
    faults: tuple[str, ...] = ()
    """What was wrong with the document although it could be read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """Our normalised record of one article. Text fields are plain text."""

    id: str
    feed_id: str
    url: str
    """The publisher's link, absolute; empty where the entry had none that is safe."""
    canonical_url: str
    """What identity uses: no tracking parameters, no fragment, one spelling."""
    title: str
    summary: str = ""
    body: str = ""
    author: str = ""
    language: str | None = None
    published: datetime | None = None
    seen_at: datetime
    content_hash: str
    """Hash of title, summary and body: another value means the publisher edited the article."""
    keys: tuple[str, ...] = ()
    """Hashed identities (guid within its feed, canonical URL, content) by which it is known again."""
    baseline: bool = False
    """Already old when its feed was polled for the first time: known and judged, never told by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    body: bytes
    content_type: str
    final_url: str
    status: int = 200
    etag: str | None = None
    modified: str | None = None
    fresh_for: timedelta = timedelta(0)
    moved_to: str | None = None
    """Target of an unbroken chain of permanent redirects (301, 308) from the address asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified:
    fresh_for: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchFailed:
    kind: str
    """One of ``fetch.FAILURES``: timeout, dns, connect, tls, refused, too-large, status, gone, …"""
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None


FetchOutcome: TypeAlias = Fetched | NotModified | FetchFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class PollPlan:
    """What one poll changes: decided by the core, applied by the pipeline in one transaction."""

    state: FeedState
    new: tuple[Item, ...] = ()
    revised: tuple[Item, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    """Identity key → item id, for every entry of the document: what is still published stays known."""
    unchanged: int = 0
    result: str = ""
    """One word for people and logs: new, unchanged, failed, not-a-feed, gone."""

    @property
    def failed(self) -> bool:
        """Whether nothing could be read; a poll that ends well sets the count of failures back."""
        return self.state.failures > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownItem:
    """What the store remembers of an item by one of its keys."""

    item_id: str
    feed_id: str
    """Feed that it was first seen in: an edit is an edit there, and another wording elsewhere."""
    content_hash: str
    canonical_url: str
    title: str
