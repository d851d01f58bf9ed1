"""One bot with many databases: the real composition, polled feed by feed in a world of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from bot.app import Application, opened
from bot.configuration import read_configuration
from bot.model import Feed, FeedState, Item
from bot.pipeline.deps import Deps
from bot.pipeline.poll import PollReport, poll
from bot.storage.engine import open_store
from tests.fakes import FixedClock

NOW = datetime(2026, 12, 1, tzinfo=UTC)
"""After every honest capture, so that no date of theirs counts as far ahead."""
LOOPBACK = '[http]\nallow_networks = ["127.0.0.0/8"]\nhost_gap = "0s"\n'


@dataclass(frozen=True)
class Visitor:
    """A bot that knows some feeds and nothing else yet."""

    deps: Deps
    clock: FixedClock

    def poll(self, *feeds: Feed) -> Sequence[PollReport]:
        """Poll these feeds, due or not; all that it knows where none is named."""
        return list(poll(self.deps, [feed.id for feed in feeds or self.deps.feeds.values()]))

    def poll_due(self) -> Sequence[PollReport]:
        return list(poll(self.deps))

    def wait(self, time: timedelta) -> None:
        self.clock.pass_by(time)

    def state(self, feed: Feed) -> FeedState:
        with self.deps.store.read() as tx:
            return tx.feeds.states()[feed.id]

    def notices(self, feed: Feed) -> Sequence[str]:
        """Kinds of what people were to know of a feed, oldest first."""
        with self.deps.store.read() as tx:
            every = tx.feeds.notices(self.clock.now() - timedelta(days=1000))
        return [notice.kind for notice in every if notice.feed_id == feed.id]

    def stored(self, report: PollReport) -> Sequence[Item]:
        """What a poll found new, in the document's order, as the database gives it back."""
        with self.deps.store.read() as tx:
            found = [tx.items.get(item.id) for item in report.plan.new]
        assert None not in found
        return [item for item in found if item is not None]

    def items(self) -> Sequence[Item]:
        with self.deps.store.read() as tx:
            return [item for item, _ in tx.items.search(topic=None, since=None, words=(), limit=10**6)]


@dataclass(frozen=True)
class Laboratory:
    """Ties fresh databases to one bot's fetcher and its reading processes, which take a second to start."""

    application: Application
    clock: FixedClock
    folder: Path
    _template: Path
    _numbers: count[int]

    @contextmanager
    def visitor(self, *feeds: Feed) -> Iterator[Visitor]:
        """A bot with an empty database that is subscribed to these feeds."""
        file = self.folder / f"{next(self._numbers)}.db"
        file.write_bytes(self._template.read_bytes())
        store = open_store(f"sqlite:///{file}")
        try:
            with store.begin() as tx:
                tx.feeds.sync(feeds, self.clock.now())
            known = {feed.id: feed for feed in feeds}
            yield Visitor(replace(self.application.deps, store=store, feeds=known), self.clock)
        finally:
            store.close()
            file.unlink()


@contextmanager
def laboratory(folder: Path, settings: str = LOOPBACK) -> Iterator[Laboratory]:
    """The bot as ``settings`` (chipwatch.toml) configure it, with a clock that stands still until moved."""
    config, clock = folder / "config", FixedClock(NOW)
    config.mkdir(parents=True, exist_ok=True)
    (config / "chipwatch.toml").write_text(settings)
    with opened(read_configuration(config, folder / "data"), clock) as application:
        template = folder / "template.db"
        copied = sqlite3.connect(template)
        original = sqlite3.connect(folder / "data/chipwatch.db")
        original.backup(copied)
        original.close()
        copied.close()
        yield Laboratory(application, clock, folder, template, count())


def feed_at(url: str) -> Feed:
    return Feed(id=url.rpartition("//")[2], url=url)
