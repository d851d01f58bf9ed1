"""The watchdog: what is stuck or fails is named once, with where it stands, and told when it can be."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import structlog

from bot.daemon.watchdog import Watchdog, stack_of
from bot.model import Part
from bot.runtime.steps import Heartbeat
from tests.cli.calling import NEWS, TOPIC, entry, rss
from tests.daemon.house import FEED_TYPE, House, running
from tests.daemon.running import Parts, parts
from tests.http_server import Answer, wait_until
from tests.runtime.test_steps import Stopwatch
from tests.soak.life import LeapingClock

LIMIT = timedelta(minutes=10)
URL = "https://one.example/rss"


def a_step_that_hangs_here(heartbeat: Heartbeat, go_on: threading.Event) -> None:
    password = "hunter2"  # noqa: F841 - a value that stands in the frame
    heartbeat.begun("poll")
    go_on.wait(20)
    heartbeat.ended("poll")


@contextmanager
def a_stuck_step(heartbeat: Heartbeat) -> Iterator[None]:
    go_on = threading.Event()
    thread = threading.Thread(target=a_step_that_hangs_here, args=(heartbeat, go_on))
    thread.start()
    try:
        yield
    finally:
        go_on.set()
        thread.join()


def told(running: Parts) -> list[tuple[str, str, bool]]:
    """Step, cause and whether it is over."""
    with running.current.deps().store.read() as tx:
        found = tx.alarms.all()
    assert {each.part for each in found} <= {Part.STEP}
    return sorted((each.subject, each.cause, each.over_at is not None) for each in found)


def test_a_stuck_step_is_named_once_with_its_stack_and_told_and_over(house: House) -> None:
    house.watch(URL)
    watch = Stopwatch()
    heartbeat = Heartbeat(limits={"poll": LIMIT}, now=watch)
    with parts(house) as running, structlog.testing.capture_logs() as log:
        dog = Watchdog(heartbeat, running.current.deps)
        with a_stuck_step(heartbeat):
            watch.seconds += 600
            dog.look()
            assert not log
            watch.seconds += 60
            dog.look()
            dog.look()
            assert told(running) == [("poll", "stuck", False)]
        dog.look()
        assert told(running) == [("poll", "stuck", True)]
    stuck, over = log
    assert (stuck["event"], stuck["step"], stuck["seconds"]) == ("step stuck", "poll", 660)
    places = stuck["stack"].splitlines()
    assert any("test_watchdog.py:" in place and "a_step_that_hangs_here" in place for place in places)
    assert "hunter2" not in str(log)
    assert (over["event"], over["step"], over["was"]) == ("step works again", "poll", "stuck")


def test_a_failing_step_is_named_once_and_told_and_over(house: House) -> None:
    house.watch(URL)
    watch = Stopwatch()
    heartbeat = Heartbeat(limits={"poll": LIMIT}, now=watch)
    with parts(house) as running, structlog.testing.capture_logs() as log:
        dog = Watchdog(heartbeat, running.current.deps)
        for _ in range(4):
            watch.seconds += 300
            heartbeat.begun("poll")
            heartbeat.failed("poll", "StoreError: the disk")
            dog.look()
        assert told(running) == [("poll", "failing", False)]
        heartbeat.begun("poll")
        heartbeat.ended("poll")
        dog.look()
        assert told(running) == [("poll", "failing", True)]
    assert [(line["event"], line.get("error")) for line in log] == [
        ("step failing", "StoreError: the disk"),
        ("step works again", None),
    ]


def test_a_stuck_step_that_then_fails_is_not_over_until_it_ends_well(house: House) -> None:
    house.watch(URL)
    watch = Stopwatch()
    heartbeat = Heartbeat(limits={"poll": LIMIT}, now=watch)
    with parts(house) as running:
        dog = Watchdog(heartbeat, running.current.deps)
        heartbeat.begun("poll")
        watch.seconds += 660
        dog.look()
        heartbeat.failed("poll", "TimeoutError")
        dog.look()
        assert told(running) == [("poll", "failing", False), ("poll", "stuck", False)]
        heartbeat.begun("poll")
        heartbeat.ended("poll")
        dog.look()
        assert told(running) == [("poll", "failing", True), ("poll", "stuck", True)]


def test_what_was_told_before_a_restart_is_over_when_the_step_ends_well_after_it(house: House) -> None:
    house.watch(URL)
    watch = Stopwatch()
    before = Heartbeat(limits={"poll": LIMIT, "dance": LIMIT}, now=watch)
    with parts(house) as running:
        watch.seconds += 660
        Watchdog(before, running.current.deps).look()
        assert told(running) == [("dance", "stuck", False), ("poll", "stuck", False)]
        after = Heartbeat(limits={"poll": LIMIT}, now=watch)
        dog = Watchdog(after, running.current.deps)
        dog.look()
        assert told(running) == [("dance", "stuck", True), ("poll", "stuck", False)], "nobody dances now"
        after.ended("poll")
        dog.look()
        assert told(running) == [("dance", "stuck", True), ("poll", "stuck", True)]


def test_what_the_database_can_not_take_is_in_the_log_and_told_later(house: House) -> None:
    house.watch(URL, more='\n[storage]\nbusy_timeout = "0s"\n')
    watch = Stopwatch()
    heartbeat = Heartbeat(limits={"poll": LIMIT}, now=watch)
    with parts(house) as running, structlog.testing.capture_logs() as log:
        dog = Watchdog(heartbeat, running.current.deps)
        watch.seconds += 660
        with closing(sqlite3.connect(house.data / "chipwatch.db", isolation_level=None)) as other_process:
            other_process.execute("BEGIN IMMEDIATE")
            dog.look()
            dog.look()
            other_process.execute("ROLLBACK")
        assert told(running) == []
        dog.look()
        assert told(running) == [("poll", "stuck", False)]
    assert [line["event"] for line in log] == ["step stuck"]


def test_a_thread_that_is_gone_stands_nowhere() -> None:
    assert stack_of(None) == stack_of(-1) == ""
    assert stack_of(threading.get_ident())


def test_the_daemon_names_a_stuck_step_and_is_unready_until_it_ends(house: House) -> None:
    """An advisor answers too slowly for the limit that the test sets; all other steps go on."""
    unsure = entry("7", "Weather at sea", "A ferry was late.")
    advisor = house.web.play("/v1/chat/completions", Answer(delay=60))
    asking = f'\n[judging.advisor]\nurl = "{advisor}"\nmodel = "m"\ntimeout = "4s"\n'
    asking += "margin = 3.0\nmax_share = 3.0\n"
    feed = house.web.play("/rss", Answer(body=rss(*NEWS, unsure), headers=FEED_TYPE))
    port = house.watch(feed, schedule="0 7 * * *", more=asking)
    (house.config / "topics" / "ferries.toml").write_text(TOPIC + "threshold = 0.97\n")
    clock = house.config.with_name("clock")
    LeapingClock.made(clock, datetime.now(UTC))
    with running(house, ("-m", "tests.daemon.quick", str(clock), "2")) as daemon:
        (stuck, *_) = daemon.wait_for("step stuck", within=20)
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        daemon.wait_for("step works again", within=20)
        wait_until(lambda: house.call("health").status == 0, 10)
        daemon.ended()
    assert stuck["step"] == "advise"
    assert "chat.py" in stuck["stack"]
    assert ready.status_code == 503
    assert ready.json()["troubles"]["advise"].startswith("has not got on for")
