"""What the two engines do differently, and nothing else: one class each, one line in ``DIALECTS``.

Row locks are not here: ``with_for_update(skip_locked=True)`` is compiled for PostgreSQL and left out for
SQLite, where a writing transaction holds the whole database from its first statement on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from zlib import crc32

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    Insert,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from bot.errors import StoreBusy, StoreError, StoreVersion

T = TypeVar("T")

_BATCH = 500
_DAY = 86_400.0
_LOG_BYTES = 16 * 2**20
_INCREMENTAL = 2  # as the pragma says it
_SPARE_PAGES, _SPARE_PART = 1_000, 20
"""Free pages that stay, for what is written next: so many, or one of so many."""
_PAGES_AT_ONCE = 500
_CHECKPOINT_WAITS = 250  # milliseconds
_READS = "chipwatch_reads"
PUT_BACK = "put a backup in its place: chipwatch db restore FILE"
_MIGRATE = "run `chipwatch db upgrade`"


class Dialect(Protocol):
    """One engine's ways."""

    one_writer: bool
    """A writing transaction keeps all others waiting."""
    engine_options: Mapping[str, Any]

    def greet(self, connection: Any, busy_timeout: timedelta) -> None:
        """Set up a driver's connection that was just opened."""
        ...

    def loosen(self, connection: Any) -> None:
        """Set up a connection on which migrations will run."""
        ...

    def tidy(self, connection: Any) -> bool:
        """Give a little of the room that is free back to the disk. Whether there is more."""
        ...

    def reader(self, engine: Engine) -> Engine:
        """The same engine for transactions that read one snapshot and write nothing."""
        ...

    def begin(self, connection: Connection) -> None:
        """Called when a transaction starts."""
        ...

    def hold(self, connection: Connection, name: str) -> None:
        """Keep every other writing transaction that holds ``name`` waiting until this one ends."""
        ...

    def alone(self, engine: Engine) -> AbstractContextManager[Callable[[], bool]]:
        """Gives what takes the place of the one daemon, called once or often, and says whether it is ours.

        It is kept until the block ends or the process does.
        """
        ...

    def add(self, table: Table) -> Insert:
        """An INSERT that leaves rows alone which are there already."""
        ...

    def put(self, table: Table, *, key: str, update: Sequence[str]) -> Insert:
        """An INSERT that instead updates these columns where the key is there already."""
        ...

    def seconds(self, moment: ColumnElement[Any]) -> ColumnElement[float]:
        """A moment as seconds, to be counted with."""
        ...

    def size(self, connection: Connection) -> int:
        """Bytes that the database takes up, free pages too."""
        ...

    def trouble(self, error: DBAPIError) -> StoreError | None:
        """What a driver's error means to the user; ``None`` where it is a mistake of ours."""
        ...


class Sqlite:
    """A file beside the process; one writer at a time, readers never wait."""

    one_writer = True
    engine_options: Mapping[str, Any] = {}

    def greet(self, connection: Any, busy_timeout: timedelta) -> None:
        # The driver's own BEGIN comes too late and is never IMMEDIATE; `begin` below sends ours.
        connection.isolation_level = None
        milliseconds = busy_timeout // timedelta(milliseconds=1)
        connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
        if _pragma(connection, "page_count") == 0:
            # Only before anything is in it; an older one stays as it is until it is vacuumed as a whole.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Readers and the writer don't block each other.
        connection.execute("PRAGMA journal_mode = WAL")
        # The log is begun anew once nobody reads what is in it; what it grew to meanwhile is cut off.
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        # In WAL mode NORMAL may lose the last commits in a power cut. A lost "sent" means telling twice.
        connection.execute("PRAGMA synchronous = FULL")

    def loosen(self, connection: Any) -> None:
        # Alembic changes a table by making it anew; dropping the old one would cascade into others.
        connection.execute("PRAGMA foreign_keys = OFF")

    def tidy(self, connection: Any) -> bool:
        # The pool's connections may have been used for reading last.
        connection.execute("PRAGMA query_only = OFF")
        if _pragma(connection, "auto_vacuum") == _INCREMENTAL:
            spare = max(_SPARE_PAGES, _pragma(connection, "page_count") // _SPARE_PART)
            if _pragma(connection, "freelist_count") > spare:
                # A page a step of the statement, and only this way does the driver take all the steps.
                connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
                return True
        # Writers wait while it waits for readers; with those that stay it is given up.
        patience = _pragma(connection, "busy_timeout")
        connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_WAITS}")
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            # The connection goes back to the pool, whatever became of it.
            connection.execute(f"PRAGMA busy_timeout = {patience}")
        return False

    def reader(self, engine: Engine) -> Engine:
        return engine.execution_options(**{_READS: True})

    def begin(self, connection: Connection) -> None:
        reads = _reads(connection)
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reads else 'OFF'}")
        # A transaction that reads first and writes later fails at once, whatever the timeout, where
        # another wrote in between. IMMEDIATE takes the write lock first, and waits for it.
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    def hold(self, connection: Connection, name: str) -> None:
        """BEGIN IMMEDIATE holds everything already."""

    @contextmanager
    def alone(self, engine: Engine) -> Iterator[Callable[[], bool]]:
        from filelock import FileLock, Timeout

        lock = FileLock(f"{engine.url.database}.lock", timeout=0)

        def take() -> bool:
            if not lock.is_locked:
                with suppress(Timeout):
                    lock.acquire()
            return lock.is_locked

        try:
            yield take
        finally:
            lock.release()

    def add(self, table: Table) -> Insert:
        return sqlite.insert(table).on_conflict_do_nothing()

    def put(self, table: Table, *, key: str, update: Sequence[str]) -> Insert:
        insert = sqlite.insert(table)
        return insert.on_conflict_do_update(
            index_elements=[key], set_={name: insert.excluded[name] for name in update}
        )

    def seconds(self, moment: ColumnElement[Any]) -> ColumnElement[float]:
        return func.julianday(moment, type_=Double) * _DAY

    def size(self, connection: Connection) -> int:
        pages, page = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
        return int(pages) * int(page)

    def trouble(self, error: DBAPIError) -> StoreError | None:
        said = str(error.orig)
        if said.startswith(("no such table", "no such column")):
            return StoreVersion(f"the database lacks what this version needs ({said}); {_MIGRATE}")
        # The low byte is the primary code, the rest tells more about it (sqlite.org/rescode.html).
        match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return StoreBusy("another process holds the database; try again when it is done")
            case sqlite3.SQLITE_FULL:
                return StoreError("no room left for the database; free some disk space")
            case sqlite3.SQLITE_READONLY:
                return StoreError("the database is read-only; give this user write access to its folder")
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
                return StoreError("the database can't be opened; check the folder and its permissions")
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                return StoreError(f"the database is damaged ({said}); {PUT_BACK}")
            case sqlite3.SQLITE_IOERR:
                return StoreError(f"the disk under the database fails ({said}); check it")
        return None


