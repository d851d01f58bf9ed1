from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime import local
from bot.runtime.clockwatch import (
    NOTICED,
    ClockWatch,
    Jump,
    noticing_jumps,
    system_elapsed,
    system_now,
)
from bot.runtime.steps import Heartbeat, Step

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFTEN = timedelta(milliseconds=20)


@dataclass
class Clocks:
    """A wall clock that is set, beside one that is not."""

    seconds: float = 0.0
    off: timedelta = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds) + self.off

    def elapsed(self) -> float:
        return self.seconds


def test_time_that_passes_is_no_jump() -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.now, clocks.elapsed)
    for seconds in (0, 1, 8 * 3600, 400 * 86400):
        clocks.seconds += seconds
        assert watch.look() is None


def test_a_clock_that_is_set_is_seen_once() -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.now, clocks.elapsed)
    clocks.seconds, clocks.off = 1, -HOUR
    moment = START + timedelta(seconds=1)
    assert watch.look() == Jump(before=moment, after=moment - HOUR)
    assert watch.look() is None
    clocks.off = timedelta(0)
    assert watch.look() == Jump(before=moment - HOUR, after=moment)
    assert Jump(before=moment, after=moment - HOUR).by == -HOUR


def test_a_clock_that_runs_a_little_fast_is_not_taken_for_one_that_was_set() -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.now, clocks.elapsed)
    for _ in range(10_000):
        clocks.seconds += 1
        clocks.off += timedelta(milliseconds=1)
        assert watch.look() is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.timedeltas(timedelta(days=-800), timedelta(days=800))), max_size=20
    )
)
def test_what_is_noticed_is_what_was_set(changes: list[tuple[float, timedelta]]) -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.now, clocks.elapsed)
    for seconds, by in changes:
        clocks.seconds += seconds
        clocks.off += by
        jump = watch.look()
        if jump:
            assert abs(jump.by - by) < timedelta(milliseconds=1)
            assert jump.after == clocks.now()
        else:
            assert abs(by) < NOTICED + timedelta(milliseconds=1)


def test_the_systems_clocks_go_together() -> None:
    watch = ClockWatch(system_now, system_elapsed)
    threading.Event().wait(0.05)
    assert watch.look() is None


STOPPED = """
import sys
from bot.runtime.clockwatch import ClockWatch, system_elapsed, system_now
watch = ClockWatch(system_now, system_elapsed)
print("ready", flush=True)
sys.stdin.readline()
print(watch.look(), flush=True)
"""


def test_a_process_that_was_stopped_for_a_while_sees_no_jump() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGSTOP)
        threading.Event().wait(NOTICED.total_seconds() + 0.5)
        os.kill(process.pid, signal.SIGCONT)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "None\n"


def test_all_steps_run_at_once_when_the_clock_was_set() -> None:
    """The pace stands for a clock set back by an hour: for the scheduler, both are an hour until the next."""
    ran: queue.Queue[str] = queue.Queue()

    def step(name: str) -> Step:
        def run() -> Mapping[str, object]:
            ran.put(name)
            return {}

        return Step(name=name, every=HOUR, run=run)

    clocks = Clocks()
    scheduler = local.start([step("poll"), step("deliver")], Heartbeat(limits={}))
    try:
        assert {ran.get(timeout=5), ran.get(timeout=5)} == {"poll", "deliver"}
        jumps: queue.Queue[Jump] = queue.Queue()

        def jumped(jump: Jump) -> None:
            jumps.put(jump)
            local.tick_now(scheduler)

        with noticing_jumps(ClockWatch(clocks.now, clocks.elapsed), jumped, OFTEN):
            for by in (-HOUR, 26 * HOUR):
                clocks.off += by
                assert jumps.get(timeout=5).by == by
                assert {ran.get(timeout=5), ran.get(timeout=5)} == {"poll", "deliver"}
        assert ran.empty()
    finally:
        scheduler.shutdown(wait=True)


def test_what_fails_after_a_jump_does_not_end_the_watch() -> None:
    clocks = Clocks()
    seen: queue.Queue[timedelta] = queue.Queue()

    def jumped(jump: Jump) -> None:
        seen.put(jump.by)
        raise ValueError("a bug")

    with (
        structlog.testing.capture_logs() as lines,
        noticing_jumps(ClockWatch(clocks.now, clocks.elapsed), jumped, OFTEN),
    ):
        for by in (HOUR, -HOUR):
            clocks.off += by
            assert seen.get(timeout=5) == by
    assert {line["event"] for line in lines} == {"clock watch failed"}


def test_nobody_looks_without_a_watch() -> None:
    before = threading.active_count()
    with noticing_jumps(None, print):
        assert threading.active_count() == before
