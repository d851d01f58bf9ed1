"""Turns at a resource that one thread may use at a time, in the order in which they asked.

The locks of the standard library give it to whoever looks first when it is free, which is most often the
thread that has just let go of it: of eight busy writers one may wait for minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """A queue of threads. A thread that has its turn and asks for another one waits for itself."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._queue: deque[Lock] = deque()
        """One ticket a thread, free as soon as it is its turn; the first one has it."""

    @contextmanager
    def taken(self, within: float) -> Iterator[bool]:
        """Wait for the turn, at most ``within`` seconds; gives whether it came. It ends with the block."""
        ticket = Lock()
        ticket.acquire()
        with self._guard:
            self._queue.append(ticket)
            if self._queue[0] is ticket:
                ticket.release()
        try:
            yield ticket.acquire(timeout=within)
        finally:
            with self._guard:
                was_first = self._queue[0] is ticket
                self._queue.remove(ticket)
                if was_first and self._queue:
                    self._queue[0].release()
