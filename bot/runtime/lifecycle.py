"""The life of the daemon's process: one a data folder, drained by SIGTERM."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout

from bot.errors import ChipwatchError

# Container engines send SIGKILL ten seconds after SIGTERM; leave time to close the database.
DRAIN = timedelta(seconds=8)
_LOOK_AGAIN = 1.0  # seconds


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
