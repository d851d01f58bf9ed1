from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.channels.unsubscribe import KEY_FILE, unsubscribe_key
from bot.runtime.lifecycle import single_instance
from tests.cli.calling import NEWS, Outcome, chipwatch, entry, write_config
from tests.cli.conftest import Place


def test_tables_are_made_once(tmp_path: Path) -> None:
    where = ("--config", write_config(tmp_path / "config"), "--data", tmp_path / "data")
    first = chipwatch("db", "upgrade", *where)
    assert first.status == 0
    assert first.out.startswith("from revision none to ")
    again = chipwatch("db", "upgrade", *where)
    assert again.out == f"already at revision {first.out.split()[-1]}\n"


def test_a_command_that_works_brings_the_tables_up_to_date(place: Place) -> None:
    assert place.call("poll").status == 0
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


# ── databases that can't be used ─────────────────────────────────────────────────────────────────

EVERY = (
    ("items",),
    ("stories",),
    ("why", "ferry"),
    ("poll", "--all"),
    ("digest", "daily"),
    ("deliver",),
    ("deliveries", "list"),
    ("feeds", "list"),
    ("feedback", "list"),
    ("topics", "drift"),
    ("db", "upgrade"),
    ("db", "check"),
    ("db", "backup", "copy.db", "--force"),
)


def overwritten(content: bytes) -> bytes:
    """All but the first page, which names the tables."""
    return content[:4096] + b"\xa5" * (len(content) - 4096)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def another_file(content: bytes) -> bytes:
    return (b"Dear all, this is a letter. " * 1_000)[: len(content)]


@pytest.mark.parametrize("damage", [overwritten, truncated, another_file], ids=lambda each: each.__name__)
def test_every_command_names_a_database_that_is_damaged_and_what_to_do(
    polled: Place, damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = polled.data / "chipwatch.db"
    file.write_bytes(damage(file.read_bytes()))
    for command in (*EVERY, ("run",)):
        called = polled.call(*command)
        assert called.status == 1, command
        told = called.out if command == ("db", "check") else called.err
        assert "is damaged" in told, command
        assert "put a backup in its place: chipwatch db restore FILE" in told, command
        assert "Traceback" not in called.err
    assert not Path("copy.db").exists()


def test_bytes_lost_in_the_middle_trouble_no_command_but_in_words(polled: Place, tmp_path: Path) -> None:
    file = polled.data / "chipwatch.db"
    content = file.read_bytes()
    pages = len(content) // 4096
    for page in range(1, pages, pages // 5):
        start = 4096 * page
        file.write_bytes(content[:start] + b"\xa5" * 4096 + content[start + 4096 :])
        for command in EVERY[:2] + EVERY[-3:-1]:
            called = polled.call(*command)
            assert called.status in (0, 1), command
            assert "Traceback" not in called.err
            assert called.status == 0 or "is damaged" in called.err + called.out, (command, called)
        for beside in ("-wal", "-shm"):
            (polled.data / f"chipwatch.db{beside}").unlink(missing_ok=True)


def test_a_check_of_what_is_not_there_makes_nothing(place: Place) -> None:
    called = place.call("db", "check")
    assert called.status == 1
    assert called.out.startswith(
        f"there is no database at {place.data / 'chipwatch.db'}\n  → `chipwatch run`"
    )
    assert not place.data.exists()


def test_a_sound_database_is_called_so(polled: Place) -> None:
    called = polled.call("db", "check")
    assert called.status == 0
    assert called.out.startswith("SQLite 3.")
    assert called.out.endswith("no faults\n")
    found = polled.json("db", "check")
    assert found["faults"] == []
    assert found["size"] == (polled.data / "chipwatch.db").stat().st_size


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


def told(place: Place) -> list[str]:
    """Titles of the stories in all digests written so far."""
    return [
        story["title"]
        for file in (place.data / "digests").glob("*.json")
        for section in json.loads(file.read_text())["data"]["sections"]
        for story in section["stories"]
    ]


def a_day(place: Place) -> Outcome:
    assert place.call("poll", "--all").status == 0
    place.call("digest", "daily")
    return place.call("deliver")


def test_what_is_restored_goes_on_and_tells_nothing_twice(polled: Place, tmp_path: Path) -> None:
    key = unsubscribe_key(polled.data)
    a_day(polled)
    assert len(told(polled)) == 1
    copy = tmp_path / "monday.db"
    made = polled.call("db", "backup", copy)
    assert made.status == 0, made.err
    assert f"{copy}.{KEY_FILE}, the key of unsubscribe links" in made.out
    for file in (copy, copy.with_name(f"monday.db.{KEY_FILE}")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shutil.rmtree(polled.data)

    assert polled.call("db", "restore", copy).out == f"restored from {copy}\n"
    assert unsubscribe_key(polled.data) == key
    polled.publish(*NEWS, entry("3", "Ostren orders a third car ferry"))
    a_day(polled)
    assert told(polled) == ["Ostren orders a third car ferry"]
    assert polled.call("db", "check").status == 0


def test_nothing_is_restored_beneath_a_daemon(polled: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    polled.call("db", "backup", copy)
    with single_instance(polled.data):
        assert polled.call("db", "backup", copy, "--force").status == 0
        for command in (("restore", copy, "--force"), ("vacuum",)):
            refused = polled.call("db", *command)
            assert refused.status == 1
            assert "another chipwatch is running" in refused.err


def test_what_is_there_is_overwritten_only_where_asked(polled: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    unsubscribe_key(polled.data)
    assert polled.call("db", "backup", copy).status == 0
    for command in (("backup", copy), ("restore", copy)):
        refused = polled.call("db", *command)
        assert refused.status == 2
        assert "--force" in refused.err
    (polled.data / "chipwatch.db").unlink()
    (polled.data / KEY_FILE).write_bytes(b"another key of thirty-two bytes!")
    refused = polled.call("db", "restore", copy)
    assert refused.status == 2
    assert "is another key than" in refused.err
    assert polled.call("db", "restore", copy, "--force").status == 0
    assert (polled.data / KEY_FILE).read_bytes() == copy.with_name(f"copy.db.{KEY_FILE}").read_bytes()


def test_an_old_file_is_written_anew(polled: Place) -> None:
    with closing(sqlite3.connect(polled.data / "chipwatch.db", isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum = NONE")
        database.execute("VACUUM")
    called = polled.call("db", "vacuum")
    assert called.status == 0
    assert called.out.startswith("from ")
    with closing(sqlite3.connect(polled.data / "chipwatch.db")) as database:
        assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_a_copy_takes_the_place_of_a_database_that_holds_nothing_yet(polled: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert polled.call("db", "backup", copy).status == 0
    file = polled.data / "chipwatch.db"
    file.unlink()
    for make in (("db", "upgrade"), ("digest", "daily"), ("deliver",)):
        assert polled.call(*make).status == 0, make
    restored = polled.call("db", "restore", copy)
    assert restored.status == 0, restored.err
    assert polled.json("items")
    assert "--force" in polled.call("db", "restore", copy).err


def test_a_file_of_somebody_else_is_not_written_over_unasked(polled: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert polled.call("db", "backup", copy).status == 0
    file = polled.data / "chipwatch.db"
    for content in ("create table mine (x)", None):
        file.unlink()
        if content:
            with closing(sqlite3.connect(file)) as database, database:
                database.execute(content)
        else:
            file.write_bytes(b"Dear all, this is a letter. " * 1_000)
        assert "--force" in polled.call("db", "restore", copy).err
