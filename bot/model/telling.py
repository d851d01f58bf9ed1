"""Telling: digests as chosen, messages as rendered, deliveries as they end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias

from bot.model.feeds import Notice
from bot.model.receipt import Receipt, Volume, Window
from bot.model.stories import Facts


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestSpec:
    """A digest as configured: which topics, when, to which channels."""

    name: str
    title: str
    topics: tuple[str, ...]
    channels: tuple[str, ...]
    schedule: tuple[str, ...]
    """Cron lines of five fields; it fires when one of them does."""
    timezone: str
    max_stories: int = 20
    send_empty: bool = False
    catch_up: timedelta = timedelta(hours=24)
    """How late a missed slot is still sent."""
    near_misses: int = 0
    """How many items that just missed a topic are shown at most."""


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
    """Stories an hour, topic and channel; beyond it they wait for the digest."""
    tags: tuple[str, ...] = ()
    """Only stories with an article of a feed that has one of these tags; empty means any."""
    keywords: str = ""
    """A query that one of the story's articles must match; empty means any."""
    quiet: tuple[time, time] | None = None
    """Hours of the day, in ``timezone``, in which nothing is sent: what comes then goes out when they end."""
    timezone: str = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One independent source of a story; copies of its text are counted, not listed."""

    name: str
    title: str
    url: str
    published: datetime | None = None
    primary: bool = False
    copies: int = 0
    cites: tuple[str, ...] = ()
    """Other outlets of the story whose report it repeats: then it is no independent one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """A story that the channel was told before, which a new one follows."""

    story_id: str
    title: str
    told_at: datetime
    words: str
    """How the new one stands to it: ``same event as``, ``follow-up to``, ``related to``."""
    names: tuple[str, ...] = ()
    """Ids of the entities that both name."""
    because: str = ""
    """Why, in words."""


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
    news_since: datetime | None = None
    """When it was last told to this channel; ``None`` for a first telling."""
    because: tuple[str, ...] = ()
    """Why it is here, one line a topic."""
    relation: str = ""
    """How it stands to the seed corpus, in words; empty where it doesn't."""
    earlier: Earlier | None = None
    """The story told before that it follows, if there is one."""
    first_title: str = ""
    """Title of its first telling, which never changes: mail readers thread by subject."""
    first_seen: datetime
    published: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    title: str
    stories: tuple[ToldStory, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NearMiss:
    """An item that just missed a topic, shown to ask whether it belongs there."""

    item_id: str
    title: str
    url: str
    source: str
    topic_id: str
    topic: str
    """The topic's title."""
    score: float
    threshold: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """One message's content, before any channel renders it. An alert is a digest of kind ``alert``."""

    kind: str
    """``digest``, ``alert``, or ``alarm``: about the bot itself, in ``notices``, without stories."""
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
    notices: tuple[Notice, ...] = ()
    """What people should know of the feeds, oldest first."""
    volumes: tuple[Volume, ...] = ()
    """Topics that have far more stories than usual."""
    near_misses: tuple[NearMiss, ...] = ()
    thread: Mapping[str, str] = field(default_factory=dict)
    """Recipient → the receipt of what it was first told of this alert's story, for channels with threads."""

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
    stories: tuple[str, ...]
    """Ids of the stories it shows: what did not fit is not told by it."""
    alternative: bool = False
    """The message before it in another format: people count the two as one."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    """The request may have been accepted, no answer came, and the channel can't drop duplicates."""
    DEAD = "dead"
    EXPIRED = "expired"
    """Given up as too old; a digest tells what it told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message to one recipient: a row of the outbox."""

    key: str
    channel: str
    recipient: str
    origin: str
    """Name of the digest or alert rule that composed it."""
    kind: str = "digest"
    """As of its digest: ``digest``, ``alert`` or ``alarm``."""
    message: Message
    stories: tuple[str, ...] = ()
    """Ids of the stories it tells."""
    created_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempt: int = 0
    interrupted: bool = False
    """Its last attempt never reported back: the process died, so it may have been accepted."""
    unanswered: bool = False
    """An attempt got no answer or was interrupted: it may have been accepted."""
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
    disables: bool = False
    """Nothing can be sent there until a person acts: the channel waits, and others say so."""
    retry_after: timedelta | None = None
    in_short: str = field(default="", compare=False)
    """The reason without the service's words, where it has some: those may repeat what it was sent."""


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
    """What got no answer is sent again: the receiver drops a repeat with the same key, or a user said so."""
    pace: timedelta = timedelta(0)
    """Least time between two messages to this channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How an attempt ended: the next state of a delivery."""

    key: str
    channel: str = ""
    state: DeliveryState
    attempt: int
    due_at: datetime | None = None
    sent_at: datetime | None = None
    note: str = ""
    in_short: str = field(default="", compare=False)
    """As in :class:`Refused`: for the log."""
    unanswered: bool = False
    """It may have been accepted, by this attempt or an earlier one."""
    gave_up: bool = False
    """It died of age, not of a refusal."""
    pause_until: datetime | None = None
    """Nothing goes to the channel before."""
    disables: bool = False
    """Nothing goes to the channel until a person acts; ``note`` says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """What the outbox remembers of a channel; one that never had trouble is not in it."""

    channel: str
    disabled_at: datetime | None = None
    disabled_why: str = ""
    fingerprint: str = ""
    """Of its options when it was disabled: once they change it is tried again."""
    paused_until: datetime | None = None
    paused_why: str = ""


class Part(StrEnum):
    """What of the bot and its world an alarm is about."""

    CHANNEL = "channel"
    FEED = "feed"
    TOPIC = "topic"
    DISK = "disk"
    CLOCK = "clock"
    CONFIGURATION = "configuration"
    STEP = "step"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Trouble that people are told of once, and once that it is over."""

    part: Part
    subject: str
    """Which of its kind: a channel's name, the id of a feed or topic, a step's name; may be empty."""
    cause: str
    """What kind of trouble; with part and subject it is the alarm's identity."""
    text: str
    """What people are told: that it began, or once it is over, that it is."""
    raised_at: datetime
    told_at: datetime | None = None
    """When people were told of it last; what began or ended after that they do not know."""
    over_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsubscription:
    """A recipient who wants no messages of a channel, though the configuration names them."""

    channel: str
    address: str
    """In small letters, without a name around it."""
    at: datetime
