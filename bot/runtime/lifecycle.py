"""The life of the daemon's process: one a data folder, drained by SIGTERM."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from bot.errors import ChipwatchError

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

# Container engines send SIGKILL ten seconds after SIGTERM; leave time to close the database.
DRAIN = timedelta(seconds=8)
_LOOK_AGAIN = 1.0  # seconds
_DELIVERING = "deliver.lock"


@contextmanager
def single_instance(data: Path) -> Iterator[None]:
    """Hold the data folder's lock; the kernel lets go of it when the process dies, however it dies.

    Raises ChipwatchError where another process holds it.
    """
    problem = f"another chipwatch is running with the data folder {data}; stop it, or name another --data"
    with _locked(data / "chipwatch.lock", problem):
        yield


@contextmanager
def delivering(data: Path) -> Iterator[None]:
    """Let a process that starts meanwhile know that a command sends messages: it isn't the only one then.

    Raises ChipwatchError where another command does.
    """
    with _locked(data / _DELIVERING, "another chipwatch deliver is sending what is due; wait for it"):
        yield


def delivers(data: Path) -> bool:
    """Whether a command sends messages just now."""
    try:
        with delivering(data):
            return False
    except ChipwatchError:
        return True


@contextmanager
def _locked(file: Path, problem: str) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ChipwatchError(problem) from error
    try:
        yield
    finally:
        lock.release()


class StopSignal:
    """SIGTERM and SIGINT, heard from when this is made."""

    def __init__(self) -> None:
        # The one thing that a handler may touch: an event's lock may be held by the very code it interrupts.
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda heard, _frame: self._heard.put(heard))

    def wait(self) -> str:
        """Return the name of the first that comes; only in the main thread.

        Looks again every second: a signal that comes just before the thread begins to wait does not wake it.
        """
        while True:
            with suppress(queue.Empty):
                return signal.Signals(self._heard.get(timeout=_LOOK_AGAIN)).name


def drain(scheduler: BackgroundScheduler, within: timedelta = DRAIN) -> bool:
    """End ticking and wait for running steps. ``False`` where one would not end in time.

    What such a step had claimed is leased: after a restart it comes again.
    """
    waiter = threading.Thread(target=scheduler.shutdown, kwargs={"wait": True}, daemon=True)
    waiter.start()
    waiter.join(within.total_seconds())
    return not waiter.is_alive()
