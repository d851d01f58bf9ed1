"""One process: APScheduler ticks each step in a thread of its own, never two of one kind at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.errors import ChipwatchError, said
from bot.runtime.steps import Heartbeat, Step

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """What a unit of work raised."""

    error: str


def attempted(event: str, work: Callable[[], T], **fields: object) -> T | Fault:
    """Do one unit of work. Whatever it raises is logged under ``event`` and goes no further."""
    try:
        return work()
    except ChipwatchError as error:
        # Told in full by its message: a database that is away is no fault of the program.
        structlog.get_logger().error(event, error=str(error), **fields)
        return Fault(said(error))
    except Exception as error:  # noqa: BLE001 - the one place for it: around a unit of work
        structlog.get_logger().exception(event, **fields)
        return Fault(said(error))


def guard(what: str, work: Callable[[], T]) -> T | None:
    """``ports.Guard``: a fault in one item, feed, digest or message stops no other."""
    result = attempted("set aside", work, what=what)
    return None if isinstance(result, Fault) else result


def run_step(step: Step, heartbeat: Heartbeat) -> bool:
    """Run one step once and log it in one line. A fault ends this run of the step, never the process."""
    with structlog.contextvars.bound_contextvars(part=step.name):
        return _run_step(step, heartbeat)


def _run_step(step: Step, heartbeat: Heartbeat) -> bool:
    began = time.monotonic()
    heartbeat.begun(step.name)
    result = attempted("step failed", step.run, step=step.name)
    if isinstance(result, Fault):
        heartbeat.failed(step.name, result.error)
        return False
    heartbeat.ended(step.name)
    if result:
        spent = round((time.monotonic() - began) * 1000)
        structlog.get_logger().info(step.name, step=step.name, ms=spent, **result)
    return True


class _Pace(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """So long after a run was due and seen to be. What was missed is not even counted.

    The interval of the library lists every run that was missed: of a step every two seconds, after a clock
    that was set forward by a year, sixteen million.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._every


def start(steps: Sequence[Step], heartbeat: Heartbeat) -> BackgroundScheduler:
    """Begin to tick. The first run of every step is at once; missed ticks are run once, not made up for."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(steps))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for step in steps:
        scheduler.add_job(
            run_step,
            _Pace(step.every),
            args=(step, heartbeat),
            id=step.name,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    return scheduler


def tick_now(scheduler: BackgroundScheduler) -> None:
    """Have every step run at once, and then at its pace: for when the wall clock was set.

    The scheduler knows by the wall clock when a step is next. Set back by an hour, that is an hour off.
    """
    for job in scheduler.get_jobs():
        # One that is due by now runs anyway.
        if job.next_run_time > datetime.now(UTC):
            job.modify(next_run_time=datetime.now(UTC))
