"""Room for bodies: many small ones at once, large ones only a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

LARGE = 1024 * 1024
"""Bytes from which a body counts as large: a hundredth of all feeds are."""
MOST_LARGE = 4
"""Large bodies in memory at once: with the largest that is allowed they stay within some 100 MB."""


class Rooms:
    """What one round shares."""

    def __init__(self, large: int = MOST_LARGE) -> None:
        self._large = asyncio.Semaphore(large)

    def room(self) -> Room:
        """For one visit: ``async with rooms.room() as room``."""
        return Room(self._large)


class Room:
    """The room that one visit's body takes up, from its first byte until it was read."""

    def __init__(self, large: asyncio.Semaphore) -> None:
        self._large = large
        self._held = False
        self.limit: asyncio.Timeout | None = None
        """The visit's time limit: it stands still while the visit waits, which is not the server's doing."""

    async def __aenter__(self) -> Room:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held:
            self._held = False
            self._large.release()

    async def grow(self, size: int) -> None:
        """The body has so many bytes now; waits where it has become large while others are."""
        if size > LARGE and not self._held:
            with self.standing_still():
                await self._large.acquire()
            self._held = True

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While it lasts the visit waits for its turn, and no time is counted as the server's."""
        limit = self.limit
        if limit is None or (when := limit.when()) is None:
            yield
            return
        now = asyncio.get_running_loop().time
        left = when - now()
        limit.reschedule(None)
        try:
            yield
        finally:
            limit.reschedule(now() + left)
