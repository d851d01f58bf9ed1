"""Addresses, migrations and versions, on fresh databases of both engines."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from bot.errors import StoreAbsent, StoreError, StoreVersion
from bot.storage.engine import check_address, check_version, open_store, upgrade
from bot.storage.schema import REVISIONS, metadata
from tests.storage.conftest import sqlalchemy_url
from tests.storage.samples import item


def test_an_upgraded_database_is_accepted_and_upgraded_once(empty_url: str) -> None:
    assert upgrade(empty_url) == (None, REVISIONS[-1])
    check_version(empty_url)
    assert upgrade(empty_url) == (REVISIONS[-1], REVISIONS[-1])
    check_version(empty_url)


def test_a_database_that_is_not_migrated_is_refused_and_left_as_it_is(empty_url: str) -> None:
    with pytest.raises(StoreAbsent, match="chipwatch db restore FILE"):
        check_version(empty_url)
    if empty_url.startswith("sqlite"):
        assert not Path(empty_url.removeprefix("sqlite:///")).exists()


def test_a_database_without_tables_is_refused(empty_url: str) -> None:
    store = open_store(empty_url)
    store.ping()
    store.close()
    with pytest.raises(StoreAbsent, match="has no tables yet; start with `chipwatch run`"):
        check_version(empty_url)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(empty_url: str) -> None:
    upgrade(empty_url)
    engine = create_engine(sqlalchemy_url(empty_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refuse in (check_version, upgrade):
        with pytest.raises(StoreVersion, match=r"newer version of chipwatch \(revision 9999\)"):
            refuse(empty_url)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    # Something is in the way of a table that the migrations make late.
    engine = create_engine(sqlalchemy_url(empty_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE verdicts (something INTEGER)"))
    with pytest.raises(Exception, match="verdicts"):
        upgrade(empty_url)
    assert inspect(engine).get_table_names() == ["verdicts"]
    engine.dispose()


def test_several_processes_may_upgrade_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        before = [before for before, _ in pool.map(upgrade, [empty_url] * 4)]
    assert before.count(None) == 1
    engine = create_engine(sqlalchemy_url(empty_url))
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_folders_are_made_for_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / '100% deep' / 'chipwatch.db'}"
    upgrade(url)
    store = open_store(url)
    with store.begin() as tx:
        tx.items.add([item()])
    store.close()
    check_version(url)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"can't be created .* name another folder"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'chipwatch.db'}")


@pytest.mark.parametrize(
    "url", ["", "no address", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "postgresql+other://h/db"]
)
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///path/to/file\.db or postgresql://user@host/name"):
        open_store(url)
    with pytest.raises(StoreError, match=r"sqlite:///path/to/file\.db or postgresql://user@host/name"):
        check_address(url)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_server_is_taken(scheme: str) -> None:
    open_store(f"{scheme}://user@host/name").close()


def test_the_driver_that_is_missing_is_named() -> None:
    # A process of its own: here the driver is installed and imported.
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from bot.storage.engine import open_store\n"
        "open_store('postgresql://user:secret@host/name')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "pip install 'chipwatch[postgres]'" in last
    assert "secret" not in last


def test_an_engine_is_imported_only_where_a_database_is_opened() -> None:
    code = "import sys, bot.storage; print(*(m for m in ('sqlalchemy', 'alembic') if m in sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []


def test_a_database_that_is_up_to_date_costs_no_import_of_the_migrations(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chipwatch.db'}"
    upgrade(url)
    code = f"import sys, bot.storage.engine as e; e.upgrade({url!r}); print('alembic' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False"]
