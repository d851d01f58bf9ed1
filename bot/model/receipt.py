"""The coverage receipt: what a digest says of the reading behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of time, start exclusive and end inclusive."""

    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """How long after their publication items were first seen."""

    items: int
    """So many it was counted from."""
    half: timedelta
    """Half of them were seen within this time; both in whole minutes."""
    most: timedelta
    """95 of 100 were."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedFeed:
    """A feed as people know it."""

    feed_id: str
    name: str
    """Its title, or its address; empty where it is only counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """An article on a topic, as its volume counts it."""

    topic_id: str
    feed_id: str
    story_id: str
    seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """A topic that has far more stories in a window than such a window has as a rule."""

    topic_id: str
    topic: str
    """Its title."""
    stories: int
    usual: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The coverage receipt at a digest's foot: what was read to find these stories."""

    feeds: int
    """Configured and switched on."""
    feeds_failing: tuple[NamedFeed, ...]
    items_read: int
    stories_matched: int
    stories_told: int = 0
    """By this digest, if only in a line; without what its channel has no room for."""
    held_back: int = 0
    """Stories that wait for a later message."""
    held_until: str = "digest"
    """What tells those that an alert leaves for later: a ``digest``, or the alerts of the next ``hour``."""
    waited: int = 0
    """Of the stories told, those that were beyond the budget of an alert."""
    feeds_polled: int = 0
    """Of ``feeds``, those polled since the window began."""
    feeds_silent: tuple[NamedFeed, ...] = ()
    feeds_rolled_over: tuple[NamedFeed, ...] = ()
    """In the window all their entries were new at once, so some may never have been seen."""
    pauses: tuple[Window, ...] = ()
    """Within the window, when feeds were due and none was polled; oldest first."""
    latency: Latency | None = None
    """``None`` where too few items have a date that tells."""
