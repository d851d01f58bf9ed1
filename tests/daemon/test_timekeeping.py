from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from bot.daemon.timekeeping import Timekeeping
from bot.model import Part
from bot.pipeline.deps import Deps
from bot.runtime.clockwatch import Jump
from tests.cli.calling import NEWS, rss
from tests.daemon.house import FEED_TYPE, House, running
from tests.fakes import START
from tests.http_server import Answer
from tests.pipeline.conftest import opened_bot
from tests.soak.life import LeapingClock

HOUR = timedelta(hours=1)


def test_a_jump_is_logged_told_and_followed_by_a_run_of_every_step(tmp_path: Path) -> None:
    ticks: list[str] = []
    with opened_bot(tmp_path) as bot, structlog.testing.capture_logs() as lines:
        timekeeping = Timekeeping(lambda: bot.deps, lambda: ticks.append("now"))
        timekeeping(Jump(before=START, after=START - HOUR))
        with bot.store.read() as tx:
            assert [each.part for each in tx.alarms.all()] == [Part.CLOCK]
    assert ticks == ["now"]
    (line,) = lines
    assert (line["event"], line["seconds"]) == ("clock was set", -3600.0)
    assert datetime.fromisoformat(line["after"]) == START - HOUR


def test_steps_run_again_although_nothing_can_be_written(tmp_path: Path) -> None:
    ticks: list[str] = []
    with opened_bot(tmp_path) as bot:
        gone: Callable[[], Deps] = lambda: replace(bot.deps, store=None)  # type: ignore[arg-type]  # noqa: E731
        with pytest.raises(AttributeError):
            Timekeeping(gone, lambda: ticks.append("now"))(Jump(before=START, after=START - HOUR))
    assert ticks == ["now"]


def test_a_digest_is_sent_once_by_a_daemon_whose_clock_is_set_ahead_and_back(house: House) -> None:
    """It is half past seven. The clock goes to nine, where the digest of eight is due, and back."""
    feed = house.web.play("/rss", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    house.watch(feed, schedule='0 8 * * *"\nsend_empty = true # "')
    file = house.config.with_name("clock")
    clock = LeapingClock.made(file, datetime(2026, 11, 23, 7, 30, tzinfo=UTC))
    file.with_suffix(".watched").touch()
    with running(house, ("-m", "tests.daemon.quick", str(file), "60")) as daemon:
        assert daemon.wait_for("triage")
        clock.leap(1.5 * HOUR)
        assert len(daemon.wait_for("digest")) == 1
        assert daemon.wait_for("clock was set"), "it looks once a second: there and back would be nothing"
        clock.leap(-1.5 * HOUR)
        assert [round(line["seconds"]) for line in daemon.wait_for("clock was set", 2)] == [5400, -5400]
        clock.leap(0.75 * HOUR)
        assert len(daemon.wait_for("clock was set", 3)) == 3
        time.sleep(1)  # several ticks, at a quarter past eight
        assert len(daemon.said("digest")) == 1
        clock.leap(24 * HOUR)
        assert len(daemon.wait_for("digest", 2)) == 2
        daemon.ended()
