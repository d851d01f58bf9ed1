"""Manners: how many requests a host gets at once, how far apart, whose turn is next, and who wants a rest.

A host is a name. On this machine's own addresses it is name and port: programs that share nothing else.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from bot.core import urls

Job = TypeVar("Job")
T = TypeVar("T")

LONGEST_REST = timedelta(hours=24)
"""No host is left alone for longer, whatever it asks."""
USUAL_REST = timedelta(minutes=5)
"""For a host that asks for fewer requests and does not say for how long."""


def turn_key(url: str) -> str:
    """What counts as one host: its name; on loopback, where each port is another program, also the port."""
    name = urls.host(url)
    if name == "localhost" or name.startswith("127.") or name == "::1":
        with suppress(ValueError):
            return f"{name}:{urlsplit(url).port}"
    return name


class Pace:
    """From when on a host may be asked again: ``gap`` seconds after a request to it was started."""

    def __init__(self, gap: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.gap = gap
        self._now = now
        self._begun: dict[str, float] = {}
        self._given: dict[str, float] = {}

    def wait(self, host: str) -> float:
        """Seconds until the host's next turn may be given."""
        latest = max(self._given.get(host, 0.0), self._begun.get(host, 0.0))
        return max(0.0, latest + self.gap - self._now()) if latest else 0.0

    def give(self, host: str) -> None:
        """A turn was given: its request will be started at once."""
        if self.gap:
            self._given[host] = self._now()

    async def begin(self, host: str) -> None:
        """Called where a request starts; waits where another one has only just started."""
        while (rest := self._begun.get(host, -self.gap) + self.gap - self._now()) > 0:
            await asyncio.sleep(rest)
        if self.gap:
            self._begun[host] = self._now()

    def forget(self) -> None:
        """Drop what no longer matters."""
        for times in (self._begun, self._given):
            for host in [host for host, at in times.items() if at + self.gap < self._now()]:
                del times[host]


class Turns(Generic[Job]):
    """Hands out jobs, host after host: at most ``per_host`` of one at a time, and not faster than its pace.

    A thousand feeds of one slow host keep ``per_host`` places busy, not all of them, and none while they
    wait for their turn. Jobs may be added while others are under way.
    """

    def __init__(self, host: Callable[[Job], str], per_host: int, pace: Pace | None = None) -> None:
        self._host = host
        self._per_host = per_host
        self._pace = pace or Pace()
        self._waiting: defaultdict[str, deque[Job]] = defaultdict(deque)
        self._busy: Counter[str] = Counter()
        self._ready: dict[str, None] = {}  # an ordered set
        self._later: list[tuple[float, str]] = []
        self._delayed: set[str] = set()
        self._changed = asyncio.Event()

    def add(self, jobs: Iterable[Job]) -> None:
        """More work."""
        for job in jobs:
            host = self._host(job)
            self._waiting[host].append(job)
            self._offer(host)

    def take(self) -> Job | None:
        """The next job of a host that may have one more; ``None`` where none may just now."""
        self._look_at_the_clock()
        if not self._ready:
            return None
        host = next(iter(self._ready))
        del self._ready[host]
        job = self._waiting[host].popleft()
        self._busy[host] += 1
        self._pace.give(host)
        if self._waiting[host]:
            self._offer(host)
        else:
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

    def drop(self, host: str) -> list[Job]:
        """Gives back all jobs of a host that wait."""
        self._ready.pop(host, None)
        return list(self._waiting.pop(host, ()))

    @property
    def ready(self) -> int:
        """Hosts with a job that could be taken now."""
        return len(self._ready)

    @property
    def waiting(self) -> bool:
        """Whether jobs are left that weren't handed out."""
        return bool(self._waiting)

    def wake(self) -> None:
        """Ends :meth:`changed` although no job became ready."""
        self._changed.set()

    async def changed(self) -> None:
        """Waits until a job may be ready."""
        pause = max(0.0, self._later[0][0] - time.monotonic()) if self._later else None
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._changed.wait()
        self._changed.clear()

    def _offer(self, host: str) -> None:
        if host in self._ready or host in self._delayed or self._busy[host] >= self._per_host:
            return
        if pause := self._pace.wait(host):
            self._delayed.add(host)
            heapq.heappush(self._later, (time.monotonic() + pause, host))
        else:
            self._ready[host] = None
            self._changed.set()

    def _look_at_the_clock(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            _, host = heapq.heappop(self._later)
            self._delayed.discard(host)
            if host in self._waiting:
                self._offer(host)


class Slots:
    """Requests under way a host, redirects from other hosts included."""

    def __init__(self, per_host: int, pace: Pace | None = None) -> None:
        self._per_host = per_host
        self._pace = pace or Pace()
        self._open: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(
        self, host: str, waiting: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> AsyncIterator[None]:
        """Waits until the host has fewer than ``per_host`` requests under way; ``waiting`` lasts as long."""
        semaphore = self._open.setdefault(host, asyncio.Semaphore(self._per_host))
        self._users[host] += 1
        try:
            async with AsyncExitStack() as held:
                with waiting():
                    await held.enter_async_context(semaphore)
                    await self._pace.begin(host)
                yield
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._open[host], self._users[host]


class Places:
    """Requests under way at once. One that lasts steps aside, so that hanging servers don't fill all places.

    The few quickest servers of a thousand decide how long a round takes, and not the slowest: ``most``
    requests may be under way that have lasted for less than ``patience`` seconds, and ``aside`` times as
    many that have lasted longer.
    """

    def __init__(self, most: int, *, aside: int = 8, patience: float = 0.25) -> None:
        self._free = asyncio.Semaphore(most)
        self._beside = most * aside
        self._patience = patience

    async def take(self) -> None:
        """Waits for a place."""
        await self._free.acquire()

    def give_back(self) -> None:
        self._free.release()

    async def waiting(self, answer: Awaitable[T]) -> T:
        """Awaits a server's answer in a place that was taken; takes it again where it was left meanwhile."""
        left = False

        def leave() -> None:
            nonlocal left
            if self._beside:
                left = True
                self._beside -= 1
                self.give_back()

        timer = asyncio.get_running_loop().call_later(self._patience, leave)
        try:
            return await answer
        finally:
            timer.cancel()
            if left:
                await self.take()
                self._beside += 1


class Throttles:
    """Hosts that asked for fewer requests.

    The first time concerns the feed that was answered so: a host may serve thousands, and limit each. When
    it comes again before the wait is over, it is the host that has enough, and it is left alone until then.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._warned: dict[str, float] = {}
        self._held: dict[str, float] = {}

    def throttled(self, host: str, wait: timedelta | None) -> bool:
        """A feed of the host was answered 429 or 503. True where the host is held from now on."""
        until = self._now() + min(wait or USUAL_REST, LONGEST_REST).total_seconds()
        again = self._warned.get(host, 0.0) > self._now()
        self._warned[host] = max(until, self._warned.get(host, 0.0))
        if again:
            self._held[host] = self._warned[host]
        return again

    def held(self, host: str) -> timedelta | None:
        """How long the host is still left alone."""
        rest = self._held.get(host, 0.0) - self._now()
        return timedelta(seconds=rest) if rest > 0 else None

    def forget(self) -> None:
        """Drop what no longer matters."""
        for times in (self._warned, self._held):
            for host in [host for host, until in times.items() if until < self._now()]:
                del times[host]
