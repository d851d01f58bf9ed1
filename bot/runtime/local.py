"""One process: APScheduler ticks each step in a thread of its own, never two of one kind at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.runtime.steps import Heartbeat, Step


def run_step(step: Step, heartbeat: Heartbeat, now: Callable[[], datetime]) -> bool:
    """Run one step once and log it in one line. A fault ends this run of the step, never the process."""
    log = structlog.get_logger().bind(step=step.name)
    began = time.monotonic()
    try:
        fields = step.run()
    except Exception as error:
        heartbeat.failed(step.name, f"{type(error).__name__}: {error}")
        log.exception("step failed", ms=round((time.monotonic() - began) * 1000))
        return False
    heartbeat.ended(step.name, now())
    if fields:
        log.info(step.name, ms=round((time.monotonic() - began) * 1000), **fields)
    return True


def start(steps: Sequence[Step], heartbeat: Heartbeat, now: Callable[[], datetime]) -> BackgroundScheduler:
    """Begin to tick. The first run of every step is at once; missed ticks are run once, not made up for."""
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(steps))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for step in steps:
        scheduler.add_job(
            run_step,
            "interval",
            seconds=step.every.total_seconds(),
            args=(step, heartbeat, now),
            id=step.name,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    return scheduler
