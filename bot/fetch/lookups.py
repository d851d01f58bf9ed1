"""Names looked up by the system's resolver, which may hang for half a minute whatever we do.

So each look-up has a thread that nobody waits for. Those of the standard pool are waited for when the process
ends, by the interpreter itself, and one name that hangs would hold up the end of every command.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeAlias

Addresses: TypeAlias = Sequence[str]
Ask: TypeAlias = Callable[[str, int], Addresses]


def ask_system(host: str, port: int) -> Addresses:
    """The machine's own resolver. Raises OSError or UnicodeError."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Lookups:
    """``guard.Resolver``. Threads are started as needed, no more than ``most``; what is beyond waits."""

    def __init__(self, most: int, ask: Ask = ask_system) -> None:
        self._most = most
        self._ask = ask
        self._asked: SimpleQueue[tuple[Future[Addresses], str, int] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads = 0

    async def __call__(self, host: str, port: int) -> Addresses:
        """Always in the same event loop."""
        future: Future[Addresses] = Future()
        self._asked.put((future, host, port))
        if not self._idle.acquire(blocking=False) and self._threads < self._most:
            self._threads += 1
            threading.Thread(target=self._answer, name="resolve", daemon=True).start()
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let the threads end, each when its name is answered."""
        for _ in range(self._threads):
            self._asked.put(None)

    def _answer(self) -> None:
        while (asked := self._asked.get()) is not None:
            future, host, port = asked
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._ask(host, port))
                except (OSError, ValueError) as error:
                    future.set_exception(error)
            self._idle.release()
