"""Open a database by its address, bring its tables up to date, and refuse one that doesn't fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError

from bot.errors import StoreAbsent, StoreError, StoreVersion
from bot.storage.dialects import DIALECTS, Dialect
from bot.storage.schema import REVISIONS
from bot.storage.store import SqlStore, shown, translated

BUSY_TIMEOUT = timedelta(seconds=5)
MIGRATIONS = Path(__file__).parent / "migrations"

_BEGIN = "start with `chipwatch run` or `chipwatch poll`, or put a copy back with `chipwatch db restore FILE`"

# Short names of an address → the driver we pin.
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def open_store(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> SqlStore:
    """Open the database at ``url``: ``sqlite:///path`` or ``postgresql://user@host/name``.

    Nothing is connected before the first transaction. ``busy_timeout`` is how long one waits for another
    writer. Raises ``StoreError`` where the address is wrong or its driver is missing.
    """
    engine, dialect = _engine(url, busy_timeout)
    return SqlStore(engine, dialect, busy_timeout, file_of(url))


def upgrade(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> tuple[str | None, str]:
    """Bring the tables up to date, all or nothing. Returns the revisions before and after.

    Cheap where nothing is to do. Safe to call from several processes at once: one migrates, the others
    wait and find it done. Raises ``StoreVersion`` where a newer version made the database.
    """
    with connected(url, busy_timeout) as (engine, dialect):
        with dialect.reader(engine).begin() as connection:
            before = revision_of(connection)
        if before != REVISIONS[-1]:
            before = _migrate(engine, dialect)
    return before, REVISIONS[-1]


def check_address(url: str) -> None:
    """Raise ``StoreError`` where ``url`` is no address of an engine we know. Connects to nothing."""
    _address(url)


def check_version(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> None:
    """Raise ``StoreVersion`` unless the tables are those of this code, ``StoreAbsent`` without any.

    Creates nothing.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        raise StoreAbsent(f"there is no database at {file} yet; {_BEGIN}")
    with connected(url, busy_timeout) as (engine, dialect), dialect.reader(engine).begin() as connection:
        revision = revision_of(connection)
        if revision is None:
            raise StoreAbsent(f"{shown(engine.url)} has no tables yet; {_BEGIN}")
        if revision != REVISIONS[-1]:
            raise StoreVersion(f"{shown(engine.url)} is not migrated yet; run `chipwatch db upgrade`")


def _migrate(engine: Engine, dialect: Dialect) -> str | None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    # The option is a template in which a percent sign stands for something else.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # Connections set up before are of no use: they check foreign keys.
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _record: dialect.loosen(connection))
    with engine.begin() as connection:
        dialect.hold(connection, "migrations")
        before = revision_of(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before


def revision_of(connection: Connection) -> str | None:
    """The migration that the tables are of; ``None`` where there are none. Raises ``StoreVersion``."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is not None and revision not in REVISIONS:
        raise StoreVersion(
            f"{shown(connection.engine.url)} was made by a newer version of chipwatch "
            f"(revision {revision}); install that version, or name another database"
        )
    return revision


@contextmanager
def connected(url: str, busy_timeout: timedelta) -> Iterator[tuple[Engine, Dialect]]:
    """An engine for one purpose, closed in the end; what its driver says is translated."""
    engine, dialect = _engine(url, busy_timeout)
    try:
        with translated(engine, dialect):
            yield engine, dialect
    finally:
        engine.dispose()


def _engine(url: str, busy_timeout: timedelta) -> tuple[Engine, Dialect]:
    address = _address(url)
    dialect = DIALECTS[address.get_backend_name()]
    file = _file(address)
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{file.parent} can't be created ({error.strerror}); name another folder"
            ) from error
    try:
        # hide_parameters: a traceback shows statements, not what people read or where they are told.
        engine = create_engine(address, hide_parameters=True, **dialect.engine_options)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{shown(address)} needs the package {error.name}; pip install 'chipwatch[postgres]'"
        ) from error
    event.listen(engine, "connect", lambda connection, _record: dialect.greet(connection, busy_timeout))
    event.listen(engine, "begin", dialect.begin)
    return engine, dialect


def _address(url: str) -> URL:
    remedy = "write sqlite:///path/to/file.db or postgresql://user@host/name"
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"this is no database address; {remedy}") from error
    driver = _DRIVERS.get(address.drivername, address.drivername)
    if driver not in _DRIVERS.values():
        raise StoreError(f"no database engine is called {address.drivername}; {remedy}")
    address = address.set(drivername=driver)
    if driver == _DRIVERS["sqlite"] and address.database in (None, "", ":memory:"):
        # Each thread would have one of its own, empty.
        raise StoreError(f"a database in memory can't be shared; {remedy}")
    return address


def file_of(url: str) -> Path | None:
    """The file of the SQLite database at an address. Raises ``StoreError`` for what is no address."""
    return _file(_address(url))


def _file(address: URL) -> Path | None:
    """The file of a SQLite database; ``None`` for a server, and for SQLite's own ``file:`` addresses."""
    if address.get_backend_name() != "sqlite" or not address.database or address.database.startswith("file:"):
        return None
    return Path(address.database)
