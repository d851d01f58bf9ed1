"""Every feed visited once, as a poll would, many at a time; nothing is stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from bot.core.ailments import feed_finding
from bot.core.diagnosis import FEEDS
from bot.core.findings import warning
from bot.core.urls import absolute, host
from bot.model import Feed, FeedState, Fetched, FetchFailed, FetchOutcome, Reading, ReadTask, Row, Visit
from bot.ports import Fetcher, Reader

WITHIN = 120.0
"""Seconds for all feeds together: those that still wait for their host's turn then are not asked."""


@dataclass(frozen=True, kw_only=True)
class Visiting:
    """How feeds are visited."""

    fetcher: Fetcher
    reader: Reader
    now: datetime
    max_entries: int
    within: float = WITHIN

    def rows(
        self, feeds: Sequence[Feed], states: Mapping[str, FeedState], asked: Callable[[str], None]
    ) -> list[Row]:
        """A row a feed, in the order given. ``states``: what the database remembers of some of them.

        ``asked`` is called with the host of each feed when its visit has ended.
        """
        found: dict[str, Row] = {}
        for visit in self._visits(feeds, states):
            state = states.get(visit.feed.id)
            finding = feed_finding(visit, (state and state.disabled) or "")
            found[visit.feed.id] = Row(part=FEEDS, name=_named(visit.feed), finding=finding)
            asked(host(visit.feed.url))
        return [found.get(feed.id) or self._unasked(feed) for feed in feeds]

    def _visits(self, feeds: Sequence[Feed], states: Mapping[str, FeedState]) -> Iterator[Visit]:
        waiting = [(feed, self._fresh(feed, states.get(feed.id))) for feed in reversed(feeds)]
        end = time.monotonic() + self.within

        def draw(places: int) -> Sequence[tuple[Feed, FeedState]]:
            return [waiting.pop() for _ in range(min(places, len(waiting)))]

        for batch in self.fetcher.fetch_all(draw, self._read):
            yield from batch
            if time.monotonic() > end:
                return

    def _fresh(self, feed: Feed, state: FeedState | None) -> FeedState:
        """Where it is polled, and nothing that would let its server answer “not modified”."""
        return FeedState(feed_id=feed.id, url=state.url if state else feed.url, next_poll_at=self.now)

    def _read(
        self, feed: Feed, _state: FeedState, outcome: FetchOutcome
    ) -> Future[Reading | FetchFailed] | None:
        """``ports.Read``."""
        if not isinstance(outcome, Fetched):
            return None
        return self.reader.submit(
            ReadTask(
                feed_id=feed.id,
                body=outcome.body,
                content_type=outcome.content_type,
                base_url=outcome.final_url,
                now=self.now,
                language=feed.language,
                max_entries=self.max_entries,
            )
        )

    def _unasked(self, feed: Feed) -> Row:
        found = f"not asked within {self.within:g} s: its host's turn had not come"
        finding = warning(found, "try it alone: chipwatch feeds test ADDRESS", host=host(feed.url))
        return Row(part=FEEDS, name=_named(feed), finding=finding)


def _named(feed: Feed) -> str:
    """Its address without name and password."""
    return absolute(feed.url) or feed.title or feed.id
