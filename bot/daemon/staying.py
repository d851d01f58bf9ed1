"""One daemon a database, also after its server was restarted and forgot which one that was."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog

from bot.errors import StoreError
from bot.runtime.periodic import periodically

LOOK = timedelta(seconds=2)
"""Another one that is started again and again by whoever watches over it comes later, as a rule."""


def staying(is_ours: Callable[[], bool], every: timedelta = LOOK) -> AbstractContextManager[None]:
    """Look again and again whether the place is ours, and end the process where another daemon has it.

    ``is_ours``: takes it anew where the server forgot it; raises StoreError while that is away. A daemon that
    takes over sends again what it finds begun: two of them would tell things twice.
    """

    def look() -> bool:
        try:
            if is_ours():
                return False
        except StoreError:
            return False  # the steps say it
        why = "the database's server forgot this one, and another daemon came first"
        structlog.get_logger().error("another daemon has taken over", why=why)
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    return periodically("tenancy watch", look, every)
