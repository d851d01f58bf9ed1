"""Looking in: what is in force, what becomes of a story, and the feeds and the outbox at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """A thing of the configuration that the database runs by, as it was when the files were read last."""

    part: str
    """``digest``, ``alert``, ``channel``, ``topic``, ``settings``, ``feeds``; or ``process``, the daemon."""
    name: str
    content: Mapping[str, Any]
    """As JSON has it; never a secret."""
    since: datetime
    """Since when it is as it is."""


class Becomes(StrEnum):
    """What becomes of a story by one digest or alert rule."""

    TOLD = "told"
    WAITS = "waits"
    NOT = "not told"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What one digest or alert rule makes of a story, for one of its channels."""

    kind: str
    """``digest`` or ``alert``."""
    origin: str
    """Name of the digest or rule."""
    channel: str
    becomes: Becomes
    text: str
    """When, or why not, in words; without a full stop."""
    at: datetime | None = None
    """When it was told, or will be where that is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """A feed as the database knows it from the configuration, and where it is polled."""

    feed_id: str
    title: str
    tags: tuple[str, ...]
    configured_url: str
    configured: bool
    """``False``: it left the configuration; what is known of it stays."""
    enabled: bool
    url: str
    """Where it is polled: differs once it has moved."""
    last_polled_at: datetime | None
    disabled: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SickFeed:
    """A configured feed that is gone, fails, or has another trouble."""

    name: str
    """Its title, or its address."""
    url: str
    trouble: str
    """``gone``, ``failing``, ``silent`` or ``rolled-over``."""
    since: datetime | None
    reason: str
    """Its last result, or why it is polled no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedsGlance:
    """All configured feeds in numbers."""

    configured: int = 0
    polled: int = 0
    """Polled by themselves: neither switched off nor gone."""
    due: int = 0
    """To be polled now."""
    upcoming: tuple[tuple[str, datetime], ...] = ()
    """Names and times of those that come next."""
    hour: Mapping[str, int] = field(default_factory=dict)
    """Feeds polled last in the past hour, by how that ended: ``new``, ``unchanged``, ``failed``."""
    day: Mapping[str, int] = field(default_factory=dict)
    troubles: Mapping[str, int] = field(default_factory=dict)
    """Trouble → how many feeds have it."""
    worst: tuple[SickFeed, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestGlance:
    """The slot that a digest took last."""

    at: datetime
    taken_at: datetime
    stories: int
    """Told by it, on all channels together, each once."""
