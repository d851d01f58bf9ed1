import threading
from datetime import timedelta

import pytest

from bot.runtime.steps import FAILING, STUCK, Heartbeat

LIMITS = {"poll": timedelta(minutes=5)}


class Stopwatch:
    """A monotonic clock that tests put forward."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def heartbeat(watch: Stopwatch) -> Heartbeat:
    return Heartbeat(limits=LIMITS, now=watch)


def told(heartbeat: Heartbeat) -> list[tuple[str, str, str]]:
    return [(each.step, each.cause, each.text) for each in heartbeat.troubles()]


def test_a_step_that_never_ends_is_named_with_its_thread_once_its_limit_is_over(
    heartbeat: Heartbeat, watch: Stopwatch
) -> None:
    heartbeat.begun("poll")
    watch.seconds += 300
    assert not heartbeat.troubles()
    watch.seconds += 60
    assert told(heartbeat) == [("poll", STUCK, "has not got on for 6 min")]
    assert heartbeat.troubles()[0].thread == threading.get_ident()


def test_a_long_run_that_gets_on_is_not_stuck(heartbeat: Heartbeat, watch: Stopwatch) -> None:
    heartbeat.begun("poll")
    for _ in range(10):
        watch.seconds += 200
        heartbeat.beat("poll")
        assert not heartbeat.troubles()
    watch.seconds += 301
    assert told(heartbeat) == [("poll", STUCK, "has not got on for 5 min")]


def test_a_run_that_began_late_is_not_stuck_at_once(heartbeat: Heartbeat, watch: Stopwatch) -> None:
    watch.seconds += 290
    heartbeat.begun("poll")
    watch.seconds += 20
    assert not heartbeat.troubles()


def test_a_step_that_nobody_runs_is_named_too(heartbeat: Heartbeat, watch: Stopwatch) -> None:
    heartbeat.begun("poll")
    heartbeat.ended("poll")
    watch.seconds += 301
    (trouble,) = heartbeat.troubles()
    assert (trouble.cause, trouble.thread) == (STUCK, None)


def test_a_step_that_fails_run_after_run_says_why_until_it_ends_well(
    heartbeat: Heartbeat, watch: Stopwatch
) -> None:
    heartbeat.failed("poll", "StoreBusy: locked")
    assert not heartbeat.is_well("poll")
    assert not heartbeat.troubles(), "it may fail for as long as its limit"
    watch.seconds += 360
    heartbeat.begun("poll")
    expected = [("poll", FAILING, "fails for 6 min now: StoreBusy: locked")]
    assert told(heartbeat) == expected, "also while it tries again"
    heartbeat.failed("poll", "StoreBusy: locked")
    assert told(heartbeat) == expected
    heartbeat.begun("poll")
    heartbeat.ended("poll")
    assert heartbeat.is_well("poll")
    assert not heartbeat.troubles()


def test_one_that_failed_and_is_stuck_now_is_stuck(heartbeat: Heartbeat, watch: Stopwatch) -> None:
    heartbeat.failed("poll", "StoreBusy: locked")
    heartbeat.begun("poll")
    watch.seconds += 301
    assert [each.cause for each in heartbeat.troubles()] == [STUCK]


def test_a_step_has_not_ended_well_before_it_ran(heartbeat: Heartbeat) -> None:
    assert not heartbeat.is_well("poll")
