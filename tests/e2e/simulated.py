"""A simulated world of feeds: publishers with habits of their own, and a fetcher that serves from it.

No network and no waiting; what is behind the fetcher is real. Everything follows from a seed.
"""

from __future__ import annotations

import functools
import hashlib
import random
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from bot.core.reading import read as read_document
from bot.errors import FeedError
from bot.model import (
    Feed,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    NotModified,
    Reading,
    ReadTask,
    Visit,
)
from bot.ports import Draw, Read
from tests.fakes import FixedClock

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
WINDOW = 6
"""Entries that a document shows: the latest ones."""
THROTTLED_FOR = timedelta(hours=2)
SICK_FROM, SICK_UNTIL = 2 * DAY, 4 * DAY
MOVED_FROM, GONE_FROM = 2 * DAY, 3 * DAY
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def gaps_of_days(chance: random.Random) -> Iterator[timedelta]:
    while True:
        yield DAY * chance.uniform(0.6, 1.4)


def gaps_of_half_hours(chance: random.Random) -> Iterator[timedelta]:
    while True:
        yield timedelta(minutes=chance.uniform(15, 60))


def bursts(chance: random.Random) -> Iterator[timedelta]:
    """Silence for a day or two, then five within half an hour."""
    while True:
        yield DAY * chance.uniform(1, 2.5)
        for _ in range(4):
            yield timedelta(minutes=chance.uniform(3, 10))


def gaps_of_weeks(chance: random.Random) -> Iterator[timedelta]:
    while True:
        yield WEEK * chance.uniform(0.6, 1.8)


def no_more(chance: random.Random) -> Iterator[timedelta]:
    """A few in the months before, the last one long ago."""
    for _ in range(5):
        yield 3 * WEEK * chance.uniform(0.8, 1.2)
    yield 1000 * WEEK


@dataclass(frozen=True)
class Habit:
    """One kind of publisher."""

    feeds: int
    gaps: Callable[[random.Random], Iterator[timedelta]] = gaps_of_days
    history: timedelta = 5 * DAY
    """How long before the beginning its first story came out."""
    validators: bool = True
    regenerates_guids: bool = False
    redates: bool = False
    """Every document gives all its entries the date of the moment."""
    edits: bool = False
    """A headline gets an addition some hours after it was published."""
    flickers: bool = False
    """Its newest entry but one is left out of every second document."""
    moves: bool = False
    goes: bool = False
    falls_sick: bool = False
    throttles: bool = False
    host: str = ""
    """One that they all share."""


HABITS: Mapping[str, Habit] = {
    "daily": Habit(150),
    "plain": Habit(50, validators=False),
    "shared host": Habit(100, host="many.example"),
    "weekly": Habit(560, gaps=gaps_of_weeks, history=6 * WEEK),
    "busy": Habit(10, gaps=gaps_of_half_hours, history=3 * HOUR),
    "bursty": Habit(40, gaps=bursts),
    "dead": Habit(870, gaps=no_more, history=16 * WEEK),
    "moved": Habit(30, moves=True),
    "gone": Habit(20, goes=True),
    "redating": Habit(30, redates=True, validators=False),
    "new guids": Habit(30, regenerates_guids=True, validators=False),
    "editing": Habit(30, edits=True),
    "flickering": Habit(20, flickers=True, validators=False),
    "sick": Habit(40, falls_sick=True),
    "throttling": Habit(20, throttles=True),
}


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, as the world saw it."""

    at: datetime
    host: str
    url: str
    answer: str
    """``body``, ``same``, ``failed``, ``throttled`` or ``gone``."""


@dataclass
class Site:
    """One publisher and its feed."""

    feed: Feed
    kind: str
    habit: Habit
    began: datetime
    stories: Sequence[tuple[datetime, int]]
    """When each of its stories comes out, oldest first, and the story's number."""
    times: Sequence[datetime] = ()
    asks: list[Ask] = field(default_factory=list)
    served: set[int] = field(default_factory=set)
    """Numbers of the stories in documents that were handed out."""

    @property
    def host(self) -> str:
        return self.feed.url.split("/")[2]

    @property
    def new_address(self) -> str:
        return f"{self.feed.url}-moved"

    def answer(self, state: FeedState, now: datetime) -> FetchOutcome:
        habit, age = self.habit, now - self.began
        trouble = self._trouble(age)
        if trouble is not None:
            return trouble
        moved = habit.moves and age >= MOVED_FROM
        moved_to = self.new_address if moved and state.url == self.feed.url else None
        shown = self._shown(now)
        tag = self._tag(shown, now) if habit.validators else None
        if tag is not None and state.etag == tag:
            return NotModified(moved_to=moved_to)
        body = self._document(shown, now)
        self.served |= {number for _, number in shown}
        return Fetched(
            body=body,
            body_hash=hashlib.blake2b(body, digest_size=16).hexdigest(),
            content_type="application/rss+xml",
            final_url=moved_to or state.url,
            etag=tag,
            moved_to=moved_to,
        )

    def _trouble(self, age: timedelta) -> FetchFailed | None:
        habit = self.habit
        if habit.goes and age >= GONE_FROM:
            return FetchFailed(kind="gone", detail="410 Gone", status=410)
        if habit.falls_sick and SICK_FROM <= age < SICK_UNTIL:
            return FetchFailed(kind="timeout", detail="no answer within the time")
        if habit.throttles and len(self.asks) % 5 == 4:
            return FetchFailed(
                kind="throttled", detail="429 Too Many Requests", status=429, retry_after=THROTTLED_FOR
            )
        return None

    def _shown(self, now: datetime) -> Sequence[tuple[datetime, int]]:
        until = bisect_right(self.times, now)
        shown = list(self.stories[max(0, until - WINDOW) : until])
        if self.habit.flickers and len(self.asks) % 2 and len(shown) > 2:
            del shown[-2]
        return shown

    def _tag(self, shown: Sequence[tuple[datetime, int]], now: datetime) -> str:
        """Says what the document says, for a publisher that tells no date but an entry's own."""
        assert not (self.habit.redates or self.habit.regenerates_guids)
        return "-".join(f"{number}{'u' if self._is_edited(at, now) else ''}" for at, number in shown)

    def _is_edited(self, at: datetime, now: datetime) -> bool:
        return self.habit.edits and now - at > 6 * HOUR

    def _document(self, shown: Sequence[tuple[datetime, int]], now: datetime) -> bytes:
        entries = "".join(self._entry(at, number, now) for at, number in reversed(shown))
        head = f"<title>{self.kind} {self.feed.id}</title><link>https://{self.host}/</link>"
        return f"<rss version='2.0'><channel>{head}{entries}</channel></rss>".encode()

    def _entry(self, at: datetime, number: int, now: datetime) -> str:
        guid = f"{number}-{now.timestamp():.0f}" if self.habit.regenerates_guids else str(number)
        edited = " (updated)" if self._is_edited(at, now) else ""
        date = now if self.habit.redates else at
        return (
            f"<item><guid isPermaLink='false'>g{guid}</guid><link>https://{self.host}/story/{number}</link>"
            f"<title>Story {number} {_words(number)}{edited}</title>"
            f"<description>{_words(number + 1_000_003, 14)}</description>"
            f"<pubDate>{format_datetime(date)}</pubDate></item>"
        )