class Postgresql:
    """A server; many writers at a time."""

    one_writer = False
    # A server may restart between two ticks: ask before use, so that no tick is lost to it.
    engine_options: Mapping[str, Any] = {"pool_pre_ping": True}

    def greet(self, connection: Any, busy_timeout: timedelta) -> None:
        connection.autocommit = True
        milliseconds = busy_timeout // timedelta(milliseconds=1)
        connection.execute(f"SET lock_timeout = {milliseconds}")
        # Else dates near the year 9999, which hostile feeds have, don't survive the server's time zone.
        connection.execute("SET TIME ZONE 'UTC'")
        connection.autocommit = False

    def loosen(self, connection: Any) -> None:
        """Tables are changed in place."""

    def tidy(self, connection: Any) -> bool:  # noqa: ARG002 - the other engine needs it
        """Its autovacuum does."""
        return False

    def reader(self, engine: Engine) -> Engine:
        return engine.execution_options(
            **{_READS: True}, isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def begin(self, connection: Connection) -> None:
        """The driver begins by itself."""

    def hold(self, connection: Connection, name: str) -> None:
        if not _reads(connection):
            connection.execute(select(func.pg_advisory_xact_lock(_number(name))))

    @contextmanager
    def alone(self, engine: Engine) -> Iterator[Callable[[], bool]]:
        place = _Place(engine)
        try:
            yield place.take
        finally:
            place.leave()

    def add(self, table: Table) -> Insert:
        return postgresql.insert(table).on_conflict_do_nothing()

    def put(self, table: Table, *, key: str, update: Sequence[str]) -> Insert:
        insert = postgresql.insert(table)
        return insert.on_conflict_do_update(
            index_elements=[key], set_={name: insert.excluded[name] for name in update}
        )

    def seconds(self, moment: ColumnElement[Any]) -> ColumnElement[float]:
        # EXTRACT counts in decimals, which takes four times as long.
        return func.date_part("epoch", moment, type_=Double)

    def size(self, connection: Connection) -> int:
        return connection.scalar(select(func.pg_database_size(func.current_database()))) or 0

    def trouble(self, error: DBAPIError) -> StoreError | None:
        # Classes and codes of the SQLSTATE: postgresql.org/docs/current/errcodes-appendix.html
        state = getattr(error.orig, "sqlstate", None) or ""
        said = str(error.orig).partition("\n")[0]
        match state[:2], state:
            case _, "42P01" | "42703":
                return StoreVersion(f"the database lacks what this version needs ({said}); {_MIGRATE}")
            case ("40", _) | (_, "55P03"):
                return StoreBusy("another process holds the database; try again when it is done")
            case _, "53100":
                return StoreError("no room left for the database; free some disk space")
            case _, "25006" | "42501":
                return StoreError(f"the database may not be written ({said}); grant this user the right")
        if isinstance(error, OperationalError | InterfaceError) or state.startswith("XX"):
            return StoreError(f"the database can't be used ({said}); check its address and that it runs")
        return None


class _Place:
    """The lock of the one daemon, held by a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Whether it is ours. A server that restarted forgot whose it was: then it is taken anew."""
        if self._connection is not None:
            try:
                self._connection.execute(select(1))
            except DBAPIError:
                self.leave()
            else:
                return True
        self._connection = self._engine.connect()
        # A machine that went down says no goodbye: its session is given up after a minute, not two hours.
        for setting, seconds in (("idle", 30), ("interval", 10), ("count", 3)):
            self._connection.execute(text(f"SET tcp_keepalives_{setting} = {seconds}"))
        if self._connection.scalar(select(func.pg_try_advisory_lock(_number("daemon")))):
            return True
        self.leave()
        return False

    def leave(self) -> None:
        if self._connection is not None:
            # Not into the pool, where its session would go on, and with it the lock.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _number(name: str) -> int:
    """What PostgreSQL's advisory locks have for a name."""
    return crc32(f"chipwatch {name}".encode())


DIALECTS: Mapping[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgresql()}


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a long list for ``IN``: SQLite takes 32,766 parameters a statement, old builds 999."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))


def _pragma(connection: Any, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _reads(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_READS))
