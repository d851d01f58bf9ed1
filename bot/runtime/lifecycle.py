"""The life of the daemon's process: one a data folder, drained by SIGTERM, told by SIGHUP to read anew."""

from __future__ import annotations

import os
import queue
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from bot.errors import ChipwatchError
from bot.runtime.presence import LOCK

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

# Container engines send SIGKILL ten seconds after SIGTERM; leave time for the server, and for the database.
DRAIN = timedelta(seconds=7)
_LOOK_AGAIN = 1.0  # seconds
_LOOKED_AT = 0.5
"""Seconds; whoever asks whether a daemon runs holds its lock for a moment."""
_STDERR = 2
_DELIVERING = "deliver.lock"


@contextmanager
def single_instance(data: Path) -> Iterator[None]:
    """Hold the data folder's lock; the kernel lets go of it when the process dies, however it dies.

    Raises ChipwatchError where another process holds it.
    """
    problem = f"another chipwatch is running with the data folder {data}; stop it, or name another --data"
    with _locked(data / LOCK, problem, _LOOKED_AT):
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
def _locked(file: Path, problem: str, within: float = 0) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file, timeout=within)
    try:
        lock.acquire()
    except Timeout as error:
        raise ChipwatchError(problem) from error
    try:
        yield
    finally:
        lock.release()


class Signals:
    """What the process is asked by signals, heard from when this is made; only in the main thread.

    SIGTERM and SIGINT: to end. A second one ends it at once, with the status 128 + its number, as if it had
    killed the process. SIGHUP: to read its configuration anew; or to end, where its terminal is gone.
    """

    def __init__(self) -> None:
        # The one thing that a handler may touch: an event's lock may be held by the very code it interrupts.
        self._heard: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.ending = False
        """Asked to end; true before ``wait`` tells it."""
        self._at_terminal = os.isatty(_STDERR)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._hang_up)

    def wait(self) -> str:
        """Return the name of the next one.

        Looks again every second: a signal that comes just before the thread begins to wait does not wake it.
        """
        while True:
            with suppress(queue.Empty):
                return signal.Signals(self._heard.get(timeout=_LOOK_AGAIN)).name

    def _hang_up(self, number: int, frame: FrameType | None) -> None:
        if not self._at_terminal or os.isatty(_STDERR):
            self._heard.put(number)
            return
        # What is said from here on, nobody can read; and a log that can't be written stops all steps.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
        self._at_terminal = False
        self._end(signal.SIGTERM, frame)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        if self.ending:
            os._exit(128 + number)
        self.ending = True
        self._heard.put(number)


def drain(scheduler: BackgroundScheduler, within: timedelta = DRAIN) -> bool:
    """End ticking and wait for running steps. ``False`` where one would not end in time.

    What such a step had claimed is leased: after a restart it comes again.
    """
    waiter = threading.Thread(target=scheduler.shutdown, kwargs={"wait": True}, daemon=True)
    waiter.start()
    waiter.join(within.total_seconds())
    return not waiter.is_alive()


def all_ended(within: timedelta) -> bool:
    """Wait for the threads that the end of the process would wait for. ``False`` where one goes on."""
    deadline = time.monotonic() + within.total_seconds()
    others = [
        each for each in threading.enumerate() if each is not threading.current_thread() and not each.daemon
    ]
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in others)


def allow_files(wanted: int) -> int:
    """Raise how many files and connections the process may have open, where that is less than ``wanted``.

    Returns how many it may have now: the system may allow no more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= allowed:
        return wanted if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
