"""A few worker processes that read documents, each within bounds of time and memory.

A worker is this same Python started anew, not a copy of the process: it imports what reading needs and
nothing else, and gets no variable of the environment that may hold a secret.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import bot
from bot.core.intake import UNREADABLE
from bot.model import FetchFailed, Reading, ReadTask
from bot.reading import OUT_OF_TIME

_START_WITHIN = 60.0  # seconds, on a machine that is busy with other things
_PATIENCE = 6  # times the seconds of computing that a document may take on the clock, on such a machine
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TZ")
_HOME = str(Path(bot.__file__).parent.parent)


class ReaderPool:
    """Implements :class:`~bot.ports.Reader`. Workers are started when there is something to read.

    ``seconds`` are of computing, so that a busy machine makes no document unreadable; ``megabytes`` come
    beside what a worker needs to be there.
    """

    def __init__(self, workers: int = 2, seconds: float = 5.0, megabytes: int = 300) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        # Each thread has a worker of its own and does nothing but wait for it.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="read")
        self._own = threading.local()
        self._workers: list[_Worker] = []

    def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
        """Read a body beside this process; what comes back has no entries left in its document."""
        return self._threads.submit(self._read, task)

    def close(self) -> None:
        """Stop all workers, also in the middle of a document."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()
        self._threads.shutdown()
        for worker in self._workers:
            worker.stop()

    def _read(self, task: ReadTask) -> Reading | FetchFailed:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            worker = self._own.worker = _Worker(self._seconds, self._megabytes)
            self._workers.append(worker)
        return worker.read(task)


class _Worker:
    """One process and the pipe to it; used by one thread, killed by any."""

    def __init__(self, seconds: float, megabytes: int) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._ended = False

    def read(self, task: ReadTask) -> Reading | FetchFailed:
        """Starts the process where there is none; ends it where it went wrong."""
        try:
            pipe = self._ready()
            pipe.send(task)
            if not pipe.poll(self._seconds * _PATIENCE):
                self.stop()
                return self._too_slow()
            answer: Reading | FetchFailed | str = pipe.recv()
        except (EOFError, OSError):
            if self.stop() == -OUT_OF_TIME:
                return self._too_slow()
            return _unreadable("the process that read it came to a sudden end")
        if isinstance(answer, str):
            answer = _fault(task, answer)
        if isinstance(answer, FetchFailed) and answer.kind == UNREADABLE:
            self.stop()
        return answer

    def _too_slow(self) -> FetchFailed:
        return _unreadable(f"reading it took more than {self._seconds:g} s and was stopped")

    def kill(self) -> None:
        """End it for good; from any thread. Whoever waits for it is told by the pipe."""
        self._ended = True
        if (process := self._process) is not None:
            process.kill()

    def stop(self) -> int | None:
        """End the process; the next task starts a new one. Only where no other thread waits for it.

        Returns its exit code, as it was where it had ended before.
        """
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.kill()
        return process.wait()

    def _ready(self) -> Connection:
        if self._process is not None and self._process.poll() is not None:
            self.stop()  # it was killed meanwhile; that is not this document's fault
        return self._pipe or self._start()

    def _start(self) -> Connection:
        if self._ended:
            raise EOFError
        ours, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                # Warnings would stand between the lines of the log, with words of the document.
                [sys.executable, "-P", "-W", "ignore", "-m", "bot.reading.worker"]
                + [str(each) for each in (theirs.fileno(), self._seconds, self._megabytes)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
            )
        self._pipe = ours
        if not ours.poll(_START_WITHIN):
            raise TimeoutError
        ours.recv()  # it has imported what it needs; time counts from here
        return ours


def _fault(task: ReadTask, trace: str) -> FetchFailed:
    from bot.logs import log  # 0.1 s, which commands do without

    log().error("set aside", part="poll", what=f"reading feed {task.feed_id}", exception=trace)
    return _unreadable("it could not be read for a fault of ours; see the log")


def _unreadable(detail: str) -> FetchFailed:
    return FetchFailed(kind=UNREADABLE, detail=detail)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (_HOME, os.environ.get("PYTHONPATH"))))}
