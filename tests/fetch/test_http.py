import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from bot.fetch.http import FetchOptions, HttpFetcher
from bot.model import (
    Feed,
    FeedDocument,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    Held,
    Reading,
    Visit,
)
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
Job = tuple[Feed, FeedState]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with http_server() as running:
        yield running


def jobs(urls: Sequence[str]) -> list[Job]:
    return [
        (Feed(id=str(number), url=url), FeedState(feed_id=str(number), url=url, next_poll_at=NOW))
        for number, url in enumerate(urls)
    ]


class Due:
    """What is due: ``ports.Draw`` over a list that may grow."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.jobs = jobs(urls)
        self.drawn = 0
        self.asked: list[float] = []

    def __call__(self, places: int) -> list[Job]:
        some, self.jobs = self.jobs[:places], self.jobs[places:]
        self.drawn += len(some)
        self.asked.append(time.monotonic())
        return some


def unread(_feed: Feed, _state: FeedState, _outcome: FetchOutcome) -> None:
    """``ports.Read`` where nothing is worth reading."""


def visited(urls: Sequence[str], options: FetchOptions = OPTIONS) -> list[Visit]:
    fetcher: Fetcher = HttpFetcher(options)
    return [visit for batch in fetcher.fetch_all(Due(urls), unread) for visit in batch]


def test_every_feed_is_visited_once(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    visits = visited([server.origin + ("/ok" if number % 3 else "/missing") for number in range(60)])
    assert sorted(int(visit.feed.id) for visit in visits) == list(range(60))
    assert sum(isinstance(visit.outcome, Fetched) for visit in visits) == 40
    assert {visit.outcome.body for visit in visits if isinstance(visit.outcome, Fetched)} == {b""}


def test_nothing_to_do_is_done_at_once() -> None:
    assert visited([]) == []


def test_one_address_can_be_fetched(server: ScriptedServer) -> None:
    outcome = HttpFetcher(OPTIONS).fetch_one(server.play("/ok", Answer(body=b"x")))
    assert isinstance(outcome, Fetched)
    assert outcome.body == b"x"


def test_slow_feeds_hold_up_no_other(server: ScriptedServer) -> None:
    """Twenty feeds of a hanging host come first; the others are all there long before they give up."""
    hanging = server.play("/hang", Answer(delay=60)).replace("127.0.0.1", "localhost")
    server.play("/ok", Answer(body=b"x"))
    start = time.monotonic()
    quick: list[Visit] = []
    with closing(
        HttpFetcher(OPTIONS).fetch_all(Due([hanging] * 20 + [server.origin + "/ok"] * 40), unread)
    ) as going:  # type: ignore[type-var]
        while len(quick) < 40:
            quick += next(going)
        assert time.monotonic() - start < 8
        assert all(isinstance(visit.outcome, Fetched) for visit in quick)
    assert time.monotonic() - start < 10


def test_hanging_hosts_do_not_fill_all_places(server: ScriptedServer) -> None:
    """More hosts hang than there are places; the others are visited all the same, and at once."""
    server.play("/ok", Answer(body=b"x"))
    with ExitStack() as stack:
        hanging = [stack.enter_context(http_server()).play("/", Answer(delay=60)) for _ in range(6)]
        due = Due([*hanging, *[server.origin + "/ok"] * 20])
        start = time.monotonic()
        going = HttpFetcher(replace(OPTIONS, concurrency=3)).fetch_all(due, unread)
        with closing(going):  # type: ignore[type-var]
            quick: list[Visit] = []
            while len(quick) < 20:
                quick += next(going)
        assert time.monotonic() - start < 3


def test_names_whose_lookup_hangs_hold_up_no_other(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More lookups hang than there are places, and each keeps its thread beyond the time that it is given."""
    server.play("/ok", Answer(body=b"x"))
    ended, ask = threading.Event(), socket.getaddrinfo

    def lookup(host: str, *rest: Any, **more: Any) -> Any:
        if host.startswith("hanging"):
            ended.wait(20)
            raise socket.gaierror
        return ask("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    hanging = [f"http://hanging{number}.example/" for number in range(60)]
    well = [f"http://well{number}.example:{server.port}/ok" for number in range(20)]
    options = replace(OPTIONS, concurrency=10, connect_timeout=timedelta(seconds=1))
    try:
        visits = [
            visit for batch in HttpFetcher(options).fetch_all(Due(hanging + well), unread) for visit in batch
        ]
    finally:
        ended.set()
    assert {visit.state.url for visit in visits if isinstance(visit.outcome, Fetched)} == set(well)


def test_a_host_with_a_thousand_feeds_holds_up_no_other(server: ScriptedServer) -> None:
    """All of them are due first, and take a turn every half a second."""
    server.play("/ok", Answer(body=b"x"))
    crowded = f"http://localhost:{server.port}/ok"
    options = replace(OPTIONS, host_gap=timedelta(seconds=0.5))
    with ExitStack() as stack:
        others = [stack.enter_context(http_server()).play("/", Answer(body=b"x")) for _ in range(9)]
        start = time.monotonic()
        going = HttpFetcher(options).fetch_all(Due([*[crowded] * 1000, *others]), unread)
        with closing(going):  # type: ignore[type-var]
            left = set(others)
            while left:
                left -= {visit.state.url for visit in next(going)}
        assert time.monotonic() - start < 4


def test_what_becomes_due_during_a_round_is_visited_in_it(server: ScriptedServer) -> None:
    """One feed hangs; another that becomes due meanwhile is visited within a second or two."""
    due = Due([server.play("/hang", Answer(delay=60))])
    late = server.play("/late", Answer(body=b"x"))
    start = time.monotonic()
    with closing(HttpFetcher(OPTIONS).fetch_all(due, unread)) as going:  # type: ignore[type-var]
        assert next(going) == [], "nothing more was due"
        due.jobs = jobs([late])
        visits: list[Visit] = []
        while not visits:
            visits += next(going)
    assert [visit.state.url for visit in visits] == [late]
    assert time.monotonic() - start < 5


def test_a_caller_with_nothing_due_is_asked_about_once_a_second(server: ScriptedServer) -> None:
    due = Due([server.play("/slow", Answer(body=b"x", delay=1.3))])
    visits = [visit for batch in HttpFetcher(OPTIONS).fetch_all(due, unread) for visit in batch]
    assert len(visits) == 1
    assert 3 <= len(due.asked) <= 4
    assert due.asked[2] - due.asked[1] > 0.9


def test_waiting_for_the_turn_of_a_host_that_many_lead_to_is_not_the_servers_slowness() -> None:
    """Half of all blogs may lead to one host: the last of them waits for longer than an answer may take."""
    with ExitStack() as running:
        common, *others = (running.enter_context(http_server()) for _ in range(8))
        target = common.play("/feed", Answer(body=b"x", delay=0.15))
        moved = [site.play("/moved", Answer(status=302, headers={"Location": target})) for site in others]
        visits = visited(moved * 2, replace(OPTIONS, concurrency=16, total_timeout=timedelta(seconds=0.6)))
    assert [visit.outcome for visit in visits if not isinstance(visit.outcome, Fetched)] == []


def test_a_host_gets_two_requests_at_a_time_redirects_included(server: ScriptedServer) -> None:
    local = f"http://localhost:{server.port}"
    server.play("/slow", Answer(body=b"x", delay=0.03))
    server.play("/over", Answer(status=302, headers={"Location": f"{local}/slow"}))
    visits = visited([f"{server.origin}/over"] * 10 + [f"{local}/slow"] * 10)
    assert all(isinstance(visit.outcome, Fetched) for visit in visits)
    assert server.most_under_way[f"localhost:{server.port}"] <= 2


def test_between_two_requests_to_a_host_there_is_a_gap_and_others_go_on(server: ScriptedServer) -> None:
    options = replace(OPTIONS, host_gap=timedelta(seconds=0.2), concurrency=2)
    server.play("/ok", Answer(body=b"x"))
    local = f"http://localhost:{server.port}/ok"
    fetcher = HttpFetcher(options)
    start = time.monotonic()
    due = Due([local] * 4 + [server.origin + "/ok"])
    ended = {
        visit.feed.id: time.monotonic() - start for batch in fetcher.fetch_all(due, unread) for visit in batch
    }
    assert ended["3"] >= 0.6
    assert ended["4"] < 0.4, "no place was kept by those who waited for their turn"
    again = [visit for batch in fetcher.fetch_all(Due([local]), unread) for visit in batch]
    assert len(again) == 1
    assert time.monotonic() - start >= 0.8, "the gap is remembered from round to round"


def test_a_host_that_leads_to_one_that_throttles_is_not_left_alone(server: ScriptedServer) -> None:
    with http_server() as elsewhere:
        limited = elsewhere.play("/limited", Answer(status=429, headers={"Retry-After": "86400"}))
        for number in range(3):
            server.play(f"/to{number}", Answer(status=302, headers={"Location": limited}))
        server.play("/ok", Answer(body=b"x"))
        leading = [server.origin + f"/to{number}" for number in range(3)]
        visits = visited([*leading, *[server.origin + "/ok"] * 9])
    assert sum(isinstance(visit.outcome, Fetched) for visit in visits) == 9
    assert len(elsewhere.requests) == 3


def test_a_host_that_throttles_a_second_feed_is_left_alone(server: ScriptedServer) -> None:
    busy = server.play("/busy", Answer(status=429, headers={"Retry-After": "600"}))
    fine = server.play("/fine", Answer(body=b"x"))
    other = server.play("/other", Answer(body=b"x")).replace("127.0.0.1", "localhost")
    fetcher = HttpFetcher(replace(OPTIONS, per_host=1))

    def outcomes(*urls: str) -> list[FetchOutcome]:
        visits = [visit for batch in fetcher.fetch_all(Due(urls), unread) for visit in batch]
        return [visit.outcome for visit in sorted(visits, key=lambda visit: int(visit.feed.id))]

    first, second = outcomes(busy, fine)
    assert isinstance(first, FetchFailed)
    assert isinstance(second, Fetched), "the first answer of this kind concerns its feed only"
    throttled, *rest, elsewhere = outcomes(busy, fine, fine, other)
    assert isinstance(throttled, FetchFailed)
    assert isinstance(elsewhere, Fetched)
    assert [type(outcome) for outcome in (*rest, *outcomes(fine))] == [Held] * 3
    for held in rest:
        assert isinstance(held, Held)
        assert timedelta(seconds=590) < held.wait <= timedelta(seconds=600)
    assert len(server.asked("/fine")) == 1


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def test_a_visit_ends_when_its_body_is_read(server: ScriptedServer) -> None:
    reading = Reading(document=FeedDocument(title="Harbor"), items=())
    answers: dict[str, Reading | FetchFailed] = {
        "/good": reading,
        "/bad": FetchFailed(kind="not-a-feed", detail="a page"),
    }

    def read(_feed: Feed, state: FeedState, outcome: FetchOutcome) -> Future[Reading | FetchFailed]:
        assert isinstance(outcome, Fetched)
        assert outcome.body == b"body"
        future: Future[Reading | FetchFailed] = Future()
        answer = answers[state.url.removeprefix(server.origin)]
        threading.Timer(0.05, future.set_result, (answer,)).start()
        return future

    urls = [server.play(path, Answer(body=b"body")) for path in answers]
    visits = {
        visit.state.url.removeprefix(server.origin): visit
        for batch in HttpFetcher(OPTIONS).fetch_all(Due(urls), read)
        for visit in batch
    }
    assert visits["/good"].reading is reading
    assert isinstance(visits["/good"].outcome, Fetched)
    assert visits["/bad"].outcome == answers["/bad"]
    assert visits["/bad"].reading is None


def test_no_more_bodies_are_in_memory_than_there_are_places(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    unread_bodies = most = 0

    def read(_feed: Feed, _state: FeedState, _outcome: FetchOutcome) -> Future[Reading | FetchFailed]:
        nonlocal unread_bodies, most
        unread_bodies += 1
        most = max(most, unread_bodies)
        future: Future[Reading | FetchFailed] = Future()

        def finish() -> None:
            nonlocal unread_bodies
            unread_bodies -= 1
            future.set_result(FetchFailed(kind="unreadable", detail=""))

        threading.Timer(0.05, finish).start()
        return future

    options = replace(OPTIONS, concurrency=3, per_host=3)
    batches = HttpFetcher(options).fetch_all(Due([server.origin + "/ok"] * 12), read)
    assert sum(map(len, batches)) == 12
    assert most == 3


# ── the caller ───────────────────────────────────────────────────────────────────────────────────


def test_jobs_are_drawn_in_the_callers_thread_as_places_become_free(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    threads: set[int] = set()
    due = Due([f"http://127.0.0.1:{server.port}/ok"] * 3)

    def draw(places: int) -> list[Job]:
        assert 0 < places <= OPTIONS.concurrency
        threads.add(threading.get_ident())
        return due(places)

    assert sum(len(batch) for batch in HttpFetcher(OPTIONS).fetch_all(draw, unread)) == 3
    assert threads == {threading.get_ident()}


def test_closing_the_iterator_ends_all_requests(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))
    urls = [server.origin + "/ok", *[server.play("/hang", Answer(delay=60))] * 5]
    going = HttpFetcher(OPTIONS).fetch_all(Due(urls), unread)
    next(going)
    start = time.monotonic()
    going.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]


def test_a_visit_broken_off_while_its_name_is_looked_up_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(20) and [])
    going = HttpFetcher(OPTIONS).fetch_all(Due([f"http://hanging{n}.example/" for n in range(8)]), unread)
    with structlog.testing.capture_logs() as lines:
        next(going)
        going.close()  # type: ignore[attr-defined]
    ended.set()
    assert lines == []


