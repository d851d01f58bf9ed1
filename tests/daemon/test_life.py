"""The daemon as a process: polls, judges, alerts, composes and sends by itself, and ends when asked."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.calling import NEWS, TOPIC, entry, rss
from tests.daemon.house import FEED_TYPE, RUN, House, running, starting
from tests.http_server import Answer, wait_until

LATE = entry("7", "Weather at sea", "A ferry was late.")


def test_it_does_the_whole_job_by_itself(house: House) -> None:
    known = house.web.play("/known", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    fresh = entry("9", "Ostren orders a third car ferry", "It will cross the sound at night.")
    added = house.web.play("/added", Answer(body=rss(fresh), headers=FEED_TYPE))
    dead = "http://127.0.0.1:9/rss"
    # A digest whose slot has come: one was composed minutes ago, and a story was seen since.
    house.watch(known)
    assert house.call("digest", "daily", "--at", "3m").status == 0
    assert house.call("poll").status == 0
    house.watch(known, added, dead)
    with running(house) as daemon:
        wait_until(lambda: house.told("digests") and len(house.told("alerts")) == 2, 15)
        second = house.call("run")
        assert second.status == 1
        assert "another chipwatch is running" in second.err
        assert house.call("items", "third").status == 0, "one can look while it runs"
        log = daemon.ended()
    assert house.call("health").status == 1
    (digest,) = house.told("digests")
    assert "electric ferry" in json.dumps(digest)
    alerts = json.dumps(house.told("alerts"))
    assert "third car ferry" in alerts
    assert {delivery["state"] for delivery in house.call("deliveries", "list", "--json").json} == {"sent"}
    events = [line["event"] for line in log]
    assert events[0] == "started"
    assert events[-1] == "stopped"
    assert log[-1]["drained"] is True
    polled = {line["feed"]: line for line in log if line["event"] == "polled"}
    assert set(polled) == {added, dead}, "the other is not due yet"
    assert (polled[added]["result"], polled[added]["new"]) == ("new", 1)
    assert polled[dead]["result"] == "failed"
    assert polled[dead]["detail"].startswith("connect: ")
    assert {"triage", "digest", "deliver"} <= set(events)
    assert all("timestamp" in line and "level" in line for line in log)


def test_it_ends_in_time_although_a_feed_hangs(house: House) -> None:
    slow = house.web.play("/slow", Answer(body=rss(*NEWS), delay=60))
    house.watch(slow)
    with running(house) as daemon:
        wait_until(lambda: house.web.asked("/slow"), 10)
        log = daemon.ended()
    assert [line["event"] for line in log][:2] == ["new database", "started"]
    assert [(line["event"], line.get("signal"), line.get("drained")) for line in log][-2:] == [
        ("stopping", "SIGTERM", None),
        ("stopped", None, True),
    ]


def test_an_advisor_that_hangs_delays_no_alert(house: House) -> None:
    matched, unsure = (entry("1", "A ferry for the Skerry ferry line", "The ferry."), LATE)
    advisor = house.web.play("/v1/chat/completions", Answer(delay=60))
    asking = f'[judging.advisor]\nurl = "{advisor}"\nmodel = "m"\nmargin = 3.0\nmax_share = 3.0\n'
    asking += 'timeout = "1s"\n'
    house.watch(
        house.web.play("/rss", Answer(body=rss(matched, unsure), headers=FEED_TYPE)), schedule="0 7 * * *"
    )
    settings = house.config / "chipwatch.toml"
    settings.write_text(settings.read_text() + asking)
    (house.config / "topics" / "ferries.toml").write_text(TOPIC + "threshold = 0.97\n")
    with running(house) as daemon:
        wait_until(lambda: house.web.asked("/v1/chat/completions"), 15)
        wait_until(lambda: len(house.told("alerts")) == 1, 10)
        log = daemon.ended()
    assert [line["reason"] for line in log if line["event"] == "no advice"] == [
        "127.0.0.1: no answer within 1 s"
    ]
    (asked,) = house.web.asked("/v1/chat/completions")
    assert b"Weather at sea" in asked.body


def test_what_can_not_be_sent_is_logged_and_kept(house: House) -> None:
    house.watch(house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE)), schedule="0 7 * * *")
    house.data.mkdir()
    (house.data / "alerts").write_text("a file where the folder should be")
    with running(house) as daemon:
        wait_until(lambda: '"pending"' in house.call("deliveries", "list", "--json").out, 15)
        wait_until(lambda: house.call("deliveries", "list", "--json").json[0]["attempt"], 15)
        log = daemon.ended(signal.SIGINT)
    (refused, *_) = (line for line in log if line["event"] == "not delivered")
    assert (refused["level"], refused["state"], refused["tries"]) == ("warning", "pending", 1)
    assert refused["note"]
    (house.data / "alerts").unlink()
    assert house.call("deliveries", "dead").out == "no delivery is dead\n"


def test_a_wrong_configuration_keeps_it_from_starting(house: House) -> None:
    house.watch("https://harbor.example/rss")
    path = house.config / "feeds.toml"
    path.write_text(path.read_text().replace("url", "urk"))
    with running(house) as daemon:
        assert daemon.process.wait(10) == 2
        assert 'unknown key "urk"; did you mean "url"?' in daemon.file.read_text()
    assert not house.data.exists()


# ── how it begins and how it ends ────────────────────────────────────────────────────────────────


def test_killed_in_the_middle_it_leaves_no_lock_behind(house: House) -> None:
    house.watch(house.web.play("/slow", Answer(body=rss(*NEWS), delay=60)))
    with running(house) as daemon:
        wait_until(lambda: house.web.asked("/slow"), 10)
        daemon.process.kill()
        daemon.process.wait()
    assert (house.data / "chipwatch.lock").exists(), "the file stays, and is no obstacle"
    with running(house) as daemon:
        assert daemon.ended()[-1]["event"] == "stopped"


def test_a_second_signal_ends_it_at_once(house: House) -> None:
    """While the first one waits for a message that a service does not answer."""
    house.watch(house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE)), schedule="0 7 * * *")
    settings = house.config / "chipwatch.toml"
    hook = house.web.play("/hook", Answer(delay=60))
    settings.write_text(
        settings.read_text().replace(
            'type = "files"\nfolder = "alerts"\nformats = ["json"]',
            f'type = "webhook"\nurl = "{hook}"\nsecret = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="',
        )
    )
    with running(house) as daemon:
        wait_until(lambda: house.web.asked("/hook"), 15)
        daemon.asked(signal.SIGTERM)
        daemon.wait_for("stopping")
        daemon.asked(signal.SIGINT)
        assert daemon.process.wait(5) == 130
        assert daemon.log[-1]["event"] == "stopping"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_come_before_it_is_ready_count(house: House, number: signal.Signals) -> None:
    """The database is held by somebody else, so that its start lasts for as long as the test likes."""
    house.watch("https://harbor.example/rss")
    house.call("db", "upgrade")
    with closing(sqlite3.connect(house.data / "chipwatch.db", isolation_level=None)) as other_process:
        other_process.execute("BEGIN IMMEDIATE")
        with starting(house) as daemon:
            wait_until((house.data / "chipwatch.lock").exists, 20)
            daemon.asked(number)
            assert daemon.process.poll() is None
            other_process.execute("ROLLBACK")
            if number == signal.SIGHUP:
                daemon.wait_for("configuration in force")
                daemon.asked(signal.SIGTERM)
            assert daemon.process.wait(12) == 0
            events = [line["event"] for line in daemon.log]
    assert events[0] == "started"
    assert events[-2:] == ["stopping", "stopped"]


def test_it_ends_with_the_terminal_that_it_was_started_in(house: House) -> None:
    house.watch("https://harbor.example/rss")
    arguments = [sys.executable, *RUN, "--config", str(house.config), "--data", str(house.data)]
    child, terminal = pty.fork()
    if not child:
        os.execv(sys.executable, arguments)
    try:
        wait_until(lambda: house.call("health").status == 0, 20)
    finally:
        os.close(terminal)
    wait_until(lambda: os.waitpid(child, os.WNOHANG) == (child, 0), 12)


def test_a_name_whose_lookup_hangs_does_not_hold_up_the_end(house: House) -> None:
    """A resolver that never answers: half a minute, or longer, and nothing can be done about it."""
    house.watch("http://hangs.example/rss")
    with running(house, ("-m", "tests.daemon.deaf")) as daemon:
        wait_until((house.data / "asked").exists, 10)
        log = daemon.ended()
    assert log[-1]["drained"]


def test_it_allows_itself_the_files_that_it_needs_as_far_as_it_may(house: House) -> None:
    house.watch("https://harbor.example/rss")
    settings = house.config / "chipwatch.toml"
    settings.write_text(settings.read_text().replace('host_gap = "0s"', 'host_gap = "0s"\nconcurrency = 200'))
    with running(house, ("-c", LIMITED)) as daemon:
        limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
        (soft,) = (line.split()[3] for line in limits.splitlines() if line.startswith("Max open files"))
        daemon.ended()
    assert soft == "600"
    assert [line["wanted"] for line in daemon.said("few open files allowed")] == [200 * 4 + 512]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 600))
sys.argv[:1] = ["chipwatch", "run"]
from bot.cli.main import main
main()
"""


