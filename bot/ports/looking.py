"""The database looked into: what is in force, and numbers for one screen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.model import DigestGlance, FeedsGlance, InForce, Subscription


class InForceStore(Protocol):
    """The configuration that the database runs by."""

    def all(self) -> Sequence[InForce]:
        """By part and name."""
        ...

    def replace(self, parts: Collection[str], now_in_force: Sequence[InForce]) -> None:
        """Put these in place of all that there is of ``parts``; what did not change keeps its ``since``."""
        ...


class GlanceStore(Protocol):
    """Numbers, counted by the database: none of it brings many rows into memory."""

    def feeds(self, now: datetime, *, upcoming: int, worst: int) -> FeedsGlance:
        """The configured feeds; ``upcoming`` and ``worst``: how many of them are named."""
        ...

    def subscriptions(self) -> Sequence[Subscription]:
        """All feeds that ever were configured."""
        ...

    def told_since(self, since: datetime) -> int:
        """How many stories were told after ``since``, by whatever."""
        ...

    def digest(self, name: str, channels: Sequence[str], now: datetime) -> DigestGlance | None:
        """The slot that a digest took last, up to now; ``None`` where it never took one."""
        ...

    def outbox(self) -> Mapping[tuple[str, str], int]:
        """(channel, state) → how many messages are pending, sending, unknown or dead."""
        ...
