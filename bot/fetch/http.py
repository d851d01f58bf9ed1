"""Many feeds visited at once, inside an event loop of its own: nobody else can tell.

The transport is used without httpx's client: no cookies, no credentials of other origins, no redirect that
isn't checked, no body in memory beyond its bound. Connections are kept for a round, by scheme, name and port.
"""

from __future__ import annotations

import asyncio
import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import TypeAlias

import structlog

from bot.fetch.curl import CurlTransport
from bot.fetch.guard import Gate, GuardedTransport
from bot.fetch.lookups import Lookups
from bot.fetch.politeness import Pace, Places, Slots, Throttles, Turns, turn_key
from bot.fetch.request import FetchOptions, Requester, utc_now
from bot.fetch.room import Room, Rooms
from bot.model import Feed, FeedState, Fetched, FetchFailed, FetchOutcome, Held, Reading, Visit
from bot.ports import Draw, Read

__all__ = ["FetchOptions", "HttpFetcher"]

Job: TypeAlias = tuple[Feed, FeedState]

MOST_AT_ONCE = 100
"""Visits handed over in one batch; as many may wait for a slow consumer."""
ASK_AGAIN = 1.0
"""Seconds until a caller that had nothing due is asked again."""

# A lookup that hangs keeps its thread for half a minute, whatever we do. They are started as needed: there
# must be more than hanging names, or all others wait behind these.
_LOOKUPS = 400
_GATHER = 0.02  # seconds for which visits are gathered, so that the consumer isn't woken for each
_PAUSE = 0.01  # seconds between two looks whether a slow consumer has room again


class HttpFetcher:
    """Implements :class:`~bot.ports.Fetcher` over HTTP. Remembers what hosts asked for, round after round."""

    def __init__(self, options: FetchOptions, now: Callable[[], datetime] = utc_now) -> None:
        self._options = options
        self._now = now
        self._pace = Pace(options.host_gap.total_seconds())
        self._throttles = Throttles()

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        """Visit many feeds at once; closing the iterator ends all requests.

        ``draw`` is called in this thread, ``read`` in the loop's. An empty batch comes when nothing was due
        for a second: a chance to close. A fault of ours in one visit is logged and ends that one.
        """
        first = draw(self._options.concurrency)
        if not first:
            return
        self._pace.forget()
        self._throttles.forget()
        visiting = _Round(self._options, self._now, self._pace, self._throttles, read)
        with ThreadPoolExecutor(1, thread_name_prefix="fetch") as thread:
            ended = thread.submit(visiting.run, first)
            try:
                yield from visiting.batches(draw)
            finally:
                visiting.stop()
            ended.result()  # a bug in there is raised here

    def fetch_one(self, url: str) -> FetchOutcome:
        """Fetch one address, without validators."""
        jobs = [(Feed(id=url, url=url), FeedState(feed_id=url, url=url, next_poll_at=self._now()))]
        outcomes: list[FetchOutcome] = []

        def draw(_places: int) -> list[Job]:
            return [jobs.pop()] if jobs else []

        def keep(_feed: Feed, _state: FeedState, outcome: FetchOutcome) -> None:
            outcomes.append(outcome)

        visits = [visit for batch in self.fetch_all(draw, keep) for visit in batch]
        return outcomes[0] if outcomes else visits[0].outcome


class _Sign(Enum):
    """What the loop tells the caller."""

    ENDED_SOME = "visits have ended"
    HUNGRY = "it has free places and no job for them"
    ENDED = "there will be nothing more"