@pytest.mark.parametrize("redirected", ["2> /dev/full", "2> >(exec true)", "2>&-"])
def test_a_log_that_can_not_be_written_stops_nothing(house: House, redirected: str) -> None:
    """On a full disk, with its reader gone, without standard error: lines are lost, the work is done."""
    feed = house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    house.watch(feed, "http://127.0.0.1:1/broken", schedule="0 7 * * *")
    call = ["bash", "-c", f'exec "$@" {redirected}', "bash", sys.executable, *RUN]
    with subprocess.Popen([*call, "--config", house.config, "--data", house.data]) as process:
        try:
            wait_until(lambda: process.poll() is not None or len(house.told("alerts")) == 1, 20)
            assert process.poll() is None
            process.terminate()
            assert process.wait(timeout=12) == 0
        finally:
            process.kill()


def test_a_database_that_is_deleted_under_it_is_said_and_goes_on_when_it_is_back(house: House) -> None:
    house.watch(house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE)), schedule="0 7 * * *")
    files = [house.data / f"chipwatch.db{suffix}" for suffix in ("", "-wal", "-shm")]
    with running(house) as daemon:
        wait_until(lambda: len(house.told("alerts")) == 1, 15)
        for file in files:
            file.rename(house.config.with_name(file.name))
        outcome = house.call("health")
        assert (outcome.status, "its file is gone" in outcome.out) == (1, True)
        assert daemon.wait_for("step failed")
        for file in files:
            house.config.with_name(file.name).rename(file)
        assert house.call("health").status == 0
        daemon.ended()
