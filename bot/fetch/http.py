"""Many feeds fetched at once, inside an event loop of its own: nobody else can tell.

httpx's transport is used without its client: no cookies, no credentials of other origins, no redirect that
isn't checked, no body in memory beyond its bound. Connections are not kept: two names at one address would
share them, and with them a certificate that was checked for the other.
"""

from __future__ import annotations

import asyncio
import queue
import ssl
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import TypeAlias

import httpx

from bot.core.urls import host
from bot.fetch.guard import Gate, GuardedTransport
from bot.fetch.politeness import Turns
from bot.fetch.request import FetchOptions, Requester, utc_now
from bot.model import Feed, FeedState, FetchOutcome

__all__ = ["FetchOptions", "HttpFetcher"]

Job: TypeAlias = tuple[Feed, FeedState]
Result: TypeAlias = tuple[Feed, FeedState, FetchOutcome]

_RESOLVERS = 16
_PAUSE = 0.01  # seconds between two looks whether a slow consumer has room again


class HttpFetcher:
    """Implements :class:`~bot.ports.Fetcher` over HTTP."""

    def __init__(self, options: FetchOptions, now: Callable[[], datetime] = utc_now) -> None:
        self._options = options
        self._now = now
        self._tls: ssl.SSLContext | None = None

    def fetch_all(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """Fetch many feeds at once; yields each as it ends. Closing the iterator ends all requests.

        Jobs are drawn in this thread, as places become free, at most ``concurrency`` ahead.
        """
        drawn = iter(jobs)
        first = list(islice(drawn, self._options.concurrency))
        if not first:
            return
        fetching = _Round(self._options, self._now, self._context())
        with ThreadPoolExecutor(1, thread_name_prefix="fetch") as thread:
            ended = thread.submit(fetching.run, first)
            try:
                yield from fetching.results(drawn)
            finally:
                fetching.stop()
            ended.result()  # a bug in there is raised here

    def fetch_one(self, url: str) -> FetchOutcome:
        """Fetch one address, without validators."""
        state = FeedState(feed_id=url, url=url, next_poll_at=self._now())
        (result,) = self.fetch_all([(Feed(id=url, url=url), state)])
        return result[2]

    def _context(self) -> ssl.SSLContext:
        """Made once and late: loading the certificates takes 20 ms."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
            if self._options.ca_file is not None:
                self._tls.load_verify_locations(self._options.ca_file)
        return self._tls


class _Hungry(Enum):
    """What the loop sends where a result would be: it has free places and no job for them."""

    MORE = "more"


class _Round:
    """One call of ``fetch_all``: an event loop in a thread, and the queue that its results come through."""

    def __init__(self, options: FetchOptions, now: Callable[[], datetime], tls: ssl.SSLContext) -> None:
        self._options = options
        self._now = now
        self._tls = tls
        self._results: queue.SimpleQueue[Result | _Hungry | None] = queue.SimpleQueue()
        self._turns: Turns[Job] = Turns(lambda job: host(job[1].url), options.per_host)
        self._more_may_come = True
        self._asked = False
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None

    # ── in the caller's thread ──

    def results(self, jobs: Iterator[Job]) -> Iterator[Result]:
        """Results as they come, until the loop has ended; feeds it with jobs when it asks."""
        while (result := self._results.get()) is not None:
            if isinstance(result, _Hungry):
                self._call(self._fed, list(islice(jobs, self._options.concurrency)))
            else:
                yield result

    def stop(self) -> None:
        """End what is under way; harmless when all has ended."""
        self._call(self._cancel)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    # ── in the loop's thread ──

    def _fed(self, jobs: list[Job]) -> None:
        self._asked = False
        self._more_may_come = bool(jobs)
        self._turns.add(jobs)
        self._turns.wake()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def run(self, first: list[Job]) -> None:
        """Everything that is asynchronous happens in here."""
        # Names are resolved in threads; one that hangs must not be waited for at the end.
        resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolve")
        self._loop.set_default_executor(resolvers)
        self._turns.add(first)
        self._task = self._loop.create_task(self._fetch_all())
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            self._tidy_up()
            resolvers.shutdown(wait=False, cancel_futures=True)
            self._loop.close()
            self._results.put(None)

    def _tidy_up(self) -> None:
        """Bodies not read to their end are generators still open; each closes in a task of its own."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.wait(tasks))

    async def _fetch_all(self) -> None:
        options = self._options
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        inner = httpx.AsyncHTTPTransport(verify=self._tls, limits=limits, trust_env=False)
        gate = Gate.opened(options.allow_networks)
        free = asyncio.Semaphore(options.concurrency)
        async with GuardedTransport(inner, gate, options.connect_timeout.total_seconds()) as transport:
            requester = Requester(transport, options, self._now)

            async def visit(job: Job) -> None:
                outcome = await requester.fetch(job[1])
                self._turns.done(job)
                await self._hand_over((*job, outcome))
                free.release()

            async with asyncio.TaskGroup() as group:
                await free.acquire()
                while (job := await self._next()) is not None:
                    group.create_task(visit(job))
                    await free.acquire()

    async def _next(self) -> Job | None:
        """The next job, asked for where none is ready; ``None`` when there will be no more."""
        while (job := self._turns.take()) is None:
            if self._more_may_come and not self._asked:
                self._asked = True
                self._results.put(_Hungry.MORE)
            if not (self._more_may_come or self._turns.waiting):
                return None
            await self._turns.changed()
        return job

    async def _hand_over(self, result: Result) -> None:
        """Keeps bodies from piling up before a slow consumer."""
        while self._results.qsize() > self._options.concurrency:
            await asyncio.sleep(_PAUSE)
        self._results.put(result)
