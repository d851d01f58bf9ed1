import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli.opening import looked_into, opened
from bot.errors import ConfigErrors, StoreAbsent, StoreError
from bot.runtime import lifecycle
from tests.cli.calling import chipwatch, write_config
from tests.cli.conftest import Place


def test_a_command_gets_the_bot_and_the_database_is_made(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config")
    with opened(config, tmp_path / "new" / "data") as application, application.store.read() as tx:
        assert list(application.deps.topics) == ["ferries"]
        assert tx.items.search(topic=None, since=None, words=(), limit=1) == []
    assert (tmp_path / "new" / "data" / "chipwatch.db").exists()


def test_a_wrong_configuration_opens_nothing(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config", topic='titel = "x"\n')
    with pytest.raises(ConfigErrors), opened(config, tmp_path / "data"):
        pass
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_can_not_be_is_named(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config")
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match="data"), opened(config, tmp_path / "data"):
        pass
    called = chipwatch("poll", "--config", config, "--data", tmp_path / "data")
    assert called.status == 1
    assert called.err.startswith(f"chipwatch: {tmp_path / 'data'}")


def test_a_change_of_the_configuration_names_a_running_daemon_and_how_it_hears_of_it(tmp_path: Path) -> None:
    folders = ("--config", write_config(tmp_path / "config"), "--data", tmp_path / "data")
    article = tmp_path / "ferry.txt"
    article.write_text("A ferry for the sound\n\nIt carries cars and people to the islands, all day long.\n")
    opml = tmp_path / "feeds.opml"
    opml.write_text('<opml version="2.0"><body><outline xmlUrl="https://two.example/rss"/></body></opml>')
    changes = (
        ("feeds", "add", "--unchecked", "https://one.example/rss"),
        ("feeds", "import", opml),
        ("feeds", "remove", "https://one.example/rss"),
        ("corpus", "add", "--topic", "ferries", article),
        ("corpus", "remove", "not-football"),
    )
    with lifecycle.single_instance(tmp_path / "data"):
        for change in changes:
            called = chipwatch(*change, *folders)
            assert (called.status, "kill -HUP" in called.err) == (0, True), change
        assert not chipwatch(*changes[1], *folders).err, "nothing was changed"
    assert not chipwatch(*changes[0], *folders).err, "no daemon runs"


# ── commands that only look ──────────────────────────────────────────────────────────────────────

LOOKS = (
    ("items",),
    ("stories",),
    ("stories", "--explain", "3f2a"),
    ("why", "3f2a"),
    ("deliveries", "list"),
    ("deliveries", "dead"),
    ("deliveries", "show", "3f2a"),
    ("feedback", "list"),
    ("topics", "drift"),
    ("backtest",),
    ("config", "plan"),
)


@pytest.mark.parametrize("look", LOOKS, ids=" ".join)
def test_a_look_makes_no_database_and_says_how_to_get_one(place: Place, look: tuple[str, ...]) -> None:
    called = place.call(*look)
    assert (called.status, called.out) == (1, "")
    assert (
        f"there is no database at {place.data / 'chipwatch.db'} yet; start with `chipwatch run`" in called.err
    )
    assert "chipwatch db restore FILE" in called.err
    assert not place.data.exists()


def test_feeds_are_listed_before_there_is_a_database(place: Place) -> None:
    (feed,) = place.json("feeds", "list")
    assert feed["url"] == place.feed
    assert "never polled" in place.call("feeds", "list").out
    assert place.call("status").status == 1
    assert not place.data.exists()


def test_a_look_leaves_a_database_of_an_older_version_as_it_is(polled: Place) -> None:
    file = polled.data / "chipwatch.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("update alembic_version set version_num = '0001'")
    for look in (*LOOKS, ("feeds", "list")):
        called = polled.call(*look)
        assert called.status == 1, look
        assert "is not migrated yet; run `chipwatch db upgrade`" in called.err
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("select version_num from alembic_version").fetchall() == [("0001",)]


def test_what_looks_in_finds_what_is_there(polled: Place) -> None:
    with looked_into(polled.config, polled.data) as application, application.store.read() as tx:
        assert tx.items.search(topic=None, since=None, words=(), limit=5)
    with pytest.raises(StoreAbsent), looked_into(polled.config, polled.data / "other"):
        pass
