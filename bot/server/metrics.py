"""``/metrics``: what was counted since the process began, and what there is in the database just now.

In Prometheus' text format 0.0.4. The database is asked in one read transaction, at most every few seconds, by
a thread that nobody waits for longer than a scrape may take: without it the rest is still told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.errors import ChipwatchError
from bot.model import Part
from bot.model.census import Census, FeedHealth, Waiting
from bot.server.meters import Meters

KEPT = 5.0
"""Seconds for which numbers of the database are told again."""
PATIENCE = 3.0
"""Seconds to wait for them; Prometheus gives a scrape ten by default."""


def route(
    meters: Meters, count: Callable[[], Census], *, kept: float = KEPT, patience: float = PATIENCE
) -> Route:
    """``count`` counts anew; it raises ChipwatchError where the database can't be used."""
    latest = _Latest(count, kept, patience)

    def metrics(_request: Request) -> Response:
        # First: whoever counts may say what else is to be expected.
        standing = Standing(latest.census(), meters.channels)
        told = generate_latest(meters.registry) + generate_latest(standing)
        return Response(told, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Route("/metrics", metrics)


class _Latest:
    """The last count, renewed when it is too old: by one thread at a time, whoever asks."""

    def __init__(self, count: Callable[[], Census], kept: float, patience: float) -> None:
        self._count = count
        self._kept = kept
        self._patience = patience
        self._turn = threading.Lock()
        self._counting: threading.Thread | None = None
        self._census: Census | None = None
        self._from = float("-inf")

    def census(self) -> Census | None:
        """``None`` where the database can't be used, or does not answer in time."""
        with self._turn:
            if time.monotonic() - self._from < self._kept:
                return self._census
            if self._counting is None or not self._counting.is_alive():
                self._counting = threading.Thread(target=self._renew, name="metrics", daemon=True)
                self._counting.start()
            counting = self._counting
        # Not in turn: of many who ask while the database hangs, the last would wait for all others' patience.
        counting.join(self._patience)
        return None if counting.is_alive() else self._census

    def _renew(self) -> None:
        census: Census | None = None
        try:
            census = self._count()
        except ChipwatchError:
            return  # told as chipwatch_database_up 0; /readyz says why
        finally:
            self._census = census
        self._from = time.monotonic()


class Standing(Collector):
    """One count, as gauges. What waits for nobody is 0 seconds old."""

    def __init__(self, census: Census | None, channels: Collection[str]) -> None:
        self._census = census
        self._channels = channels

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge("database_up", "Whether the database answers", [((), float(self._census is not None))])
        if self._census is not None:
            yield from _families(self._census, self._channels)


def _families(census: Census, channels: Collection[str]) -> Iterator[GaugeMetricFamily]:
    at = census.at
    nothing = Waiting(messages=0, oldest=at)
    waiting = {name: census.waiting.get(name, nothing) for name in sorted({*channels, *census.waiting})}
    yield _gauge("database_size_bytes", "Size of the database", [((), census.size)])
    yield _gauge(
        "feeds",
        "Feeds that should be polled, by how they do",
        ((health.value, census.feeds.get(health, 0)) for health in FeedHealth),
        "state",
    )
    yield _gauge(
        "poll_lateness_seconds",
        "How long the feed is due that has been due for longest",
        [((), _age(census.due_since, at))],
    )
    yield _gauge("items_unjudged", "Items that wait for their verdicts", [((), census.unjudged)])
    yield _gauge(
        "items_unjudged_age_seconds",
        "How long the new item waits for its verdicts that waits longest",
        [((), _age(census.unjudged_since, at))],
    )
    yield _gauge(
        "deliveries_waiting",
        "Messages still to be sent",
        ((channel, each.messages) for channel, each in waiting.items()),
        "channel",
    )
    yield _gauge(
        "deliveries_waiting_age_seconds",
        "Age of the oldest message still to be sent",
        ((channel, _age(each.oldest, at)) for channel, each in waiting.items()),
        "channel",
    )
    yield _gauge(
        "alarms_open",
        "Troubles that are not over, by what they are about",
        ((part.value, census.alarms.get(part, 0)) for part in Part),
        "part",
    )


def _gauge(
    name: str, what: str, values: Iterable[tuple[str | tuple[()], float]], *labels: str
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"chipwatch_{name}", what, labels=labels)
    for label, value in values:
        family.add_metric([label] if label else [], value)
    return family


def _age(since: datetime | None, at: datetime) -> float:
    return max(0.0, (at - since).total_seconds()) if since else 0.0
