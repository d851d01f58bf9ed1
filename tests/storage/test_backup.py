"""Copies of whole databases: made while others write, put back, and carried from one engine to the other."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import StoreError, StoreVersion, UsageError
from bot.storage.backup import backup, copy_small, restore
from bot.storage.engine import open_store, upgrade
from bot.storage.store import SqlStore
from tests.storage.conftest import Databases
from tests.storage.samples import NOW, delivery, item, placement
from tests.storage.test_migrations import content, fill


@contextmanager
def writing(store: SqlStore) -> Iterator[list[int]]:
    """Another thread adds items, each with its place in one transaction; gives the numbers written so far."""
    written: list[int] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            name = f"item-{len(written):06}"
            with store.begin() as tx:
                tx.items.add([item(name, body="text " * 2_000)])
                tx.stories.place([placement(name, f"story-{len(written)}")], NOW)
            written.append(len(written))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        enough.set()
        writer.join()


def counts(file: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as copy:
        return tuple(
            copy.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in ("items", "placements")
        )


def test_a_copy_is_one_moment_of_what_others_write_meanwhile(url: str, store: SqlStore, folder: Path) -> None:
    copy = folder / "copy.db"
    with writing(store) as written:
        while len(written) < 20:
            pass
        steps: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            # The writer goes on between two steps: the copy is of the moment before.
            target = len(written) + 2
            while len(written) < target:
                pass
            steps.append((done, total))

        size = backup(url, copy, progress=progress)
        assert steps[-1][0] == steps[-1][1]
        during = len(written)
    items, placements = counts(copy)
    assert items == placements
    assert 20 <= items < during
    assert size == copy.stat().st_size
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir() if "part" in path.name or "copy.db-" in path.name] == []


def test_a_file_that_is_there_is_overwritten_only_where_asked(url: str, folder: Path) -> None:
    copy = folder / "copy.db"
    copy.write_text("precious")
    with pytest.raises(UsageError, match=r"copy\.db is there already; name another file, or add --force"):
        backup(url, copy)
    assert copy.read_text() == "precious"
    backup(url, copy, force=True)
    assert counts(copy) == (0, 0)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_database_itself_is_no_copy(url: str) -> None:
    file = Path(url.removeprefix("sqlite:///"))
    with pytest.raises(UsageError, match="is the database itself"):
        backup(url, file, force=True)
    with pytest.raises(UsageError, match="is the database itself"):
        restore(file, url, force=True)


def test_a_damaged_database_gives_no_copy(folder: Path, migrated_file: Path) -> None:
    content = bytearray(migrated_file.read_bytes())
    content[40_960:81_920] = os.urandom(40_960)
    source, copy = folder / "damaged.db", folder / "copy.db"
    source.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        backup(f"sqlite:///{source}", copy)
    assert [path.name for path in folder.iterdir() if path.name.startswith((".", "copy"))] == []


def test_no_database_gives_no_copy_and_none_is_made(folder: Path) -> None:
    with pytest.raises(StoreError, match="there is no database at"):
        backup(f"sqlite:///{folder / 'absent.db'}", folder / "copy.db")
    assert [*folder.iterdir()] == []


def test_a_copy_is_put_back_whole_and_the_old_log_is_not_played_into_it(folder: Path) -> None:
    url, copy = f"sqlite:///{folder / 'chipwatch.db'}", folder / "copy.db"
    upgrade(url)
    store = open_store(url)
    with store.begin() as tx:
        tx.items.add([item("before")])
    backup(url, copy)
    with store.begin() as tx:
        tx.items.add([item("after")])
    log = folder / "chipwatch.db-wal"
    kept = log.read_bytes()
    store.close()
    log.write_bytes(kept)  # as a process that was killed leaves it
    with pytest.raises(UsageError, match=r"there is a database at .* --force puts the copy in its place"):
        restore(copy, url)
    restore(copy, url, force=True)
    store = open_store(url)
    with store.read() as tx:
        assert tx.items.get("before") is not None
        assert tx.items.get("after") is None
    store.close()
    assert {path.name for path in folder.iterdir()} <= {"chipwatch.db", "copy.db"}


@pytest.mark.parametrize("direction", ["to PostgreSQL", "to SQLite"])
def test_everything_is_carried_from_one_engine_to_the_other(
    direction: str, folder: Path, new_database: Databases
) -> None:
    urls = [f"sqlite:///{folder / 'chipwatch.db'}", new_database()]
    source, target = urls if direction == "to PostgreSQL" else urls[::-1]
    upgrade(source)
    fill(source)
    copy = folder / "copy.db"
    backup(source, copy)
    restore(copy, target)
    assert content(target) == content(source)
    # Positions go on where they were.
    store = open_store(target)
    with store.begin() as tx:
        assert tx.outbox.add([delivery("new")], ()) == 1
        assert [each.key for each in tx.outbox.keyed("new")] == ["new"]
    store.close()


def test_a_server_with_rows_is_filled_only_where_asked(
    folder: Path, emptied_database: Databases, migrated_file: Path
) -> None:
    url = emptied_database()
    store = open_store(url)
    with store.begin() as tx:
        tx.items.add([item("there")])
    with pytest.raises(UsageError, match="holds rows already; --force"):
        restore(migrated_file, url)
    with store.read() as tx:
        assert tx.items.get("there") is not None
    restore(migrated_file, url, force=True)
    with store.read() as tx:
        assert tx.items.get("there") is None
    store.close()


def test_what_is_no_copy_of_ours_is_refused_and_leaves_all_as_it_was(
    folder: Path, migrated_file: Path
) -> None:
    target = folder / "data" / "chipwatch.db"
    with pytest.raises(UsageError, match="there is no file"):
        restore(folder / "absent.db", f"sqlite:///{target}")
    letter = folder / "letter.db"
    letter.write_text("dear all " * 1_000)
    other = folder / "other.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE something (a)")
    half = folder / "half.db"
    half.write_bytes(migrated_file.read_bytes()[:100_000])
    for file in (letter, other, half):
        with pytest.raises(StoreError, match=f"{file.name} is no whole copy of a database"):
            restore(file, f"sqlite:///{target}")
    newer = folder / "newer.db"
    backup(f"sqlite:///{migrated_file}", newer)
    with closing(sqlite3.connect(newer, isolation_level=None)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreVersion, match=r"newer\.db was made by a newer version"):
        restore(newer, f"sqlite:///{target}")
    assert [*target.parent.iterdir()] == []


def test_a_copy_on_a_medium_that_can_not_be_written_is_read(folder: Path, migrated_file: Path) -> None:
    copy = folder / "copy.db"
    backup(f"sqlite:///{migrated_file}", copy)
    before = copy.read_bytes()
    restore(copy, f"sqlite:///{folder / 'chipwatch.db'}")
    assert copy.read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"copy.db", "chipwatch.db"}


def test_a_small_file_is_copied_for_its_owner_only(folder: Path) -> None:
    (folder / "key").write_bytes(b"\x01" * 32)
    copy_small(folder / "key", folder / "copy.key")
    assert (folder / "copy.key").read_bytes() == b"\x01" * 32
    assert stat.S_IMODE((folder / "copy.key").stat().st_mode) == 0o600