def test_a_consumer_may_be_slow(server: ScriptedServer) -> None:
    """No timeout of a request counts the time that the consumer takes for another's result."""
    server.play("/ok", Answer(body=b"x"))
    options = replace(OPTIONS, total_timeout=timedelta(seconds=2), concurrency=2)
    visits: list[Visit] = []
    for batch in HttpFetcher(options).fetch_all(Due([server.origin + "/ok"] * 6), unread):
        time.sleep(0.2)
        visits += batch
    assert len(visits) == 6
    assert not [visit for visit in visits if isinstance(visit.outcome, FetchFailed)]


def test_it_can_be_used_while_another_event_loop_runs(server: ScriptedServer) -> None:
    server.play("/ok", Answer(body=b"x"))

    async def inside() -> int:
        return len(visited([server.origin + "/ok"] * 3))

    assert asyncio.run(inside()) == 3


def test_a_fault_of_ours_costs_one_visit_and_is_told_in_full(server: ScriptedServer) -> None:
    def read(feed: Feed, state: FeedState, outcome: FetchOutcome) -> None:
        if feed.url.endswith("/1"):
            raise ZeroDivisionError

    urls = [server.play(f"/{number}", Answer(body=b"x")) for number in range(20)]
    with structlog.testing.capture_logs() as log:
        visits = [visit for batch in HttpFetcher(OPTIONS).fetch_all(Due(urls), read) for visit in batch]
    failed = [visit.feed.url for visit in visits if isinstance(visit.outcome, FetchFailed)]
    assert (len(visits), failed) == (20, [urls[1]])
    assert [type(line["exc_info"]) for line in log] == [ZeroDivisionError]
