"""What there is in the database just now, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.telling import Part


class FeedHealth(StrEnum):
    """How a feed that should be polled does; the worst of what is true of it."""

    OK = "ok"
    ROLLED_OVER = "rolled-over"
    SILENT = "silent"
    FAILING = "failing"
    DISABLED = "disabled"
    """Polled no more: its publisher took it down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Messages that a channel has still to be sent; at least one."""

    messages: int
    oldest: datetime
    """When the one that was composed first was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Census:
    """Counted at one moment."""

    at: datetime
    feeds: Mapping[FeedHealth, int] = field(default_factory=dict)
    due_since: datetime | None = None
    """Since when the feed waits that has been due for longest; ``None`` where none is due."""
    unjudged: int = 0
    unjudged_since: datetime | None = None
    """First sight of the item that waits for its verdicts for longest; edits don't count."""
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    """By channel; only those for which something waits."""
    alarms: Mapping[Part, int] = field(default_factory=dict)
    """How many are not over, by what they are about."""
    size: int = 0
    """Bytes that the database takes up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstTold:
    """What a delivery told that its channel had not been told before."""

    kind: str
    """As in ``Delivery``."""
    seen: tuple[datetime, ...] = ()
    """Of each story: first sight of the first item that matched a topic."""
