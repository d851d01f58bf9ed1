"""Threads that send messages: what is slow in one holds up no other, nor the end of the process."""

from __future__ import annotations

import time
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from bot.model import Delivery, SendResult, Unanswered
from bot.pipeline.deps import Deps

AT_ONCE = 64
"""Messages under way at once."""

Ended: TypeAlias = tuple[Delivery, SendResult | None]
"""An attempt that ended; without a result where a fault of ours ended it."""


class Senders:
    """A thread a message, no more than AT_ONCE.

    The process does not wait for them when it ends: what one of them still sends is in doubt then, and the
    database says so. Nor does anyone wait longer than ``Pace.attempt``: a service that answers a byte now
    and then would keep its queue, and its thread, for ever.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._patience = deps.pace.attempt.total_seconds()
        self._ended: SimpleQueue[Ended] = SimpleQueue()
        self._began: dict[tuple[str, int], tuple[Delivery, float]] = {}
        """Key and number of the attempts under way, oldest first; when by the monotonic clock."""

    @property
    def under_way(self) -> int:
        return len(self._began)

    @property
    def free(self) -> int:
        """How many more messages may be handed in."""
        return AT_ONCE - self.under_way

    def submit(self, delivery: Delivery) -> None:
        self._began[delivery.key, delivery.attempt] = (delivery, time.monotonic())
        # What the log knows of where we are goes along.
        work = partial(copy_context().run, self._work, delivery)
        Thread(target=work, name="deliver", daemon=True).start()

    def ended(self, within: float) -> list[Ended]:
        """The attempts that ended, after waiting at most so many seconds for the first."""
        found: list[Ended] = []
        with suppress(Empty):
            found.append(self._ended.get(timeout=max(within, 0.0)))
            while True:
                found.append(self._ended.get_nowait())
        # An answer that comes after its attempt was given up finds no attempt.
        ended = [each for each in found if self._began.pop((each[0].key, each[0].attempt), None)]
        return ended + self._given_up()

    def _given_up(self) -> list[Ended]:
        latest = time.monotonic() - self._patience
        late = [delivery for delivery, began in self._began.values() if began < latest]
        for delivery in late:
            del self._began[delivery.key, delivery.attempt]
        reason = f"not done after {self._patience:.0f} s"
        return [(delivery, Unanswered(reason=reason)) for delivery in late]

    def _work(self, delivery: Delivery) -> None:
        channel = self._deps.channels[delivery.channel]
        send = partial(channel.send, delivery.message, delivery.recipient, delivery.key)
        self._ended.put((delivery, self._deps.guard(f"sending {delivery.key}", send)))