class _Round:
    """One call of ``fetch_all``: an event loop in a thread, and the queue that its batches come through."""

    def __init__(
        self,
        options: FetchOptions,
        now: Callable[[], datetime],
        pace: Pace,
        throttles: Throttles,
        read: Read,
    ) -> None:
        self._options = options
        self._now = now
        self._read = read
        self._pace = pace
        self._throttles = throttles
        self._signs: queue.SimpleQueue[_Sign] = queue.SimpleQueue()
        self._visits: deque[Visit] = deque()  # ended; appended to in the loop, taken from by the caller
        self._turns: Turns[Job] = Turns(_host, options.per_host, pace)
        self._under_way: set[asyncio.Task[Visit]] = set()
        self._told = False
        self._asked = False
        self._dry = False  # the last draw gave nothing, and it was just now
        self._loop = asyncio.SelectorEventLoop()  # libcurl needs file descriptors watched
        self._lookups = Lookups(_LOOKUPS)
        self._task: asyncio.Task[None] | None = None

    # ── in the caller's thread ──

    def batches(self, draw: Draw) -> Iterator[list[Visit]]:
        """Visits as they end, until there will be no more; draws jobs whenever the loop asks."""
        while (sign := self._signs.get()) is not _Sign.ENDED:
            while self._visits:
                yield self._batch()
            if sign is _Sign.HUNGRY:
                jobs = draw(self._options.concurrency)
                self._call(self._fed, jobs)
                if not jobs:
                    yield []
        while self._visits:
            yield self._batch()

    def _batch(self) -> list[Visit]:
        return [self._visits.popleft() for _ in range(min(len(self._visits), MOST_AT_ONCE))]

    def stop(self) -> None:
        """End what is under way; harmless when all has ended."""
        self._call(self._cancel)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    # ── in the loop's thread ──

    def run(self, first: Sequence[Job]) -> None:
        """Everything that is asynchronous happens in here."""
        self._fed(first)
        self._task = self._loop.create_task(self._visit_all())
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            self._tidy_up()
            self._lookups.close()
            self._loop.close()
            self._signs.put(_Sign.ENDED)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _tidy_up(self) -> None:
        """Visits that were broken off come first: a slot is a generator too, and whoever is in it leaves it.

        Bodies not read to their end are generators still open; each closes in a task of its own.
        """
        self._end_tasks()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._end_tasks()

    def _end_tasks(self) -> None:
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.wait(tasks))

    async def _visit_all(self) -> None:
        options = self._options
        inner = CurlTransport(ca_file=options.ca_file, keep=options.concurrency)
        gate = Gate.opened(options.allow_networks)
        places, rooms = Places(options.concurrency), Rooms()
        within = options.connect_timeout.total_seconds()
        async with GuardedTransport(inner, gate, within, self._lookups) as transport:
            requester = Requester(transport, options, self._now, Slots(options.per_host, self._pace))

            async def visit(job: Job) -> Visit:
                async with rooms.room() as room:
                    visited = await self._visit(requester, places, room, job)
                while len(self._visits) > MOST_AT_ONCE:
                    await asyncio.sleep(_PAUSE)
                return visited

            def ended(job: Job, task: asyncio.Task[Visit]) -> None:
                self._under_way.discard(task)
                if not task.cancelled():
                    self._hand_over(_result(job, task))
                places.give_back()
                self._turns.wake()

            try:
                await places.take()
                while (job := await self._next()) is not None:
                    task = self._loop.create_task(visit(job))
                    self._under_way.add(task)
                    task.add_done_callback(partial(ended, job))
                    await places.take()
            finally:
                for task in self._under_way:
                    task.cancel()

    async def _visit(self, requester: Requester, places: Places, room: Room, job: Job) -> Visit:
        """Fetch and have read; place and room are kept until then: few bodies are in memory at once."""
        feed, state = job
        try:
            outcome = await places.waiting(requester.fetch(state, room))
        finally:
            self._turns.done(job)
        took = self._taken(room)
        if isinstance(outcome, FetchFailed) and outcome.kind == "throttled":
            self._throttled(turn_key(outcome.asked), outcome)
        reading: Reading | None = None
        if (future := self._read(feed, state, outcome)) is not None:
            match await asyncio.wrap_future(future):
                case FetchFailed() as failed:
                    outcome = failed
                case read:
                    reading = read
        if isinstance(outcome, Fetched):
            outcome = replace(outcome, body=b"")
        return Visit(feed=feed, state=state, outcome=outcome, reading=reading, took=took)

    def _taken(self, room: Room) -> timedelta | None:
        """How much of a visit's time limit is used up: it stands still while the visit waits for its turn."""
        if room.limit is None or (ends := room.limit.when()) is None:
            return None
        return self._options.total_timeout - timedelta(seconds=ends - self._loop.time())

    def _throttled(self, host: str, outcome: FetchFailed) -> None:
        if self._throttles.throttled(host, outcome.retry_after):
            for job in self._turns.drop(host):
                self._hold(job)

    def _hold(self, job: Job) -> bool:
        """Ends a visit before it begins where the host is left alone."""
        host = _host(job)
        if (wait := self._throttles.held(host)) is None:
            return False
        held = Held(wait=wait, reason=f"{host} asked for fewer requests")
        self._hand_over(Visit(feed=job[0], state=job[1], outcome=held))
        return True

    async def _next(self) -> Job | None:
        """The next job, asked for where none is ready; ``None`` when there will be no more."""
        while (job := self._turns.take()) is None:
            if not (self._dry or self._asked):
                self._ask()
            if self._dry and not (self._under_way or self._turns.waiting):
                return None
            await self._turns.changed()
        if not (self._dry or self._asked) and self._turns.ready < self._options.concurrency // 2:
            self._ask()
        return job

    def _ask(self) -> None:
        self._asked = True
        self._signs.put(_Sign.HUNGRY)

    def _fed(self, jobs: Sequence[Job]) -> None:
        self._asked = False
        self._dry = not jobs
        if self._dry:
            self._loop.call_later(ASK_AGAIN, self._hungry_again)
        self._turns.add(job for job in jobs if not self._hold(job))
        self._turns.wake()

    def _hungry_again(self) -> None:
        self._dry = False
        self._turns.wake()

    def _hand_over(self, visit: Visit) -> None:
        self._visits.append(visit)
        if not self._told:
            self._told = True
            self._loop.call_later(_GATHER, self._tell)

    def _tell(self) -> None:
        self._told = False
        self._signs.put(_Sign.ENDED_SOME)


def _result(job: Job, task: asyncio.Task[Visit]) -> Visit:
    """What a visit came to; a fault of ours costs that one."""
    if (error := task.exception()) is None:
        return task.result()
    feed, state = job
    structlog.get_logger().error("set aside", part="poll", what=f"visiting feed {feed.id}", exc_info=error)
    return Visit(
        feed=feed, state=state, outcome=FetchFailed(kind="fault", detail="a fault of ours; see the log")
    )


def _host(job: Job) -> str:
    return turn_key(job[1].url)
