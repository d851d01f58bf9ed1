"""Copy a whole database into one SQLite file while others write to it, and put such a copy in its place.

The copy of a PostgreSQL database is a SQLite file too: so a backup can be read anywhere, and is also the way
from one engine to the other.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    type_coerce,
)

from bot.errors import StoreError, StoreVersion, UsageError
from bot.storage.columns import Frozen
from bot.storage.dialects import Dialect
from bot.storage.engine import BUSY_TIMEOUT, check_version, connected, file_of, upgrade
from bot.storage.schema import REVISIONS, metadata
from bot.storage.store import shown

Progress = Callable[[int, int], None]
"""Called now and then with what is done and how much there is, in pages or rows."""

_PAGES = 1_000
_ROWS = 1_000
_STATES = {"feeds", "pauses", "in_force", "grouping", "slots"}
"""Tables that are filled before anything was read or told."""
_JSON = JSON(none_as_null=True)


def backup(
    url: str,
    target: Path,
    *,
    force: bool = False,
    busy_timeout: timedelta = BUSY_TIMEOUT,
    progress: Progress = lambda _done, _all: None,
) -> int:
    """Copy the database at ``url``, as it is at one moment, into the file ``target``. Returns its bytes.

    Others may read and write meanwhile. The file gets its name when it is whole, checked and on the disk; it
    can be read by its owner only. Raises ``UsageError`` where the file is there already, unless ``force``.
    """
    source = file_of(url)
    if source is not None and not source.exists():
        raise StoreError(f"there is no database at {source}; name its folder with --data")
    if target.exists() and not force:
        raise UsageError(f"{target} is there already; name another file, or add --force")
    if source is not None and target.exists() and source.samefile(target):
        raise UsageError(f"{target} is the database itself; name another file")
    with _made(target) as file:
        with connected(url, busy_timeout) as (engine, dialect):
            if engine.dialect.name == "sqlite":
                _copy_own(engine, file, progress)
            else:
                check_version(url, busy_timeout=busy_timeout)
                upgrade(_url_of(file))
                _copy_rows(engine, dialect, _url_of(file), progress)
        _finish(file)
    return target.stat().st_size


def restore(
    source: Path, url: str, *, force: bool = False, progress: Progress = lambda _done, _all: None
) -> None:
    """Put the copy in the file ``source`` in the place of the database at ``url``. Nobody may be using it.

    All or nothing. Raises ``StoreError`` where the copy is damaged or of a newer version, ``UsageError``
    where a database is there that holds more than the state of feeds, unless ``force``.
    """
    if not source.is_file():
        raise UsageError(f"there is no file {source}")
    target = file_of(url)
    if target is not None and target.exists() and not force and _holds_something(url):
        raise UsageError(f"there is a database at {target}; --force puts the copy in its place")
    if target is not None and target.exists() and target.samefile(source):
        raise UsageError(f"{source} is the database itself; name a copy of it")
    folder = target.parent if target is not None else Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    with _made(target or folder / "chipwatch.db", keep=target is not None) as file:
        with _read_only(source) as copy:
            _copy_file(copy, file, progress)
        _finish(file)
        upgrade(_url_of(file))
        _finish(file)
        if target is None:
            _fill(file, url, force=force, progress=progress)
        else:
            # The old log would be played into the new file.
            for suffix in ("-wal", "-shm"):
                Path(f"{target}{suffix}").unlink(missing_ok=True)


def _holds_something(url: str) -> bool:
    """Whether there is more than a command leaves that was called before there was anything to tell.

    What can't be read, or is nobody knows what, is something.
    """
    try:
        with connected(url, BUSY_TIMEOUT) as (engine, dialect), dialect.reader(engine).begin() as connection:
            there = set(inspect(connection).get_table_names())
            return any(
                _has_rows(connection, table) for table in metadata.sorted_tables if table.name in there
            ) or bool(there - {*metadata.tables, "alembic_version"})
    except StoreError:
        return True


def _has_rows(connection: Connection, table: Table) -> bool:
    """Rows that are worth keeping: not those that every round writes anew."""
    if table.name in _STATES:
        return False
    return connection.execute(select(1).select_from(table).limit(1)).first() is not None


def copy_small(source: Path, target: Path) -> None:
    """Copy a file that belongs to a copy, whole or not at all, for its owner only."""
    with _made(target) as file:
        file.write_bytes(source.read_bytes())
        _flush(file)


# ── files ──


@contextmanager
def _made(target: Path, *, keep: bool = True) -> Iterator[Path]:
    """A new file beside ``target`` that takes its name when the block ends well, and is gone otherwise."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    file = Path(name)
    try:
        yield file
        if keep:
            file.replace(target)
            _flush(target.parent)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)


