"""From every revision that ever was to this one: nothing is lost, and the bot goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, insert, select, text

from bot.app import opened
from bot.configuration import read_configuration
from bot.daemon.steps import EVERY, steps_of
from bot.runtime.steps import Heartbeat
from bot.server.meters import Meters
from bot.storage import schema
from bot.storage.engine import MIGRATIONS, upgrade
from tests.cli.calling import NEWS, SETTINGS, rss, write_config
from tests.http_server import Answer, ScriptedServer, http_server
from tests.storage.conftest import sqlalchemy_url
from tests.storage.old_rows import LETTER, ROWS

OLDER = schema.REVISIONS[:-1]
MADE_ANEW = {"grouping", "words", "open_stories", "traces"}
"""What grouping remembers follows from the items; revision 0006 forgets it."""

Rows = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def web() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


def migrate_to(url: str, revision: str) -> None:
    """What an older version of the program would have made."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def fill(url: str) -> None:
    """Put rows into every table that there is."""
    engine = create_engine(sqlalchemy_url(url))
    tables = reflected(url)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            unknown = {column.name for column in table.c if column.name not in ROWS[table.name][0]}
            assert not unknown, f"tests/storage/old_rows.py has no {unknown} of {table.name}"
            # Positions are counted by the engine, in the order of the rows.
            given = [column.name for column in table.c if column.name != "position"]
            for row in ROWS[table.name]:
                connection.execute(insert(table), {name: row[name] for name in given})
    engine.dispose()


def reflected(url: str) -> MetaData:
    engine = create_engine(sqlalchemy_url(url))
    tables = MetaData()
    tables.reflect(engine)
    engine.dispose()
    return tables


def content(url: str) -> Rows:
    """Table → its rows, in some order that is always the same."""
    engine = create_engine(sqlalchemy_url(url))
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for table in reflected(url).sorted_tables:
            rows = [
                {name: alike(value) for name, value in row.items()}
                for row in connection.execute(select(table)).mappings()
            ]
            found[table.name] = sorted(rows, key=repr)
    engine.dispose()
    return found


def alike(value: Any) -> Any:
    """SQLite tells times without a zone, PostgreSQL in the server's."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def lost(before: Rows, after: Rows, *, anew: bool) -> list[str]:
    """What of the rows before is not there afterwards, in the columns that are still there."""
    problems = []
    for name, rows in before.items():
        if name == "alembic_version" or (anew and name in MADE_ANEW):
            continue
        moved = after["part_alarms"] if name == "alarms" else after[name]
        shared = [column for column in rows[0] if column in moved[0]] if moved else list(rows[0])
        if sorted(repr([row[column] for column in shared]) for row in rows) != sorted(
            repr([row[column] for column in shared]) for row in moved
        ):
            problems.append(f"{name}: {rows} became {moved}")
    return problems


@pytest.fixture
def old_url(empty_url: str) -> Iterator[str]:
    """A database without tables; as few as possible of a server's, which take 30 MB each."""
    yield empty_url
    if not empty_url.startswith("sqlite"):
        engine = create_engine(sqlalchemy_url(empty_url))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()


@pytest.mark.parametrize(
    "revision",
    [pytest.param(each, marks=() if at % 4 == 0 else pytest.mark.slow) for at, each in enumerate(OLDER)],
)
def test_from_every_revision_nothing_is_lost_and_the_bot_goes_on(
    old_url: str, revision: str, tmp_path: Path, web: ScriptedServer
) -> None:
    migrate_to(old_url, revision)
    fill(old_url)
    before = content(old_url)
    assert upgrade(old_url) == (revision, schema.REVISIONS[-1])
    assert lost(before, content(old_url), anew=revision < "0006") == []
    engine = create_engine(sqlalchemy_url(old_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()
    ticks(old_url, tmp_path, web)


def ticks(url: str, folder: Path, web: ScriptedServer) -> None:
    """One run of every step on the database; what was told is not told again."""
    feed = web.play("/rss", Answer(body=rss(*NEWS), headers={"Content-Type": "application/rss+xml"}))
    config = write_config(
        folder / "config", feeds=[feed], settings=f'{SETTINGS}\n[storage]\nurl = "{sqlalchemy_url(url)}"\n'
    )
    with opened(read_configuration(config, folder / "data")) as bot:
        bot.take_over()
        bot.subscribe()
        for step in steps_of(lambda: bot.deps, Heartbeat(limits=EVERY), EVERY, Meters()):
            step.run()
        with bot.store.read() as tx:
            assert tx.items.judged_at("item-3") is not None
            assert len(tx.items.search(topic=None, since=None, words=["electric"], limit=9)) == 1
            told = tx.outbox.told("folder", ["story-1"])
    (sent,) = (folder / "data").rglob("waiting.eml")
    assert sent.read_bytes() == LETTER
    assert told["story-1"].revision == 1


KILLED_AT = """
import os, signal, sys
from sqlalchemy import Engine, event
from bot.storage.engine import upgrade
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(sys.argv[1])
print(left)
"""


def test_a_migration_that_is_killed_leaves_the_old_version_as_it_was(empty_url: str) -> None:
    old = OLDER[0]
    migrate_to(empty_url, old)
    fill(empty_url)
    before = content(empty_url)
    for statement in (30, 90):
        call = [sys.executable, "-c", KILLED_AT, empty_url, str(statement)]
        killed = subprocess.run(call, capture_output=True, text=True, check=False)
        assert killed.returncode == -signal.SIGKILL, f"it took fewer statements: {killed.stdout}"
        assert content(empty_url) == before
    assert upgrade(empty_url) == (old, schema.REVISIONS[-1])
    assert lost(before, content(empty_url), anew=True) == []


def test_what_retention_forgot_to_forget_is_looked_at_again(empty_url: str) -> None:
    migrate_to(empty_url, "0013")
    fill(empty_url)
    engine = create_engine(sqlalchemy_url(empty_url))
    items = reflected(empty_url).tables["items"]
    with engine.begin() as connection:
        connection.execute(items.update().values(kept=False))
    upgrade(empty_url)
    with engine.connect() as connection:
        kept = {row.id: row.kept for row in connection.execute(select(items))}
    engine.dispose()
    assert kept == {"item-1": True, "item-2": True, "item-3": True, "item-4": False}
