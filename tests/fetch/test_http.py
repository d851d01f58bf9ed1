import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.fetch.http import FetchOptions, HttpFetcher
from bot.model import Feed, FeedState, Fetched, FetchFailed
from bot.ports import Fetcher
from tests.http_server import Answer, ScriptedServer, http_server

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
OPTIONS = FetchOptions(
    user_agent="chipwatch/1",
    allow_networks=("127.0.0.0/8", "localhost"),
    total_timeout=timedelta(seconds=20),
    concurrency=8,
    per_host=2,
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with http_server() as running:
        yield running


def jobs(urls: list[str]) -> list[tuple[Feed, FeedState]]:
    return [
        (Feed(id=str(number), url=url), FeedState(feed_id=str(number), url=url, next_poll_at=NOW))
        for number, url in enumerate(urls)
    ]


def test_every_job_is_answered_once(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    urls = [server.origin + ("/ok" if number % 3 else "/missing") for number in range(60)]
    fetcher: Fetcher = HttpFetcher(OPTIONS)
    results = list(fetcher.fetch_all(jobs(urls)))
    assert sorted(int(feed.id) for feed, _, _ in results) == list(range(60))
    assert sum(isinstance(outcome, Fetched) for _, _, outcome in results) == 40


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(HttpFetcher(OPTIONS).fetch_all([])) == []


def test_one_address_can_be_fetched(server: ScriptedServer) -> None:
    outcome = HttpFetcher(OPTIONS).fetch_one(server.play("/ok", Answer(body=b"x")))
    assert isinstance(outcome, Fetched)
    assert outcome.body == b"x"


def test_slow_feeds_hold_up_no_other(server: ScriptedServer) -> None:
    """Twenty feeds of a hanging host come first; the others are all there long before they give up."""
    hanging = server.play("/hang", Answer(delay=60)).replace("127.0.0.1", "localhost")
    server.play("/ok", Answer(body=b"x"))
    waiting = jobs([hanging] * 20 + [server.origin + "/ok"] * 40)
    results = HttpFetcher(OPTIONS).fetch_all(waiting)
    start = time.monotonic()
    quick = [next(results) for _ in range(40)]
    assert time.monotonic() - start < 8
    assert all(isinstance(outcome, Fetched) for _, _, outcome in quick)
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 10


def test_a_host_gets_two_requests_at_a_time_redirects_included(server: ScriptedServer) -> None:
    local = f"http://localhost:{server.port}"
    server.play("/slow", Answer(body=b"x", delay=0.03))
    server.play("/over", Answer(status=302, headers={"Location": f"{local}/slow"}))
    urls = [f"{server.origin}/over"] * 10 + [f"{local}/slow"] * 10
    results = list(HttpFetcher(OPTIONS).fetch_all(jobs(urls)))
    assert all(isinstance(outcome, Fetched) for _, _, outcome in results)
    assert server.most_under_way[f"localhost:{server.port}"] <= 2


def test_jobs_are_drawn_as_places_become_free(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    drawn: list[int] = []
    threads: set[int] = set()

    def lazy() -> Iterator[tuple[Feed, FeedState]]:
        for number, job in enumerate(jobs([server.origin + "/ok"] * 60)):
            drawn.append(number)
            threads.add(threading.get_ident())
            yield job

    options = replace(OPTIONS, per_host=8)
    most_ahead = 0
    for done, _ in enumerate(HttpFetcher(options).fetch_all(lazy()), start=1):
        most_ahead = max(most_ahead, len(drawn) - done)
    assert len(drawn) == 60
    assert most_ahead <= 4 * options.concurrency
    assert threads == {threading.get_ident()}


def test_closing_the_iterator_ends_all_requests(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    urls = [server.origin + "/ok", *[server.play("/hang", Answer(delay=60))] * 5]
    results = HttpFetcher(OPTIONS).fetch_all(jobs(urls))
    next(results)
    start = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_a_consumer_may_be_slow(server: ScriptedServer) -> None:
    """No timeout of a request counts the time that the consumer takes for another's result."""
    server.play("/ok", Answer(body=b"x"))
    options = replace(OPTIONS, total_timeout=timedelta(seconds=2), concurrency=2)
    outcomes = []
    for _, _, outcome in HttpFetcher(options).fetch_all(jobs([server.origin + "/ok"] * 6)):
        time.sleep(0.1)
        outcomes.append(outcome)
    assert not [outcome for outcome in outcomes if isinstance(outcome, FetchFailed)]


def test_it_can_be_used_while_another_event_loop_runs(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))

    async def inside() -> int:
        return len(list(HttpFetcher(OPTIONS).fetch_all(jobs([server.origin + "/ok"] * 3))))

    assert asyncio.run(inside()) == 3


def test_a_fault_of_ours_is_raised_in_the_callers_thread(server: ScriptedServer) -> None:
    def broken_clock() -> datetime:
        raise ZeroDivisionError

    url = server.play("/ok", Answer(body=b"x"))
    fetcher = HttpFetcher(OPTIONS, broken_clock)
    with pytest.raises(ExceptionGroup) as caught:
        list(fetcher.fetch_all(jobs([url])))
    assert caught.group_contains(ZeroDivisionError)
