import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bot.errors import StoreError
from bot.runtime import local
from bot.runtime.steps import Heartbeat, Step


def heartbeat() -> Heartbeat:
    return Heartbeat(limits={"work": timedelta(0)})


def test_a_step_is_told_in_one_line_with_what_it_did() -> None:
    step = Step(name="work", every=timedelta(seconds=1), run=lambda: {"items": 3})
    with structlog.testing.capture_logs() as lines:
        assert local.run_step(step, heartbeat())
    assert [(line["event"], line["items"]) for line in lines] == [("work", 3)]


def test_nothing_due_says_nothing() -> None:
    step = Step(name="work", every=timedelta(seconds=1), run=dict)
    with structlog.testing.capture_logs() as lines:
        assert local.run_step(step, heartbeat())
    assert not lines


def test_a_fault_is_logged_and_does_not_end_the_process() -> None:
    def broken() -> Mapping[str, object]:
        raise ValueError("a bug")

    beat = heartbeat()
    with structlog.testing.capture_logs() as lines:
        assert not local.run_step(Step(name="work", every=timedelta(seconds=1), run=broken), beat)
    assert lines[0]["event"] == "step failed"
    (trouble,) = beat.troubles()
    assert (trouble.step, trouble.error) == ("work", "ValueError")


def test_trouble_that_its_message_tells_in_full_has_no_traceback() -> None:
    def away() -> Mapping[str, object]:
        raise StoreError("the database can't be used; check that it runs")

    with structlog.testing.capture_logs() as lines:
        assert not local.run_step(Step(name="work", every=timedelta(seconds=1), run=away), heartbeat())
    (line,) = lines
    assert (line["event"], line["error"]) == (
        "step failed",
        "the database can't be used; check that it runs",
    )
    assert not line.get("exc_info")


def test_every_step_ticks_and_a_slow_one_holds_up_no_other() -> None:
    ticks = threading.Semaphore(0)
    release = threading.Event()

    def slow() -> Mapping[str, object]:
        release.wait(10)
        return {}

    def quick() -> Mapping[str, object]:
        ticks.release()
        return {}

    steps = [
        Step(name="slow", every=timedelta(seconds=0.05), run=slow),
        Step(name="quick", every=timedelta(seconds=0.05), run=quick),
    ]
    scheduler = local.start(steps, heartbeat())
    try:
        assert all(ticks.acquire(timeout=5) for _ in range(3))
    finally:
        release.set()
        scheduler.shutdown(wait=True)


def test_a_guarded_fault_is_logged_with_its_place_and_goes_no_further() -> None:
    def broken() -> int:
        raise ValueError("a bug")

    with structlog.testing.capture_logs() as lines:
        assert local.guard("judging item 7", broken) is None
        assert local.guard("judging item 8", lambda: 8) == 8
    assert [(line["event"], line["what"]) for line in lines] == [("set aside", "judging item 7")]


def test_what_was_missed_for_a_year_is_not_even_counted() -> None:
    ticks = threading.Semaphore(0)

    def work() -> Mapping[str, object]:
        ticks.release()
        return {}

    scheduler = local.start([Step(name="work", every=timedelta(seconds=1), run=work)], heartbeat())
    try:
        assert ticks.acquire(timeout=5)
        (job,) = scheduler.get_jobs()
        # As a clock leaves it that is set forward: the library's interval would list 31 million runs first.
        job.modify(next_run_time=datetime.now(UTC) - timedelta(days=365))
        assert all(ticks.acquire(timeout=5) for _ in range(2))
        (job,) = scheduler.get_jobs()
        assert datetime.now(UTC) - job.next_run_time < timedelta(days=1)
    finally:
        scheduler.shutdown(wait=False)
