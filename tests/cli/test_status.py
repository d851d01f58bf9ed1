"""``chipwatch status`` on real databases, with and without a daemon."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import opened
from bot.configuration import read_configuration
from bot.model import Alarm, Part
from bot.runtime.lifecycle import single_instance
from bot.server.health import HealthServer
from tests.cli.calling import SETTINGS
from tests.cli.conftest import Place
from tests.http_server import Answer

OFF = '\n[server]\nbind = ""\n'


def part(out: str, name: str) -> list[str]:
    """The lines of one part, without its name."""
    lines = out.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(name))
    rest = lines[start + 1 :]
    ends = next((at for at, line in enumerate(rest) if not line.startswith(" ")), len(rest))
    return [line.removeprefix(name).strip() for line in lines[start : start + 1 + ends]]


@pytest.fixture
def quiet(place: Place) -> Place:
    """No health server is asked: another daemon of this machine may hold the usual port."""
    (place.config / "chipwatch.toml").write_text(SETTINGS + OFF)
    return place


def test_before_anything_ran_it_says_so_and_makes_nothing(quiet: Place) -> None:
    told = quiet.call("status")
    assert told.status == 1
    assert part(told.out, "Daemon") == ["not running; start it: chipwatch run"]
    assert "there is no database at" in part(told.out, "Database")[0]
    assert not quiet.data.exists()
    assert quiet.call("status", "--json").json["readable"] is False


def test_one_screen_of_a_usual_place(quiet: Place) -> None:
    quiet.call("poll")
    told = quiet.call("status")
    assert told.status == 0, told.err
    lines = told.out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert part(told.out, "Feeds")[0] == "1; 0 due now"
    assert part(told.out, "Polled")[0] == "1 feed in the past hour: 1 new"
    assert part(told.out, "Items") == ["2 new in the past hour, 2 in a day; stories told in a day: 0"]
    (digest,) = part(told.out, "Digests")
    assert digest.startswith("daily  ")
    assert "07:00 UTC, in " in digest
    assert digest.endswith("; none yet")
    assert part(told.out, "Outbox") == ["nothing waits, nothing is stuck"]
    assert part(told.out, "Troubles") == ["no feed is gone, failing or silent"]
    assert part(told.out, "Alarms") == ["none open"]


def test_what_was_told_and_what_waits(quiet: Place) -> None:
    quiet.call("poll")
    quiet.call("digest", "daily")
    told = quiet.call("status").out
    assert part(told, "Digests")[0].endswith(": 1 story")
    assert part(told, "Outbox") == ["folder: 3 waiting"]
    quiet.call("deliver")
    told = quiet.call("status").out
    assert part(told, "Outbox") == ["nothing waits, nothing is stuck"]
    assert "stories told in a day: 1" in part(told, "Items")[0]


def test_feeds_that_fail_and_alarms_that_are_open(quiet: Place) -> None:
    quiet.call("poll")
    quiet.web.play(quiet.path, Answer(status=410))
    quiet.call("poll", "--all")
    now = datetime.now(UTC)
    alarm = Alarm(part=Part.TOPIC, subject="ferries", cause="silent", text="No ferry for long", raised_at=now)
    with opened(read_configuration(quiet.config, quiet.data)) as application, application.store.begin() as tx:
        tx.alarms.put(alarm)
        tx.queue.disable("folder", datetime.now(UTC), "no such folder", "print")
    told = quiet.call("status").out
    troubles = part(told, "Troubles")
    assert troubles[0] == "1 gone"
    assert troubles[1].startswith("gone")
    assert part(told, "Feeds")[0].startswith("1 (1 switched off or gone); 0 due now")
    assert part(told, "Alarms")[0].endswith("No ferry for long")
    assert "folder: nothing waits; disabled since" in part(told, "Outbox")[0]
    spelled = quiet.json("status")
    assert spelled["feeds"]["worst"][0]["trouble"] == "gone"
    assert "topic" in [each["part"] for each in spelled["alarms"]]
    assert spelled["queues"][0]["why"] == "no such folder"


def test_a_running_daemon_is_seen_with_since_when_and_whether_it_is_ready(place: Place) -> None:
    troubles: dict[str, str] = {}
    server = HealthServer("127.0.0.1", 0, lambda: troubles)
    port = server.start()
    (place.config / "chipwatch.toml").write_text(SETTINGS + f'\n[server]\nbind = "127.0.0.1:{port}"\n')
    try:
        with (
            single_instance(place.data),
            opened(read_configuration(place.config, place.data)) as application,
        ):
            application.take_over()
            application.subscribe()
            line, *_ = part(place.call("status").out, "Daemon")
            assert line.startswith("running since 20")
            assert line.endswith("), ready")
            troubles["poll"] = "stuck"
            assert part(place.call("status").out, "Daemon")[1] == "poll: stuck"
            with application.store.begin():
                assert place.call("status").status == 0, "looking waits for no writer"
    finally:
        server.stop()
    told = part(place.call("status").out, "Daemon")[0]
    assert told.startswith("not running; last begun 20")


def test_the_file_may_differ_from_what_is_in_force(quiet: Place) -> None:
    quiet.call("poll")
    assert quiet.json("status")["changed"] is False
    (quiet.config / "chipwatch.toml").write_text((SETTINGS + OFF).replace("0 7 *", "0 8 *"))
    told = quiet.call("status").out
    assert "chipwatch config plan" in part(told, "Daemon")[1]


def test_only_the_settings_are_read(quiet: Place) -> None:
    quiet.call("poll")
    (quiet.config / "topics" / "ferries.toml").write_text("titel = 1")
    assert quiet.call("status").status == 0
    (quiet.config / "chipwatch.toml").write_text("[http]\nnothing = 1\n")
    assert quiet.call("status").status == 2


def test_a_database_of_another_version_is_named_and_left_alone(quiet: Place) -> None:
    quiet.call("poll")
    file = quiet.data / "chipwatch.db"
    for revision, problem in (("0009", "chipwatch db upgrade"), ("9999", "newer version")):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            connection.commit()
        told = quiet.call("status")
        assert told.status == 1
        assert problem in " ".join(part(told.out, "Database"))
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)


def test_nothing_is_written(quiet: Place) -> None:
    quiet.call("poll")
    before = contents(quiet.data)
    assert quiet.call("status").status == 0
    assert contents(quiet.data) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_slots_missed_are_due_now(quiet: Place) -> None:
    quiet.call("poll")
    with opened(read_configuration(quiet.config, quiet.data)) as application, application.store.begin() as tx:
        before = datetime.now(UTC) - timedelta(days=1, hours=1)
        tx.outbox.slot("daily", before, before)
    assert "due now" in part(quiet.call("status").out, "Digests")[0]
