"""Room that is free is given back: bit by bit while others write, or all at once where asked."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError, StoreVersion, UsageError
from bot.storage.engine import open_store, upgrade
from bot.storage.inspection import inspect
from bot.storage.store import SqlStore
from bot.storage.vacuum import vacuum
from tests.storage.samples import HOUR, NOW, item, judgement

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])


def grown(store: SqlStore) -> None:
    """Thirty megabytes of text, forgotten."""
    for start in range(0, 600, 100):
        some = [item(f"item-{number:04}", body="text " * 10_000) for number in range(start, start + 100)]
        with store.begin() as tx:
            tx.items.add(some)
            tx.items.judge([judgement(each.id) for each in some], NOW)
    with store.begin() as tx:
        assert tx.items.prune(NOW + HOUR, 1_000) == 600


def test_what_is_free_is_given_back_while_others_write(url: str, store: SqlStore) -> None:
    grown(store)
    before = inspect(url, NOW)
    assert before.free > 25_000_000
    written = 0
    done = threading.Event()

    def write() -> None:
        nonlocal written
        while not done.is_set():
            with store.begin() as tx:
                tx.items.add([item(f"new-{written:05}")])
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    at_each_step = []
    while store.tidy():
        at_each_step.append(written)
    done.set()
    writer.join()
    after = inspect(url, NOW, thorough=True)
    assert after.faults == ()
    assert before.size - after.size > 20_000_000
    assert after.free < 5_000_000, "some stays for what is written next"
    assert len(set(at_each_step)) > len(at_each_step) // 2, "others wrote between most steps"
    with store.read() as tx:
        assert tx.items.count_since(NOW - HOUR) == 600 + written


def test_the_log_is_cut_off_and_a_reader_only_puts_that_off(url: str, store: SqlStore, folder: Path) -> None:
    log = folder / "chipwatch.db-wal"
    with store.read() as reading:
        reading.items.count_judged(None)
        with store.begin() as tx:
            tx.items.add([item(body="text " * 100_000)])
        assert not store.tidy()
        assert log.stat().st_size > 400_000
    assert not store.tidy()
    assert log.stat().st_size == 0


def old_database(file: Path) -> str:
    """As made by a version that did not care."""
    url = f"sqlite:///{file}"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE something (a)")
    upgrade(url)
    return url


def test_an_old_file_is_written_anew_once_and_gives_back_what_is_free_from_then_on(
    engine_name: str, folder: Path
) -> None:
    assert engine_name
    url = old_database(folder / "chipwatch.db")
    store = open_store(url)
    grown(store)
    assert not store.tidy(), "it can't"
    store.close()
    before, after = vacuum(url)
    assert before - after > 25_000_000
    assert inspect(url, NOW, thorough=True).faults == ()
    store = open_store(url)
    with store.begin() as tx:
        for number in range(600):
            tx.items.revise([item(f"item-{number:04}", body="text " * 10_000)])
            tx.items.judge([judgement(f"item-{number:04}")], NOW)
        tx.items.prune(NOW + HOUR, 1_000)
    assert store.tidy()
    store.close()


def test_there_must_be_a_file(engine_name: str, folder: Path) -> None:
    assert engine_name
    with pytest.raises(StoreError, match="there is no database at"):
        vacuum(f"sqlite:///{folder / 'absent.db'}")
    with pytest.raises(UsageError, match="by the server itself"):
        vacuum("postgresql://user@host/name")


def test_a_database_of_a_newer_version_is_left_as_it_is(engine_name: str, folder: Path) -> None:
    if engine_name != "sqlite":
        pytest.skip("a server vacuums by itself")
    file = folder / "newer.db"
    url = f"sqlite:///{file}"
    upgrade(url)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(StoreVersion, match="made by a newer version"):
        vacuum(url)
    assert file.read_bytes() == before
