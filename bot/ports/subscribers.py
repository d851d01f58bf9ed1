"""Who wants no messages: the store of unsubscriptions, and channels whose messages hold a link to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from bot.model import Unsubscription


class UnsubscriptionStore(Protocol):
    def add(self, unsubscription: Unsubscription) -> bool:
        """Remember it; ``False`` where it was known, which leaves it as it was."""
        ...

    def remove(self, address: str, channel: str | None = None) -> int:
        """Forget what an address unsubscribed from, of one channel or of all. Returns how many."""
        ...

    def all(self) -> Sequence[Unsubscription]:
        """Latest first."""
        ...

    def addresses(self, channel: str) -> Collection[str]:
        """Who unsubscribed from a channel."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A channel whose messages hold a link to unsubscribe."""

    def tokens(self) -> Mapping[str, str]:
        """Token of a link → the recipient whose messages have it."""
        ...
