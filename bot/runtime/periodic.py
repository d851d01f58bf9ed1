"""Threads that look again and again, beside the steps: they watch over what the scheduler itself goes by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot.runtime import local

_PATIENCE = 0.5  # seconds that the end of the block waits for a look under way


@contextmanager
def periodically(name: str, look: Callable[[], bool | None], every: timedelta) -> Iterator[None]:
    """Look so long after the last look ended, in a thread of its own, until the block ends.

    ``look``: gives True where it need not look any more. What it raises is logged as ``NAME failed``.
    """
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every.total_seconds()):
            if local.attempted(f"{name} failed", look) is True:
                return

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_PATIENCE)
