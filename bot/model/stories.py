"""Stories: items about one event, and what was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.model.feeds import Item
from bot.model.judging import Verdict


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
    """1 for the first telling, then one more an update; 0 while it waits for a digest."""
    told_at: datetime
    origin: str
    """Name of the digest or alert rule that told it."""
    title: str
    """Its headline when it was first told: every later telling keeps it, since mail threads by subject."""
    sources: int
    """Independent sources it had then."""
    facts: Facts
