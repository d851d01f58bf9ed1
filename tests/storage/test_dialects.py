"""What each engine does in its own way: its settings, its locks, its errors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from bot.errors import StoreBusy, StoreError, StoreVersion
from bot.storage.dialects import DIALECTS, batches
from bot.storage.engine import open_store
from bot.storage.store import SqlStore, translated
from tests.storage.conftest import Databases, sqlalchemy_url
from tests.storage.samples import NOW, item


def test_batches_are_all_values_in_order_in_pieces_that_a_statement_takes() -> None:
    values = list(range(1_001))
    cut = list(batches(values))
    assert [one for some in cut for one in some] == values
    assert max(map(len, cut)) < 999
    assert list(batches([])) == []


def test_sqlite_keeps_what_it_committed_through_a_power_cut(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    raw = engine.raw_connection()
    connection = raw.driver_connection
    assert connection is not None
    DIALECTS["sqlite"].greet(connection, timedelta(milliseconds=1_234))
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 1_234}
    assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
    # A migration makes a table anew and drops the old one, which must not empty those that refer to it.
    DIALECTS["sqlite"].loosen(connection)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (0,)
    raw.close()
    engine.dispose()


def test_a_full_disk_is_named_with_its_remedy(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with (
        pytest.raises(StoreError, match=r"no room left .* free some disk space") as caught,
        translated(engine, DIALECTS["sqlite"]),
        engine.begin() as connection,
    ):
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        connection.exec_driver_sql("CREATE TABLE filler (body BLOB)")
        connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(100000))")
    assert str(tmp_path) in str(caught.value)
    engine.dispose()


@pytest.mark.parametrize(
    "content", [b"this is no database, it is a letter" * 100, b"SQLite format 3\x00" * 200]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.db"
    file.write_bytes(content)
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreError, match=r"a\.db: the database is damaged .* backup"):
        store.ping()
    store.close()


def test_a_file_that_can_not_be_opened_is_named(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}")
    with pytest.raises(StoreError, match="can't be opened; check the folder"):
        store.ping()
    store.close()


def test_a_read_only_file_is_named(migrated_file: Path) -> None:
    store = open_store(f"sqlite:///file:{migrated_file}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="read-only; give this user write access"), store.begin() as tx:
        tx.items.add([item()])
    store.close()


def test_missing_tables_ask_for_the_migrations(empty_url: str) -> None:
    store = open_store(empty_url)
    with pytest.raises(StoreVersion, match="chipwatch db upgrade"), store.begin() as tx:
        tx.items.add([item()])
    store.close()


def test_our_own_mistakes_are_not_dressed_up(store: SqlStore) -> None:
    with pytest.raises(IntegrityError), store.begin() as tx:
        tx.items.remember({"a key": "unknown"}, NOW)


def test_our_own_mistakes_in_sql_are_not_dressed_up(new_database: Databases) -> None:
    engine = create_engine(sqlalchemy_url(new_database()))
    with (
        pytest.raises(ProgrammingError),
        translated(engine, DIALECTS["postgresql"]),
        engine.begin() as connection,
    ):
        connection.execute(text("SELEKT"))
    engine.dispose()


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    store = open_store(f"postgresql://me:secret@/news?host={tmp_path}")
    with pytest.raises(StoreError, match="check its address and that it runs") as caught:
        store.ping()
    assert "secret" not in str(caught.value)
    assert not isinstance(caught.value, StoreBusy)
    store.close()


def test_a_database_that_is_not_there_is_named(new_database: Databases) -> None:
    url = str(new_database()).replace("/test_", "/absent_")
    store = open_store(url)
    with pytest.raises(StoreError, match="does not exist"):
        store.ping()
    store.close()


def test_a_writer_that_may_not_write_is_told(emptied_database: Databases) -> None:
    engine = create_engine(sqlalchemy_url(emptied_database()))
    with (
        pytest.raises(StoreError, match="may not be written"),
        translated(engine, DIALECTS["postgresql"]),
        engine.begin() as connection,
    ):
        connection.execute(text("SET TRANSACTION READ ONLY"))
        connection.execute(text("DELETE FROM items"))
    engine.dispose()


def test_locks_that_wait_for_each_other_end_as_busy(new_database: Databases) -> None:
    # SQLite has one lock, so nothing waits crosswise.
    dialect = DIALECTS["postgresql"]
    engine = create_engine(sqlalchemy_url(new_database()))
    with engine.begin() as one, engine.begin() as other:
        other.execute(text("SET lock_timeout = 20"))
        dialect.hold(one, "a")
        dialect.hold(other, "b")
        with pytest.raises(StoreBusy), translated(engine, dialect):
            dialect.hold(other, "a")
    engine.dispose()
