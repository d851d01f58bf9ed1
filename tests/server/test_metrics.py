"""``/metrics`` as a monitor reads it, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bot.errors import StoreError
from bot.model import Part
from bot.model.census import Census, FeedHealth, Waiting
from bot.server import metrics
from bot.server.health import HealthServer
from bot.server.meters import Meters

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CENSUS = Census(
    at=NOW,
    feeds={FeedHealth.OK: 7, FeedHealth.FAILING: 2},
    due_since=NOW - 3 * MINUTE,
    unjudged=4,
    unjudged_since=NOW - MINUTE,
    waiting={"mail": Waiting(messages=5, oldest=NOW - 2 * MINUTE)},
    alarms={Part.FEED: 1},
    size=4096,
)


@contextmanager
def served(
    count: Callable[[], Census], kept: float = 0, patience: float = 3, meters: Meters | None = None
) -> Iterator[Callable[[], dict[str, float]]]:
    """Call what comes back for one scrape: sample with its labels → value."""
    route = metrics.route(meters or Meters(), count, kept=kept, patience=patience)
    server = HealthServer("127.0.0.1", 0, dict, [route])
    port = server.start()

    def scrape() -> dict[str, float]:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        return {
            " ".join([sample.name.removeprefix("chipwatch_"), *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    try:
        yield scrape
    finally:
        server.stop()


def test_what_is_in_the_database_is_told_beside_what_was_counted() -> None:
    meters = Meters()
    meters.expect(topics=(), channels=["mail", "chat"], steps=())
    meters.polled("new")
    with served(lambda: CENSUS, meters=meters) as scrape:
        told = scrape()
    expected = {
        "polls_total new": 1,
        "database_up": 1,
        "database_size_bytes": 4096,
        "feeds ok": 7,
        "feeds failing": 2,
        "feeds silent": 0,
        "feeds rolled-over": 0,
        "feeds disabled": 0,
        "poll_lateness_seconds": 180,
        "items_unjudged": 4,
        "items_unjudged_age_seconds": 60,
        "deliveries_waiting mail": 5,
        "deliveries_waiting chat": 0,
        "deliveries_waiting_age_seconds mail": 120,
        "deliveries_waiting_age_seconds chat": 0,
        "alarms_open feed": 1,
        "alarms_open disk": 0,
    }
    assert {name: told.get(name) for name in expected} == expected


def test_a_database_that_fails_is_told_and_the_rest_as_well() -> None:
    working = True

    def count() -> Census:
        if working:
            return CENSUS
        raise StoreError("the disk is gone")

    with served(count) as scrape:
        assert scrape()["database_up"] == 1
        working = False
        told = scrape()
        assert (told["database_up"], told["polls_total new"]) == (0, 0)
        assert "feeds ok" not in told
        working = True
        assert scrape()["feeds ok"] == 7


def test_a_database_that_hangs_is_asked_by_one_thread_and_waited_for_by_none() -> None:
    asked, release = [], threading.Event()

    def count() -> Census:
        asked.append(1)
        release.wait(10)
        return CENSUS

    with served(count, kept=60, patience=0.05) as scrape:
        assert [scrape()["database_up"] for _ in range(3)] == [0, 0, 0]
        assert len(asked) == 1
        release.set()
        assert any(scrape()["database_up"] for _ in range(50))
        assert len(asked) == 1


def test_the_database_is_not_asked_anew_for_some_seconds() -> None:
    asked = []

    def count() -> Census:
        asked.append(1)
        return CENSUS

    with served(count, kept=60) as scrape:
        for _ in range(3):
            assert scrape()["feeds ok"] == 7
    assert len(asked) == 1
