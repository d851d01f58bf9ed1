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
class Hints:
    """What a document itself says of when to come."""

    ttl: timedelta | None = None
    """The shortest poll interval the publisher asks for: RSS ``ttl`` or the ``sy:`` period."""
    skip_hours: tuple[int, ...] = ()
    """Hours of the day, in UTC, in which RSS ``skipHours`` wants no visit."""
    skip_days: tuple[int, ...] = ()
    """Days of the week, Monday 0, in UTC, on which RSS ``skipDays`` wants no visit."""


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
    last_new_at: datetime | None = None
    """Last time a poll found an item that was not known."""
    last_result: str = "never polled"
    disabled: str | None = None
    """Why the bot polls it no more (410 Gone); ``None`` while it is polled."""
    seen: bytes = b""
    """Hashes (8 bytes each) of the raw entries of the document read last: what need not be read again."""
    read_whole: bool = False
    """The document read last was broken: the next one is read whole, whatever of it was seen."""
    published: tuple[datetime, ...] = ()
    """When its latest items were published (or first seen), newest first: what its rhythm is made from."""
    hints: Hints = Hints()
    """What the document read last says of when to come."""
    quiet: int = 0
    """Polls in a row that found nothing new."""
    moving_to: str | None = None
    """Where permanent redirects point, until that has held for long enough to move."""
    moving_since: datetime | None = None
    trouble: str = ""
    """Kind of the trouble that was noticed last and is not over: ``failing``, ``silent``, ``rolled-over``."""
    trouble_since: datetime | None = None
    """When that trouble was noticed; for ``rolled-over`` when it was seen last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something about a feed that people should know; made once."""

    feed_id: str
    kind: str
    """One of ``moved``, ``gone``, ``failing``, ``silent``, ``rolled-over``, ``recovered``."""
    text: str
    """A sentence for people, with the feed's address or title in it."""
    at: datetime


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
    hints: Hints = Hints()
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
    body_hash: str
    """What tells one body of a feed from another, for servers that send no validators."""
    content_type: str
    final_url: str
    status: int = 200
    etag: str | None = None
    modified: str | None = None
    fresh_for: timedelta = timedelta(0)
    moved_to: str | None = None
    """Target of an unbroken chain of permanent redirects (301, 308) from the address asked."""
    delta: bool = False
    """The body holds only what is new since the validators that were sent (226 IM Used, RFC 3229)."""
    ahead: timedelta | None = field(default=None, compare=False)
    """How far the server's clock is ahead of ours, where it told the time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotModified:
    fresh_for: timedelta = timedelta(0)
    moved_to: str | None = None
    """As in :class:`Fetched`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """Not asked: the host wants no request from us for a while. No fault of the feed."""

    wait: timedelta
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchFailed:
    kind: str
    """One of ``fetch.FAILURES``: timeout, dns, connect, tls, refused, too-large, status, gone, …"""
    detail: str
    status: int | None = None
    retry_after: timedelta | None = None
    asked: str = ""
    """Address that answered so, at the end of all redirects; empty where none did."""
    ahead: timedelta | None = field(default=None, compare=False)
    """As in :class:`Fetched`."""


FetchOutcome: TypeAlias = Fetched | NotModified | Held | FetchFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTask:
    """A body to be read, with all that reading depends on."""

    feed_id: str
    body: bytes
    content_type: str
    base_url: str
    """Final address of the document: relative links are resolved against it."""
    now: datetime
    language: str | None = None
    """For entries and documents that name none."""
    max_entries: int = 2000
    seen: bytes = b""
    """As in :class:`FeedState`; entries with these hashes are not read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What came of a body."""

    document: FeedDocument
    """The header, and those entries that were read."""
    items: tuple[Item, ...]
    """Of the entries that were read, in the document's order."""
    entries: int = 0
    """How many entries were read: more than items where some were empty or repeated."""
    seen: bytes = b""
    """Hashes of all entries of the body; empty where it could not be cut into entries."""
    skipped: int = 0
    """Entries that were seen before and not read again."""
    whole: bool = False
    """It was broken: the next body is to be read whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One feed's poll as far as the world had a part in it."""

    feed: Feed
    state: FeedState
    """As claimed."""
    outcome: FetchOutcome
    """A body that could not be read is a ``FetchFailed`` too; one that was read is dropped (empty)."""
    reading: Reading | None = None
    """``None`` where there was no new body."""
    took: timedelta | None = None
    """How long the server was waited for, waiting for a turn left out; ``None`` where none was asked."""


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
    """One word for people and logs: new, unchanged, held, failed, blocked, not-a-feed, gone."""
    notices: tuple[Notice, ...] = ()

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
    published: datetime | None = None
    seen_at: datetime | None = None
    """When it was first seen."""
    baseline: bool = False
    revised: int = 0
    """How often an edit of it was taken in."""
    worded: bool = False
    """More than its headline is stored."""
