"""The database's outbox: messages on their way, and what was told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.model import (
    Delivery,
    DeliveryState,
    Telling,
)


class Outbox(Protocol):
    def told(self, channel: str, story_ids: Sequence[str]) -> Mapping[str, Telling]:
        """Story id → what the channel was last told of it, and of stories that became part of it."""
        ...

    def add(self, deliveries: Sequence[Delivery], tellings: Sequence[Telling]) -> int:
        """Write deliveries and what they tell. A key that is there already is left alone.

        Returns how many deliveries are new.
        """
        ...

    def deliveries(
        self, *, state: DeliveryState | None, limit: int, story_id: str | None = None
    ) -> Sequence[Delivery]:
        """Newest first; ``story_id`` keeps those that told that story or one that became part of it."""
        ...

    def keyed(self, beginning: str) -> Sequence[Delivery]:
        """Those whose keys begin so; of many, a few."""
        ...

    def keys(self, state: DeliveryState, channel: str | None = None) -> Sequence[str]:
        """Keys of all deliveries in a state, in the order composed."""
        ...

    def retry(self, keys: Sequence[str], now: datetime) -> int:
        """Make dead or unknown deliveries pending again. Returns how many."""
        ...

    def receipts(self, channel: str, story_id: str) -> Mapping[str, str]:
        """Recipient → the receipt of the first alert on a story that it got: the beginning of a thread."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many messages composed before, all but those still to be sent. Returns how many.

        What was told stays remembered.
        """
        ...

    def slot(self, digest: str, at: datetime, now: datetime, time_of_day: str | None = None) -> bool:
        """Take the digest slot ``at``; ``False`` where it, or its time of day, was taken before."""
        ...

    def forget_slots(self, before: datetime) -> int:
        """Drop slots before, but for each digest's last. Returns how many."""
        ...

    def last_slot(self, digest: str, until: datetime) -> datetime | None:
        """The latest slot taken up to a moment: a clock that was wrong may have taken later ones."""
        ...

    def times_of_day(self, digest: str, since: datetime) -> Collection[str]:
        """Of the slots taken after ``since`` those that stand for a time of day."""
        ...

    def last_composed(self, digest: str, channel: str, before: datetime) -> datetime | None:
        """The latest slot before ``before`` for which the channel got a message of this digest."""
        ...


class AlertStore(Protocol):
    """What alerts did: stories they told, and stories that they noted as waiting."""

    def told_since(self, channel: str, rules: Collection[str], since: datetime) -> Sequence[Telling]:
        """What these rules told the channel after ``since``, for their budgets."""
        ...

    def waiting(self, channel: str, rules: Collection[str] | None, since: datetime) -> Sequence[Telling]:
        """Notes after ``since`` that stories wait, oldest first; they may have been told since.

        Those of rules, or all where ``None`` are named: also of digests that were given up.
        """
        ...
