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

    A thousand feeds of one slow host keep ``per_host`` workers busy, not all of them.
    """

    def __init__(self, jobs: Iterable[Job], host: Callable[[Job], str], per_host: int) -> None:
        self._host = host
        self._per_host = per_host
        self._waiting: defaultdict[str, deque[Job]] = defaultdict(deque)
        self._busy: Counter[str] = Counter()
        for job in jobs:
            self._waiting[host(job)].append(job)
        self._ready = deque(self._waiting)
        self._left = sum(map(len, self._waiting.values()))
        self._changed = asyncio.Event()

    def __bool__(self) -> bool:
        """Whether jobs are left to hand out."""
        return self._left > 0

    async def take(self) -> Job:
        """The next job of a host that may have one more; waits for :meth:`done` where none may."""
        while not self._ready:
            self._changed.clear()
            await self._changed.wait()
        host = self._ready.popleft()
        job = self._waiting[host].popleft()
        self._left -= 1
        self._busy[host] += 1
        if self._waiting[host] and self._busy[host] < self._per_host:
            self._ready.append(host)
        return job

    def done(self, job: Job) -> None:
        """A job that was taken has ended."""
        host = self._host(job)
        self._busy[host] -= 1
        if self._waiting[host] and host not in self._ready:
            self._ready.append(host)
            self._changed.set()


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
