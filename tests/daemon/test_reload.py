"""SIGHUP: the configuration is read anew while the daemon runs, as a whole or not at all."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import structlog

from bot.daemon.reload import Reload, reloading
from bot.model import Alarm
from bot.storage.engine import open_store
from tests.cli.calling import NEWS, entry, rss
from tests.daemon.house import FEED_TYPE, House, free_port, running
from tests.daemon.running import Parts, parts
from tests.http_server import Answer, wait_until

ONE, OTHER = "https://one.example/rss", "https://other.example/rss"
LATER = entry("8", "Ostren orders a third car ferry", "It will cross the sound at night.")


def feeds(running: Parts) -> set[str]:
    """Addresses of the feeds that are polled, as the steps and as the database know them."""
    deps = running.current.deps()
    with deps.store.read() as tx:
        stored = {state.url for state in tx.feeds.states().values()}
    assert stored == {feed.url for feed in deps.feeds.values()}
    return stored


def alarms(running: Parts) -> Sequence[Alarm]:
    with running.current.deps().store.read() as tx:
        return tx.alarms.all()


def is_alive(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx.ConnectError:
        return False


# ── in a process of its own ──────────────────────────────────────────────────────────────────────


def test_everything_that_changed_is_in_force_within_seconds_and_nothing_is_lost(house: House) -> None:
    """While a feed hangs: its round ends early, and the new configuration begins with the next one."""
    known = house.web.play("/known", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    hanging = house.web.play("/hanging", Answer(body=rss(*NEWS), delay=60))
    added = house.web.play("/added", Answer(body=rss(LATER), headers=FEED_TYPE))
    before = house.watch(known, hanging, schedule="0 7 * * *")
    with running(house) as daemon:
        wait_until(lambda: house.web.asked("/hanging") and len(house.told("alerts")) == 1, 15)
        after = house.watch(known, added, schedule="0 7 * * *", more='\n[log]\nlevel = "debug"\n')
        settings = house.config / "chipwatch.toml"
        settings.write_text(settings.read_text().replace('folder = "alerts"', 'folder = "elsewhere"'))
        daemon.asked(signal.SIGHUP)
        (line,) = daemon.wait_for("configuration in force")
        wait_until(lambda: len(house.told("elsewhere")) == 1, 15)
        assert is_alive(after)
        assert not is_alive(before)
        log = daemon.ended()
    assert (line["feeds"], line["topics"], line["channels"]) == (2, 1, 2)
    assert len(house.web.asked("/known")) == 1, "what was not due before is not due now"
    assert len(house.told("alerts")) == 1
    assert not [each for each in log if each["level"] == "error"]


def test_a_signal_to_end_is_heard_while_it_reads(house: House) -> None:
    house.watch(ONE)
    with running(house) as daemon:
        for _ in range(50):
            daemon.asked(signal.SIGHUP)
        log = daemon.ended()
    assert log[-1]["event"] == "stopped"
    assert log[-1]["drained"]


def test_asked_often_while_it_reads_it_reads_once_more() -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)
    times: list[int] = []

    def read() -> None:
        begun.release()
        go_on.acquire()
        times.append(1)

    with reloading(read) as reload:
        reload()
        begun.acquire()
        for _ in range(20):
            reload()
        go_on.release()
        begun.acquire()
        go_on.release()
        wait_until(lambda: len(times) == 2)
        assert not begun.acquire(timeout=0.2)


# ── what is put in force, and what is refused ────────────────────────────────────────────────────


def test_feeds_come_and_go(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        assert feeds(running) == {ONE}
        house.watch(OTHER, port=free_port())
        running.reload()
        assert feeds(running) == {OTHER}
        assert len(running.taken) == 1


def test_a_round_under_way_is_to_end_and_keeps_what_it_began_with(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        begun = running.current.deps()
        running.reload()
        assert begun.stopping()
        assert not running.current.deps().stopping()
        assert begun.feeds.keys() == running.current.deps().feeds.keys()


def test_what_is_known_of_hosts_stays_unless_http_changed(house: House) -> None:
    port = house.watch(ONE)
    with parts(house) as running:
        before = running.current.deps()
        running.reload()
        assert running.current.deps().fetcher is before.fetcher
        settings = house.config / "chipwatch.toml"
        settings.write_text(settings.read_text().replace('host_gap = "0s"', 'host_gap = "1s"'))
        running.reload()
        after = running.current.deps()
        assert after.fetcher is not before.fetcher
        assert (after.reader, after.store) == (before.reader, before.store)
        assert is_alive(port)


def test_a_broken_one_is_refused_with_all_its_problems_and_people_are_told_once(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        house.watch(OTHER, more="\n[http2]\nx = 1\n")
        (house.config / "topics" / "ferries.toml").write_text('title = "Ferries"\nquery = "(ferry"\n')
        with structlog.testing.capture_logs() as log:
            running.reload()
            running.reload()
        assert feeds(running) == {ONE}
        assert not running.taken
        (alarm,) = alarms(running)
        assert (alarm.part.value, alarm.cause) == ("configuration", "refused")
        assert "unknown key" in alarm.text
        assert 'did you mean "http"? ' in alarm.text
        assert alarm.text.endswith(". Mend it (chipwatch config check) and have it read again")
        assert "?;" not in alarm.text
        assert "?." not in alarm.text
        house.watch(OTHER)
        (house.config / "topics" / "ferries.toml").write_text('title = "Ferries"\nquery = "ferry"\n')
        running.reload()
        assert feeds(running) == {OTHER}
        assert [each.over_at is not None for each in alarms(running)] == [True]
    refused = [line for line in log if line["event"] == "configuration refused"]
    named = {(line["file"].rpartition("/")[2], line["key"]): line for line in refused[: len(refused) // 2]}
    assert set(named) == {("chipwatch.toml", "http2"), ("ferries.toml", "query")}
    assert all(line["line"] and line["problem"] for line in named.values())


def test_one_whose_address_is_taken_is_refused_and_the_old_one_goes_on_answering(house: House) -> None:
    before = house.watch(ONE)
    with parts(house) as running, socket.create_server(("127.0.0.1", 0)) as taken:
        house.watch(OTHER, port=taken.getsockname()[1])
        with structlog.testing.capture_logs() as log:
            running.reload()
        assert feeds(running) == {ONE}
        assert is_alive(before)
    (line,) = (line for line in log if line["event"] == "configuration refused")
    assert "can't listen on" in line["problem"]


def test_one_that_the_database_can_not_take_is_refused_as_a_whole(house: House) -> None:
    before = house.watch(ONE, more='\n[storage]\nbusy_timeout = "0s"\n')
    with parts(house) as running:
        other_process = open_store(running.current.application.configuration.database)
        after = house.watch(OTHER, more='\n[storage]\nbusy_timeout = "0s"\n')
        with other_process.begin(), structlog.testing.capture_logs() as log:
            running.reload()
        other_process.close()
        assert is_alive(before)
        assert not is_alive(after)
        assert feeds(running) == {ONE}
        running.reload()
        assert feeds(running) == {OTHER}
        assert is_alive(after)
    assert [line["problem"] for line in log if line["event"] == "configuration refused"]


def test_a_folder_that_is_gone_is_refused(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        house.config.rename(house.config.with_name("away"))
        with structlog.testing.capture_logs() as log:
            running.reload()
        assert feeds(running) == {ONE}
        house.config.with_name("away").rename(house.config)
    assert [line["event"] for line in log] == ["configuration refused"]


def test_one_that_hangs_is_named_and_told_of_until_it_ends(house: House) -> None:
    house.watch(ONE)
    pipe = house.config / "topics" / "pipe.toml"
    with parts(house) as running, structlog.testing.capture_logs() as log:
        os.mkfifo(pipe)
        slow = Reload(running.current, running.answering, running.taken.append, within=timedelta(seconds=0.2))
        reading = threading.Thread(target=slow)
        reading.start()
        wait_until(lambda: len(alarms(running)) == 1)
        (alarm,) = alarms(running)
        assert (alarm.part.value, alarm.cause, alarm.over_at) == ("configuration", "hanging", None)
        assert "could not be read within 0.2 s" in alarm.text
        with pipe.open("w") as writer:
            pipe.unlink()
            pipe.write_text('title = "Ferries"\nquery = "ferry"\n')
            writer.write(pipe.read_text())
        reading.join(10)
        assert not reading.is_alive()
        assert [each.over_at is not None for each in alarms(running)] == [True]
    assert len(running.taken) == 1
    (line,) = (line for line in log if line["log_level"] == "error")
    assert line["event"] == "reload hangs"
    assert "read_configuration" in line["stack"]


def test_another_database_waits_for_a_restart_and_the_rest_is_in_force(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        database = running.current.application.configuration.database
        secret = "postgresql://bot:hunter2hunter2@db.example/bot"
        house.watch(OTHER, more=f'\n[storage]\nurl = "{secret}"\n')
        with structlog.testing.capture_logs() as log:
            running.reload()
        assert feeds(running) == {OTHER}
        assert running.current.application.configuration.database == database
    assert [line["key"] for line in log if line["event"] == "needs a restart"] == ["[storage]"]
    assert "hunter2" not in str(log)


def test_a_thousand_times_leave_no_file_and_no_thread_behind(house: House) -> None:
    house.watch(ONE)
    with parts(house) as running:
        counts = []
        for number in range(1, 16):
            house.watch(ONE, OTHER, port=free_port())
            running.reload()
            if not number % 5:
                gc.collect()
                counts.append((len([*Path("/proc/self/fd").iterdir()]), threading.active_count()))
        assert len(running.taken) == 15
    assert len(set(counts[1:])) == 1, counts
