"""The life of the daemon's process: one a data folder, drained by SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout

from bot.errors import ChipwatchError

# Container engines send SIGKILL ten seconds after SIGTERM; leave time to close the database.
DRAIN = timedelta(seconds=8)


@contextmanager
def single_instance(data: Path) -> Iterator[None]:
    """Hold the data folder's lock; the kernel lets go of it when the process dies, however it dies.

    Raises ChipwatchError where another process holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data / "chipwatch.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        problem = f"another chipwatch is running with the data folder {data}; stop it, or name another --data"
        raise ChipwatchError(problem) from error
    try:
        yield
    finally:
        lock.release()


def stop_on_signal(stopping: threading.Event) -> None:
    """Let SIGTERM and SIGINT ask for an orderly end."""

    def ask(number: int, _frame: FrameType | None) -> None:
        structlog.get_logger().info("stopping", signal=signal.Signals(number).name)
        stopping.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)


def drain(scheduler: BackgroundScheduler, within: timedelta = DRAIN) -> bool:
    """End ticking and wait for running steps. ``False`` where one would not end in time.

    What such a step had claimed is leased: after a restart it comes again.
    """
    waiter = threading.Thread(target=scheduler.shutdown, kwargs={"wait": True}, daemon=True)
    waiter.start()
    waiter.join(within.total_seconds())
    return not waiter.is_alive()