@functools.cache
def _words(number: int, count: int = 5) -> str:
    """Words that no other number is likely to give."""
    chance = random.Random(number)
    syllables = [chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(3 * count)]
    return " ".join("".join(syllables[at : at + 3]) for at in range(0, 3 * count, 3))


def populate(seed: int, began: datetime, feeds: int = 2_000, lasts: timedelta = WEEK) -> list[Site]:
    """Publishers in the proportions of :data:`HABITS`, with stories from before ``began`` until the end."""
    chance, number = random.Random(seed), 0
    share = feeds / sum(habit.feeds for habit in HABITS.values())
    sites = []
    for kind, habit in HABITS.items():
        for each in range(max(1, round(habit.feeds * share))):
            name = f"{kind.replace(' ', '-')}-{each}"
            host = habit.host or f"{name}.example"
            stories = []
            for at in _times(habit, chance, began, lasts):
                number += 1
                stories.append((at, number))
            feed = Feed(id=name, url=f"https://{host}/{name}")
            times = [at for at, _ in stories]
            sites.append(Site(feed, kind, habit, began, stories, times))
    return sites


def _times(habit: Habit, chance: random.Random, began: datetime, lasts: timedelta) -> Iterator[datetime]:
    at = began - habit.history * chance.uniform(0.9, 1.1)
    for gap in habit.gaps(chance):
        at = (at + gap).replace(microsecond=0)
        if at > began + lasts:
            return
        yield at


@dataclass
class SimulatedFetcher:
    """``ports.Fetcher`` over a simulated world: what is drawn is answered at once, in the clock's moment."""

    sites: Mapping[str, Site]
    clock: FixedClock

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        while jobs := draw(50):
            yield [self._visit(feed, state, read) for feed, state in jobs]

    def _visit(self, feed: Feed, state: FeedState, read: Read) -> Visit:
        site, now = self.sites[feed.id], self.clock.now()
        outcome = site.answer(state, now)
        site.asks.append(Ask(at=now, host=site.host, url=state.url, answer=_kind(outcome)))
        reading: Reading | None = None
        if (future := read(feed, state, outcome)) is not None:
            match future.result():
                case FetchFailed() as failed:
                    outcome = failed
                case found:
                    reading = found
        if isinstance(outcome, Fetched):
            outcome = replace(outcome, body=b"")
        return Visit(feed=feed, state=state, outcome=outcome, reading=reading)


def _kind(outcome: FetchOutcome) -> str:
    match outcome:
        case Fetched():
            return "body"
        case NotModified():
            return "same"
        case FetchFailed(kind=kind):
            return kind if kind in ("gone", "throttled") else "failed"
        case _:
            raise AssertionError(outcome)


class ReaderHere:
    """``ports.Reader`` in this process: these documents are ours and need no bounds."""

    def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
        future: Future[Reading | FetchFailed] = Future()
        try:
            future.set_result(read_document(task))
        except FeedError as error:
            future.set_result(FetchFailed(kind="not-a-feed", detail=str(error)))
        return future


def busiest_hour(asks: Sequence[Ask]) -> int:
    """Most requests that any sixty minutes saw."""
    times = sorted(ask.at for ask in asks)
    return max((bisect_right(times, at + HOUR) - index for index, at in enumerate(times)), default=0)


def by_host(sites: Sequence[Site]) -> Mapping[str, list[Ask]]:
    found: defaultdict[str, list[Ask]] = defaultdict(list)
    for site in sites:
        found[site.host].extend(site.asks)
    return found


def twice(numbers: Sequence[int]) -> list[int]:
    """Those that occur more than once."""
    return [number for number, count in Counter(numbers).items() if count > 1]