@contextmanager
def _read_only(file: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database of ours, left as it is, without a log beside it. Raises ``StoreError``."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if revision not in REVISIONS:
                problem = f"{file} was made by a newer version of chipwatch (revision {revision})"
                raise StoreVersion(f"{problem}; install that version")
            yield connection
    except sqlite3.Error as error:
        raise StoreError(f"{file} is no whole copy of a database ({error}); take another one") from error


def _copy_file(source: sqlite3.Connection, file: Path, progress: Progress) -> None:
    """Page by page, within one transaction that reads: what others write meanwhile is not seen.

    Without it SQLite would begin anew with every write of another process (sqlite.org/backup.html).
    """
    source.execute("BEGIN")
    source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    with closing(sqlite3.connect(file, isolation_level=None)) as copy:
        # Whoever is killed here leaves a file without a name.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        source.backup(copy, pages=_PAGES, progress=lambda _state, left, all_: progress(all_ - left, all_))
    source.execute("ROLLBACK")


def _copy_own(engine: Engine, file: Path, progress: Progress) -> None:
    held = engine.raw_connection()
    try:
        _copy_file(held.driver_connection, file, progress)  # type: ignore[arg-type]
    finally:
        held.close()


def _finish(file: Path) -> None:
    """See that a copy is whole, make it one file, and have it on the disk."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        told = found.splitlines()[-1]
        raise StoreError(f"what was to be copied is damaged ({told}); run `chipwatch db check`")
    _flush(file)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _url_of(file: Path) -> str:
    return f"sqlite:///{quote(str(file))}"


# ── rows ──


def _copy_rows(engine: Engine, dialect: Dialect, url: str, progress: Progress) -> None:
    with (
        connected(url, BUSY_TIMEOUT) as (other, _),
        dialect.reader(engine).begin() as source,
        other.begin() as target,
    ):
        _copy_tables(source, target, progress)


def _fill(file: Path, url: str, *, force: bool, progress: Progress) -> None:
    """Put a copy's rows into a server's database, in one transaction."""
    upgrade(url)
    with (
        connected(_url_of(file), BUSY_TIMEOUT) as (copy, copy_dialect),
        connected(url, BUSY_TIMEOUT) as (engine, _dialect),
        copy_dialect.reader(copy).begin() as source,
        engine.begin() as target,
    ):
        for table in reversed(metadata.sorted_tables):
            if not force and _has_rows(target, table):
                where = shown(engine.url)
                raise UsageError(f"{where} holds rows already; --force puts the copy in their place")
            target.execute(delete(table))
        _copy_tables(source, target, progress)
        for table in metadata.sorted_tables:
            if "position" in table.c:
                _count_on(target, table.name)


def _copy_tables(source: Connection, target: Connection, progress: Progress) -> None:
    tables = metadata.sorted_tables
    counts = [source.scalar(select(func.count()).select_from(table)) or 0 for table in tables]
    done = 0
    for table in tables:
        read, write = _as_they_are(table)
        rows = source.execute(read.execution_options(yield_per=_ROWS))
        for some in rows.mappings().partitions(_ROWS):
            target.execute(write, [dict(row) for row in some])
            done += len(some)
            progress(done, sum(counts))


def _as_they_are(table: Table) -> tuple[Select[Any], Insert]:
    """Statements that read and write rows without making values of the model of what is JSON."""
    types = {column: _JSON if isinstance(column.type, Frozen) else column.type for column in table.c}
    read = select(*(type_coerce(column, kind).label(f"of_{column.name}") for column, kind in types.items()))
    write = insert(table).values(
        {column.name: bindparam(f"of_{column.name}", type_=kind) for column, kind in types.items()}
    )
    return read, write


def _count_on(target: Connection, table: str) -> None:
    """Rows were given their positions; the next one is to get a higher one."""
    target.execute(
        text(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'position'), "  # noqa: S608 - a table of ours
            f"(SELECT COALESCE(MAX(position), 0) + 1 FROM {table}), false)"
        )
    )
