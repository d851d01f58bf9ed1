"""Manners: how many requests a host gets at once, and whose turn is next so that nobody waits for others."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Turns(Generic[Job]):
    """Hands out jobs, host after host, never more than ``per_host`` of one host at a time.

    A thousand feeds of one slow host keep ``per_host`` workers busy, not all of them. Jobs may be added
    while others are under way.
    """

    def __init__(self, host: Callable[[Job], str], per_host: int) -> None:
        self._host = host
        self._per_host = per_host
        self._waiting: defaultdict[str, deque[Job]] = defaultdict(deque)
        self._busy: Counter[str] = Counter()
        self._ready: deque[str] = deque()
        self._changed = asyncio.Event()

    def add(self, jobs: Iterable[Job]) -> None:
        """More work."""
        for job in jobs:
            host = self._host(job)
            self._waiting[host].append(job)
            self._offer(host)

    def take(self) -> Job | None:
        """The next job of a host that may have one more; ``None`` where none may just now."""
        if not self._ready:
            return None
        host = self._ready.popleft()
        job = self._waiting[host].popleft()
        self._busy[host] += 1
        self._offer(host)
        if not self._waiting[host]:
            del self._waiting[host]
        return job

    def done(self, job: Job) -> None:
        """A job that was taken has ended."""
        host = self._host(job)
        self._busy[host] -= 1
        if not self._busy[host]:
            del self._busy[host]
        if host in self._waiting:
            self._offer(host)

    def _offer(self, host: str) -> None:
        if self._waiting[host] and self._busy[host] < self._per_host and host not in self._ready:
            self._ready.append(host)
            self._changed.set()

    @property
    def waiting(self) -> bool:
        """Whether jobs are left that weren't handed out."""
        return bool(self._waiting)

    def wake(self) -> None:
        """Ends :meth:`changed` although no job became ready."""
        self._changed.set()

    async def changed(self) -> None:
        """Waits until a job may be ready."""
        await self._changed.wait()
        self._changed.clear()


class Slots:
    """Requests under way a host, redirects from other hosts included."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._open: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits until the host has fewer than ``per_host`` requests under way."""
        semaphore = self._open.setdefault(host, asyncio.Semaphore(self._per_host))
        self._users[host] += 1
        try:
            async with semaphore:
                yield
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._open[host], self._users[host]
