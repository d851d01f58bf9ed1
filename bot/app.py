"""The composition root: ties the ports together. With ``configuration``, which makes the channels, the
only file that names concrete adapters.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from bot.configuration import Configuration, SystemClock, user_agent
from bot.errors import StoreVersion
from bot.model import Room, Visit
from bot.ports import Clock, Draw, Fetcher, Read, Reader
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.core.intake import PollPolicy
    from bot.fetch.http import HttpFetcher
    from bot.pipeline.deps import Advising, Deps
    from bot.reading.pool import ReaderPool
    from bot.storage.store import SqlStore

_SEND_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Application:
    """The bot, ready to run a step."""

    configuration: Configuration
    store: SqlStore
    deps: Deps
    new: bool = False
    """Whether the database was made just now: whatever is found counts as unseen."""

    def subscribe(self) -> None:
        """Bring the states of feeds in line with the configuration; needed before polling.

        What is in force from now on is written down, so that another configuration can be held against it.
        """
        from bot.core.inforce import CONFIGURED

        now = self.deps.clock.now()
        now_in_force = self.configuration.in_force(now)
        with self.store.begin() as tx:
            tx.feeds.sync(self.configuration.catalogue.feeds, now)
            tx.in_force.replace(CONFIGURED, now_in_force)

    def take_over(self) -> None:
        """End the leases of a process that is gone. Only for the one that holds the data folder's lock.

        A command that sends messages beside it is not gone, and keeps its own.
        """
        from bot.core.inforce import PROCESS, process
        from bot.runtime.lifecycle import delivers

        now = self.deps.clock.now()
        with self.store.begin() as tx:
            tx.in_force.replace([PROCESS], [process(os.getpid(), now)])
            tx.feeds.release(now)
            if not delivers(self.configuration.data):
                tx.queue.release()


# ── the bot, tied together ───────────────────────────────────────────────────────────────────────


@contextmanager
def opened(configuration: Configuration, clock: Clock | None = None) -> Iterator[Application]:
    """Open the database (made and migrated where needed) and tie the ports together.

    Raises StoreError where the database can't be used.
    """
    from bot.storage.engine import check_version, open_store, upgrade

    busy = configuration.settings.storage.busy_timeout
    new = False
    try:
        check_version(configuration.database, busy_timeout=busy)
    except StoreVersion:
        # New or older: migrated. One of a newer version is refused here too, and stays untouched.
        before, _ = upgrade(configuration.database, busy_timeout=busy)
        new = before is None
    store = open_store(configuration.database, busy_timeout=busy)
    reader = make_reader()
    try:
        clock = clock or SystemClock()
        made = _tie(configuration, store, reader, clock, _late_fetcher(configuration.settings, clock))
        yield replace(made, new=new)
    finally:
        reader.close()
        store.close()


def renewed(application: Application, configuration: Configuration) -> Application:
    """With another configuration, on the same database. What is known of hosts stays where it still holds.

    Everything is made here and now that would else be made when it is needed, so that nothing which can't
    be made is put in force. Raises ConfigErrors.
    """
    settings, before = configuration.settings, application.configuration.settings
    deps = application.deps
    fetcher = deps.fetcher if settings.http == before.http else _late_fetcher(settings, deps.clock)
    made = _tie(configuration, application.store, deps.reader, deps.clock, fetcher)
    made.deps.judging()
    return made


def _late_fetcher(settings: Settings, clock: Clock) -> Fetcher:
    return _LateFetcher(lambda: make_fetcher(settings, clock))


def make_fetcher(settings: Settings, clock: Clock | None = None) -> HttpFetcher:
    """The fetcher as ``[http]`` configures it."""
    from bot.fetch.http import FetchOptions, HttpFetcher

    http = settings.http
    options = FetchOptions(
        user_agent=user_agent(settings),
        connect_timeout=http.connect_timeout,
        read_timeout=http.read_timeout,
        total_timeout=http.total_timeout,
        max_body=int(http.max_body_mb * 1024 * 1024),
        concurrency=http.concurrency,
        per_host=http.per_host,
        host_gap=http.host_gap,
        allow_networks=http.allow_networks,
    )
    return HttpFetcher(options, (clock or SystemClock()).now)


class _LateFetcher:
    """``ports.Fetcher``, made when something is fetched: its libraries take 0.15 s to import."""

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        self._make = make

    @cached_property
    def _fetcher(self) -> Fetcher:
        return self._make()

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        return self._fetcher.fetch_all(draw, read)


def rooms(configuration: Configuration) -> Sequence[Room]:
    """The disks of the data folder and of SQLite's file, each once; without those that say nothing."""
    from bot.storage.engine import file_of

    file = file_of(configuration.database)
    found: dict[int, Room] = {}
    for folder in (configuration.data, *([file.parent] if file else [])):
        with suppress(OSError):
            room = Room(folder=str(folder), free=shutil.disk_usage(folder).free)
            found.setdefault(folder.stat().st_dev, room)
    return list(found.values())


