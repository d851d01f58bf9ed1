"""Feeds visited side by side; those whose turn does not come in time are said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import make_reader
from bot.doctor.subscriptions import Visiting
from bot.fetch.http import FetchOptions, HttpFetcher
from bot.model import Feed, FeedState, Level
from bot.reading.pool import ReaderPool
from tests.cli.calling import NEWS, rss
from tests.http_server import Answer, ScriptedServer, http_server

NOW = datetime.now(UTC)
OPTIONS = FetchOptions(
    user_agent="chipwatch", allow_networks=("127.0.0.1",), total_timeout=timedelta(seconds=5)
)


@pytest.fixture(scope="module")
def reader() -> Iterator[ReaderPool]:
    pool = make_reader()
    yield pool
    pool.close()


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


def feed(url: str) -> Feed:
    return Feed(id=url[-3:], url=url)


def visiting(reader: ReaderPool, options: FetchOptions = OPTIONS, within: float = 60) -> Visiting:
    return Visiting(fetcher=HttpFetcher(options), reader=reader, now=NOW, max_entries=100, within=within)


def test_a_row_a_feed_in_their_order(web: ScriptedServer, reader: ReaderPool) -> None:
    feeds = [feed(web.play(f"/f{at:02}", Answer(body=rss(*NEWS)))) for at in range(9)]
    web.play("/f04", Answer(body=b"<html><body>A page", delay=0.3))
    asked: list[str] = []
    rows = visiting(reader).rows(feeds, {}, asked.append)
    assert [row.name for row in rows] == [each.url for each in feeds]
    assert asked == ["127.0.0.1"] * 9
    assert [row.finding.level for row in rows if row.name.endswith("/f04")] == [Level.FAULT]
    assert {row.finding.found for row in rows if not row.name.endswith("/f04")} == {"2 items"}


def test_a_feed_is_asked_where_it_is_polled_and_for_all_of_it(
    web: ScriptedServer, reader: ReaderPool
) -> None:
    moved = feed(web.origin + "/old")
    web.play("/new", Answer(body=rss(*NEWS)))
    state = FeedState(
        feed_id=moved.id,
        url=web.origin + "/new",
        next_poll_at=NOW,
        etag='"1"',
        last_full_at=NOW,
        failures=3,
    )
    (row,) = visiting(reader).rows([moved], {moved.id: state}, lambda _url: None)
    assert (row.name, row.finding.found) == (moved.url, "2 items")
    (request,) = web.requests
    assert (request.path, request.headers.get("If-None-Match")) == ("/new", None)


def test_feeds_whose_turn_does_not_come_in_time_are_said(web: ScriptedServer, reader: ReaderPool) -> None:
    slow = replace(OPTIONS, per_host=1, host_gap=timedelta(seconds=30))
    feeds = [feed(web.play(f"/f{at:02}", Answer(body=rss(*NEWS)))) for at in range(3)]
    rows = visiting(reader, slow, within=0.1).rows(feeds, {}, lambda _url: None)
    assert [row.finding.level for row in rows] == [Level.FINE, Level.WARNING, Level.WARNING]
    assert "its host's turn had not come" in rows[2].finding.found


def test_names_and_passwords_of_addresses_are_not_shown(web: ScriptedServer, reader: ReaderPool) -> None:
    secret = feed(f"http://name:hunter2@127.0.0.1:{web.port}/rss")
    (row,) = visiting(reader).rows([secret], {}, lambda _url: None)
    assert row.name == f"{web.origin}/rss"
