"""A configuration with one feed, served over real HTTP, and a data folder beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import NEWS, Outcome, chipwatch, rss, write_config
from tests.http_server import Answer, ScriptedServer, http_server

FEED_TYPE = {"Content-Type": "application/rss+xml"}


@pytest.fixture(scope="session")
def web() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


@dataclass(frozen=True)
class Place:
    """Where a test's bot lives, and how it is called there."""

    config: Path
    data: Path
    web: ScriptedServer
    feed: str
    """Address of the feed."""
    path: str
    """Its path on the server."""

    def call(self, *arguments: object) -> Outcome:
        """A command that reads configuration and database."""
        return chipwatch(*arguments, "--config", self.config, "--data", self.data)

    def json(self, *arguments: object) -> Any:
        outcome = self.call(*arguments, "--json")
        assert outcome.status == 0, outcome.err
        return outcome.json

    def publish(self, *entries: str) -> None:
        self.web.play(self.path, Answer(body=rss(*entries), headers=FEED_TYPE))


@pytest.fixture
def place(tmp_path: Path, web: ScriptedServer) -> Place:
    """Nothing polled yet; the feed holds two items, one of them on topic."""
    path = f"/{tmp_path.name}/rss"
    feed = web.play(path, Answer(body=rss(*NEWS), headers=FEED_TYPE))
    config = write_config(tmp_path / "config", feeds=[feed])
    return Place(config=config, data=tmp_path / "data", web=web, feed=feed, path=path)


@pytest.fixture
def polled(place: Place) -> Place:
    """The feed was polled once."""
    outcome = place.call("poll")
    assert outcome.status == 0, outcome.err
    return place