def make_reader() -> ReaderPool:
    """The reader of documents; whoever makes it closes it."""
    from bot.reading.pool import ReaderPool

    return ReaderPool()


def poll_policy(settings: Settings) -> PollPolicy:
    """The bounds of polling as ``[schedule]`` sets them."""
    from bot.core.intake import PollPolicy

    schedule = settings.schedule
    return PollPolicy(
        min_interval=schedule.min_interval,
        max_interval=schedule.max_interval,
        baseline_age=schedule.baseline_age,
    )


def make_advising(settings: Settings) -> Advising | None:
    """The advisor as ``[judging.advisor]`` configures it; ``None`` where it has no address."""
    from bot.advice.chat import ChatAdvisor, ChatOptions
    from bot.core.advice import AdvicePolicy
    from bot.pipeline.deps import Advising

    advisor = settings.judging.advisor
    if not advisor.url:
        return None
    options = ChatOptions(
        url=advisor.url,
        model=advisor.model,
        api_key=advisor.api_key,
        timeout=advisor.timeout,
        request=advisor.request,
    )
    return Advising(
        advisor=ChatAdvisor(options, user_agent(settings)),
        policy=AdvicePolicy(
            margin=advisor.margin, max_share=advisor.max_share, budget=advisor.budget_per_hour
        ),
    )


def _tie(
    configuration: Configuration, store: SqlStore, reader: Reader, clock: Clock, fetcher: Fetcher
) -> Application:
    from bot.core.stories import StoryPolicy
    from bot.pipeline.deps import Deps, Pace, Retention

    settings, catalogue = configuration.settings, configuration.catalogue
    deps = Deps(
        clock=clock,
        fetcher=fetcher,
        reader=reader,
        store=store,
        channels=configuration.channels,
        feeds={feed.id: feed for feed in catalogue.feeds},
        topics={topic.id: topic for topic in catalogue.topics},
        entities=catalogue.entities,
        exemplars={exemplar.id: exemplar for exemplar in catalogue.exemplars},
        judging=lambda: configuration.judge,
        advising=make_advising(settings),
        digests=configuration.digests,
        alerts=configuration.alerts,
        poll_policy=poll_policy(settings),
        max_entries=settings.http.max_entries,
        timezone=settings.schedule.timezone,
        alarms=settings.alarms.channels,
        rooms=partial(rooms, configuration),
        least_free=int(settings.alarms.disk_free_mb * 10**6),
        fingerprint=configuration.fingerprint,
        story_policy=StoryPolicy(window=settings.schedule.story_window),
        retention=Retention(items=settings.retention.items, deliveries=settings.retention.deliveries),
        # Twice what one claim may take: nobody else gets the work while it can still be under way.
        pace=Pace(
            poll_lease=2 * settings.http.total_timeout,
            delivery_lease=2 * max(settings.smtp.timeout, _SEND_WITHIN),
            # A mail server is waited for some ten times a message.
            attempt=max(10 * settings.smtp.timeout, 5 * _SEND_WITHIN),
        ),
    )
    return Application(configuration=configuration, store=store, deps=deps)
