"""One daemon a database, also after its server was restarted and forgot which one that was."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from bot.errors import StoreError

LOOK = timedelta(seconds=2)
"""Another one that is started again and again by whoever watches over it comes later, as a rule."""
_PATIENCE = 0.5  # seconds that the end of the process waits for a look under way


@contextmanager
def staying(is_ours: Callable[[], bool], every: timedelta = LOOK) -> Iterator[None]:
    """Look again and again whether the place is ours, and end the process where another daemon has it.

    ``is_ours``: takes it anew where the server forgot it; raises StoreError while that is away. A daemon that
    takes over sends again what it finds begun: two of them would tell things twice.
    """
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every.total_seconds()):
            try:
                if is_ours():
                    continue
            except StoreError:
                continue  # the steps say it
            why = "the database's server forgot this one, and another daemon came first"
            structlog.get_logger().error("another daemon has taken over", why=why)
            os.kill(os.getpid(), signal.SIGTERM)
            return

    thread = threading.Thread(target=work, name="staying", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_PATIENCE)
