"""Threads that send messages: what is slow in one holds up no other, nor the end of the process."""

from __future__ import annotations

from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from bot.model import Delivery, SendResult
from bot.pipeline.deps import Deps

AT_ONCE = 64
"""Messages under way at once."""

Ended: TypeAlias = tuple[Delivery, SendResult | None]
"""An attempt that ended; without a result where a fault of ours ended it."""


class Senders:
    """As many threads as are needed, and no more than AT_ONCE.

    The process does not wait for them when it ends: what one of them still sends is in doubt then, and the
    database says so.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._given: SimpleQueue[Delivery | None] = SimpleQueue()
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._threads = 0
        self.under_way = 0

    @property
    def free(self) -> int:
        """How many more messages may be handed in."""
        return AT_ONCE - self.under_way

    def submit(self, delivery: Delivery) -> None:
        self.under_way += 1
        if self._threads < self.under_way:
            self._threads += 1
            Thread(target=self._work, name="deliver", daemon=True).start()
        self._given.put(delivery)

    def ended(self, within: float) -> list[Ended]:
        """The attempts that ended, after waiting at most so many seconds for the first."""
        found: list[Ended] = []
        try:
            found.append(self._ended.get(timeout=max(within, 0.0)))
            while True:
                found.append(self._ended.get_nowait())
        except Empty:
            self.under_way -= len(found)
            return found

    def close(self) -> None:
        """Let the threads end, each when it has nothing under way."""
        for _ in range(self._threads):
            self._given.put(None)

    def _work(self) -> None:
        while delivery := self._given.get():
            self._ended.put((delivery, self._attempt(delivery)))

    def _attempt(self, delivery: Delivery) -> SendResult | None:
        channel = self._deps.channels[delivery.channel]
        send = partial(channel.send, delivery.message, delivery.recipient, delivery.key)
        return self._deps.guard(f"sending {delivery.key}", send)
