"""The nouns of chipwatch: frozen, keyword-only dataclasses and nothing else.

Every ``datetime`` is aware and in UTC. No I/O and no clock here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

# ── subscriptions ────────────────────────────────────────────────────────────────────────────────


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


# ── fetching ─────────────────────────────────────────────────────────────────────────────────────


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


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownItem:
    """What the store remembers of an item by one of its keys."""

    item_id: str
    content_hash: str


# ── judging ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A named thing of the watched field, with every spelling it goes by."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    case_sensitive: tuple[str, ...] = ()
    """The aliases that are ordinary words unless capitalised exactly so (``Arm``, ``Meta``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemplar:
    """One labelled article of the seed corpus; ``topics`` empty means a negative example."""

    id: str
    title: str
    text: str
    url: str = ""
    published: date | None = None
    topics: frozenset[str] = frozenset()
    copy_of: str | None = None
    """Id of the exemplar whose text this one repeats."""
    same_event: str | None = None
    """Id of the exemplar that reports the same event in other words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    id: str
    title: str
    query: str = ""
    exclude: str = ""
    exemplars: tuple[str, ...] = ()
    """Ids of its exemplars; empty means those that name the topic."""
    threshold: float | None = None
    """Probability from which an item matches; ``None`` is ``"auto"``."""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Where a query or an entity matched: ``text[start:end]`` of a field, in characters."""

    field: str
    start: int
    end: int
    term: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One signal's part of a verdict, in log-odds; the shares add up to the score's log-odds."""

    signal: str
    share: float
    detail: str


class Relation(StrEnum):
    """How an item stands to an exemplar or to an earlier story."""

    SAME_STORY = "same-story"
    FOLLOW_UP = "follow-up"
    RELATED = "related"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearest:
    exemplar: str
    similarity: float
    relation: Relation


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The decision about one item and one topic, with everything that led to it."""

    item_id: str
    topic_id: str
    score: float
    """Calibrated probability that the item is on topic, 0 to 1."""
    matched: bool
    threshold: float
    shares: tuple[Share, ...]
    nearest: Nearest | None
    spans: tuple[Span, ...] = ()
    profile_version: str


# ── stories ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """The part of an item that grouping looks at."""

    id: str
    title: str
    summary: str = ""
    body: str = ""
    source: str = ""
    """Host name of the publisher."""
    published: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Which story an item joined or opened."""

    item_id: str
    story_id: str
    opens: bool
    copy_of: str | None = None
    """Id of the item whose text this one repeats."""
    similarity: float = 0.0
    because: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An item inside a story, with its placement and the verdicts that matched."""

    item: Item
    placement: Placement
    verdicts: tuple[Verdict, ...] = ()
    source: str = ""
    primary: bool = False
    """Published by a party to the event (its feed is tagged ``primary``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Items about one event. ``members`` in order of first sight."""

    id: str
    members: tuple[Member, ...]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a story states in figures and names; compared to see whether there is news in it."""

    parties: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """What a channel was last told of a story."""

    channel: str
    story_id: str
    revision: int
    """1 for the first telling, then one more an update."""
    told_at: datetime
    origin: str
    """Name of the digest or alert rule that told it."""
    sources: int
    """Independent sources it had then."""
    facts: Facts


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of time, start exclusive and end inclusive."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestSpec:
    """A digest as configured: which topics, when, to which channels."""

    name: str
    title: str
    topics: tuple[str, ...]
    channels: tuple[str, ...]
    schedule: str
    """A cron line of five fields."""
    timezone: str
    max_stories: int = 20
    send_empty: bool = False
    catch_up: timedelta = timedelta(hours=24)
    """How late a missed slot is still sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRule:
    """Stories told as soon as they are seen."""

    name: str
    topics: tuple[str, ...]
    channels: tuple[str, ...]
    min_score: float = 0.0
    max_age: timedelta = timedelta(hours=24)
    """A story whose newest article is older is left to the digest."""
    budget: int = 6
    """Alerts an hour and channel; beyond it stories wait for the digest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One independent source of a story; copies of its text are counted, not listed."""

    name: str
    title: str
    url: str
    published: datetime | None = None
    primary: bool = False
    copies: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldStory:
    """A story as a message tells it: chosen, ordered and explained, not yet rendered."""

    id: str
    revision: int
    status: str
    """NEW, UPDATED or LATE, in words."""
    title: str
    url: str
    lead: str
    topics: tuple[str, ...]
    """Topic titles, best score first."""
    score: float
    sources: tuple[Source, ...]
    items: int
    facts: Facts
    news: tuple[str, ...] = ()
    """What is new since it was last told; empty for a first telling."""
    because: tuple[str, ...] = ()
    """Why it is here, one line a topic."""
    relation: str = ""
    """How it stands to the seed corpus, in words; empty where it doesn't."""
    first_title: str = ""
    """Title of its first telling, which never changes: mail readers thread by subject."""
    first_seen: datetime
    published: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    title: str
    stories: tuple[ToldStory, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The coverage receipt at a digest's foot: what was read to find these stories."""

    feeds: int
    feeds_failing: tuple[str, ...]
    items_read: int
    stories_matched: int
    held_back: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """One message's content, before any channel renders it. An alert is a digest of kind ``alert``."""

    kind: str
    """``digest`` or ``alert``."""
    name: str
    title: str
    window: Window
    timezone: str
    sections: tuple[Section, ...]
    also_seen: tuple[ToldStory, ...] = ()
    quiet_topics: tuple[str, ...] = ()
    """Titles of watched topics without news."""
    late: bool = False
    receipt: Receipt | None = None

    @property
    def stories(self) -> tuple[ToldStory, ...]:
        return tuple(story for section in self.sections for story in section.stories)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A digest rendered for one channel and recipient; the bytes never change again."""

    subject: str
    content_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """One part of what a channel makes of a digest (a long digest may take several messages)."""

    recipient: str
    key: str
    message: Message


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    """The request may have been accepted, no answer came, and the channel can't drop duplicates."""
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message to one recipient: a row of the outbox."""

    key: str
    channel: str
    recipient: str
    origin: str
    """Name of the digest or alert rule that composed it."""
    message: Message
    stories: tuple[str, ...] = ()
    """Ids of the stories it tells."""
    created_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempt: int = 0
    interrupted: bool = False
    """Its last attempt never reported back: the process died, so it may have been accepted."""
    note: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    receipt: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """Not accepted. ``permanent`` goes dead at once; otherwise it is tried again."""

    reason: str
    permanent: bool = False
    retry_after: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Handed over, but no answer came: it may have been accepted."""

    reason: str


SendResult: TypeAlias = Sent | Refused | Unanswered


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """When a channel tries again after a refusal that may pass."""

    waits: tuple[timedelta, ...]
    """Wait after the first, second, … failed attempt; the last one repeats."""
    give_up: timedelta
    """Age of a delivery, from its creation, from which it is not tried again."""
    resend_unanswered: bool = False
    """The receiver drops a repeat with the same key, so what got no answer may be sent again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How an attempt ended: the next state of a delivery."""

    key: str
    state: DeliveryState
    attempt: int
    due_at: datetime | None = None
    sent_at: datetime | None = None
    note: str = ""
