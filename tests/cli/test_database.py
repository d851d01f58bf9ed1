import sqlite3
from pathlib import Path

from tests.cli.calling import chipwatch, write_config
from tests.cli.conftest import Place


def test_tables_are_made_once(tmp_path: Path) -> None:
    where = ("--config", write_config(tmp_path / "config"), "--data", tmp_path / "data")
    first = chipwatch("db", "upgrade", *where)
    assert first.status == 0
    assert first.out.startswith("from revision none to ")
    again = chipwatch("db", "upgrade", *where)
    assert again.out == f"already at revision {first.out.split()[-1]}\n"


def test_every_command_brings_the_tables_up_to_date(place: Place) -> None:
    assert place.call("items").status == 0
    assert place.call("db", "upgrade").out.startswith("already at revision")


def test_a_database_of_a_newer_version_is_refused_and_left_alone(place: Place) -> None:
    place.call("db", "upgrade")
    with sqlite3.connect(place.data / "chipwatch.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    database.close()
    for command in ("items", "poll", "run"):
        called = place.call(command)
        assert called.status == 1
        assert "newer version" in called.err
    assert place.call("db", "upgrade").status == 1


def test_a_file_that_is_no_database_is_named(place: Place) -> None:
    place.data.mkdir()
    (place.data / "chipwatch.db").write_bytes(b"not a database, but long enough to look like one" * 50)
    called = place.call("items")
    assert called.status == 1
    assert "chipwatch.db" in called.err
