"""The database's queues: one a destination, which is a channel; and the alarms about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import Alarm, Delivery, Destination, Settlement


class DeliveryQueue(Protocol):
    def due(self, now: datetime) -> Sequence[str]:
        """Channels to which something can be sent now, the longest waiting first.

        Not those that are disabled, paused, or served by another process.
        """
        ...

    def serve(self, channel: str, now: datetime, lease: timedelta) -> bool:
        """Take a channel until the lease ends; ``False`` where another process has it."""
        ...

    def next(self, channel: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """What to send to a channel that the caller serves, in order; no attempts yet.

        ``interrupted`` where an attempt had begun and never reported. Behind one that waits for its next try
        nothing to the same recipient is sent, unless it was tried often; parts of one digest never.
        """
        ...

    def held(self, leases: Mapping[str, datetime]) -> Collection[str]:
        """Of these channels, by the end of the caller's leases, those that nobody took over since."""
        ...

    def renew(self, channels: Collection[str], until: datetime) -> None:
        """Move the end of the leases of channels that the caller serves. Now gives them back."""
        ...

    def release(self) -> int:
        """End all leases: for a process that knows it is the only one. Returns how many."""
        ...

    def set_right(self, now: datetime, back: timedelta) -> None:
        """Have sent what a clock that was ahead put off; end its pauses and leases.

        ``back``: by how much it was set back just now.
        """
        ...

    def begin(self, deliveries: Sequence[Delivery]) -> Collection[str]:
        """Note, before the first bytes go out, that attempts begin (state ``sending``). Returns the keys.

        Left out are those that somebody else began since they were claimed, or ended: don't send them.
        """
        ...

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended."""
        ...

    def destinations(self) -> Mapping[str, Destination]:
        """Channels that are or were in trouble, by name."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """How many messages each channel has still to be sent."""
        ...

    def pause(self, channel: str, until: datetime, why: str) -> None:
        """Send nothing to a channel before; never shortens a pause."""
        ...

    def disable(self, channel: str, now: datetime, why: str, fingerprint: str) -> None:
        """Send nothing to a channel until ``enable``."""
        ...

    def enable(self, channel: str) -> bool:
        """End whatever keeps a channel waiting. ``False`` where nothing did."""
        ...

    def give_back(self, delivery: Delivery, now: datetime, note: str) -> bool:
        """Take back that a delivery told its stories, so that the next digest tells them; it expires.

        Those told since stay told. ``False``, and nothing happens, where a recipient may have got it, or
        nothing of it is left to tell.
        """
        ...


class AlarmStore(Protocol):
    def all(self) -> Sequence[Alarm]:
        """Oldest first."""
        ...

    def put(self, alarm: Alarm) -> None:
        """Write an alarm in place of the one with its part, subject and cause."""
        ...

    def remove(self, alarm: Alarm) -> None: ...

    def take_back(self, channel: str, note: str) -> int:
        """Take alarms for untold that wait in a disabled channel, and in no other; their messages expire.

        Returns how many alarms are to be told anew.
        """
        ...
