"""A process that reads documents: ``python -m bot.reading.worker PIPE SECONDS MEGABYTES``.

It ends when the pipe does, so that it never outlives the process that started it; in the middle of a
document the kernel ends it when it has computed for too long, even where no line of Python is run any more.
"""

from __future__ import annotations

import gc
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from bot.core.intake import NOT_A_FEED, UNREADABLE
from bot.core.reading import read
from bot.errors import FeedError, traced
from bot.model import FetchFailed, Reading, ReadTask


def answer(task: ReadTask, megabytes: int) -> Reading | FetchFailed:
    """What came of a task. Entries stay behind: nobody needs them beside the items made of them."""
    try:
        reading = read(task)
    except FeedError as error:
        return FetchFailed(kind=NOT_A_FEED, detail=str(error))
    except MemoryError:
        return FetchFailed(kind=UNREADABLE, detail=f"reading it took more than {megabytes} MB")
    document = reading.document
    return replace(reading, document=replace(document, entries=()), entries=len(document.entries))


def bound_memory(megabytes: int) -> None:
    """Allow so much beside what the process has now. Only Linux tells how much that is."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def serve(pipe: Connection, seconds: float, megabytes: int) -> None:
    """Answer tasks until the pipe ends."""
    with suppress(EOFError, ConnectionError):
        pipe.send("ready")
        while True:
            task: ReadTask = pipe.recv()
            signal.setitimer(signal.ITIMER_PROF, seconds)
            result = answer(task, megabytes)
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send(result)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = Connection(int(sys.argv[1]))
    seconds, megabytes = float(sys.argv[2]), int(sys.argv[3])

    def report(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        """A fault of ours: told to the process that logs, without words of the document; and our end."""
        with suppress(OSError):
            pipe.send(traced(error))

    sys.excepthook = report
    import feedparser  # noqa: F401 - the slowest import, before time and memory are counted

    gc.freeze()
    bound_memory(megabytes)
    serve(pipe, seconds, megabytes)


if __name__ == "__main__":
    main()
