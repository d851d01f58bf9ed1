"""Looking a database over: every fault that we make is found, named and has a remedy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bot.storage.engine import upgrade
from bot.storage.inspection import Inspection, inspect
from bot.storage.schema import REVISIONS
from bot.storage.store import SqlStore
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import NOW, delivery, feed, item, placement


def look(url: str) -> Inspection:
    return inspect(url, NOW, thorough=True)


def spoil(url: str, *statements: str) -> None:
    """Past the store and its foreign keys."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def filled(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed()], NOW)
        tx.items.add([item(f"item-{number}") for number in range(300)])
        tx.stories.place([placement("item-1")], NOW)
        tx.outbox.add([delivery("key-1"), delivery("key-2")], ())


def told(found: Inspection) -> str:
    (fault,) = found.faults
    assert fault.problem
    assert fault.remedy
    return str(fault)


def test_a_sound_database_has_no_faults(url: str, store: SqlStore) -> None:
    filled(store)
    found = look(url)
    assert found.faults == ()
    assert found.revision == REVISIONS[-1]
    assert found.engine.startswith("SQLite 3" if url.startswith("sqlite") else "PostgreSQL ")
    assert found.size > 100_000


def test_looking_writes_nothing(url: str, store: SqlStore) -> None:
    with store.begin():
        assert look(url).faults == (), "it waits for no writer"


def test_messages_that_changed_are_named(url: str, store: SqlStore) -> None:
    filled(store)
    spoil(url, "UPDATE deliveries SET body_hash = 'another' WHERE key = 'key-2'")
    assert "not the bytes composed: key-2; " in told(look(url))


def test_leases_that_a_wrong_clock_left_are_named(url: str, store: SqlStore) -> None:
    filled(store)
    with store.begin() as tx:
        tx.feeds.claim(["wire"], NOW + timedelta(days=365), timedelta(minutes=3))
    assert "feeds taken until a far future: wire; look whether the clock is right" in told(look(url))


def test_merged_stories_that_lead_on_are_named(url: str, store: SqlStore) -> None:
    filled(store)
    stories = ", ".join(f"('s{number}', '{NOW}', '{NOW}')" for number in range(3))
    spoil(
        url,
        f"INSERT INTO stories (id, first_seen, last_seen) VALUES {stories}",
        "INSERT INTO redirects (story_id, survivor, texts, survivor_texts, at) "
        f"VALUES ('s0', 's1', 1, 1, '{NOW}'), ('s1', 's2', 1, 1, '{NOW}')",
    )
    assert "merged stories that lead nowhere: s0; " in told(look(url))


def test_a_newer_and_an_older_revision_are_named(empty_url: str) -> None:
    upgrade(empty_url)
    spoil(empty_url, "UPDATE alembic_version SET version_num = '0003'")
    assert "its tables are of revision 0003" in told(look(empty_url))
    spoil(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    assert "made by a newer version of chipwatch (revision 9999); install" in told(look(empty_url))


def test_a_database_without_tables_is_named(empty_url: str) -> None:
    spoil(empty_url, "CREATE TABLE other (something INTEGER)")
    assert "of revision none, this version's" in told(look(empty_url))


def test_no_database_is_a_fault(tmp_path: Path) -> None:
    assert "there is no database at" in told(look(f"sqlite:///{tmp_path / 'absent.db'}"))
    assert not (tmp_path / "absent.db").exists()
    assert "check its address and that it runs" in told(look(f"postgresql://me@/news?host={tmp_path}"))
    assert "no database engine is called" in told(look("mysql://host/name"))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_rows_that_belong_to_nothing_are_counted(url: str, store: SqlStore) -> None:
    filled(store)
    spoil(url, "DELETE FROM stories")
    assert "1 rows of table placements belong to rows that are gone; put a backup" in told(look(url))
    assert inspect(url, NOW).faults == (), "that takes reading it all"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_bytes_that_are_lost_are_found_wherever_they_were(url: str, store: SqlStore) -> None:
    filled(store)
    store.close()
    file = Path(url.removeprefix("sqlite:///"))
    content = file.read_bytes()
    for start in range(4096, len(content), len(content) // 6):
        file.write_bytes(content[:start] + b"\xa5" * 4096 + content[start + 4096 :])
        faults = look(url).faults
        assert any("is damaged" in fault.problem for fault in faults), start
        assert all("restore" in fault.remedy for fault in faults)
    file.write_bytes(content[: len(content) // 2])
    assert "is damaged" in told(look(url))


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_log_that_a_reader_keeps_is_told_of(url: str, store: SqlStore) -> None:
    with store.read() as reading:
        reading.items.count_judged(None)
        with store.begin() as tx:
            tx.items.add([item(body="long " * 14_000_000)])
        assert "write-ahead log has grown to" in told(inspect(url, NOW))
    store.tidy()
    assert inspect(url, NOW).faults == ()


def test_an_index_that_is_not_whole_is_named(request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue("new_database")())
    upgrade(url)
    spoil(url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_feeds_due'::regclass")
    assert "indexes that are not whole: ix_feeds_due; REINDEX INDEX ix_feeds_due" in told(look(url))


def test_an_encoding_that_can_not_hold_every_text_is_named(request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue("new_database")())
    name = url.partition("/test_")[2].partition("?")[0]
    engine = create_engine(sqlalchemy_url(url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        other = f"latin_{name}"
        connection.execute(
            text(f"CREATE DATABASE {other} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        )
    engine.dispose()
    latin = url.replace(f"/test_{name}", f"/{other}")
    upgrade(latin)
    assert "its encoding is LATIN1" in told(look(latin))
