"""What the daemon does when its clock was set: say so, tick at once, and set right what is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.pipeline.clock import jumped
from bot.pipeline.deps import Deps
from bot.runtime.clockwatch import Jump


@dataclass(frozen=True)
class Timekeeping:
    """Called with every jump of the clock."""

    current: Callable[[], Deps]
    tick_now: Callable[[], None]

    def __call__(self, jump: Jump) -> None:
        structlog.get_logger().warning(
            "clock was set",
            before=jump.before.isoformat(timespec="seconds"),
            after=jump.after.isoformat(timespec="seconds"),
            seconds=round(jump.by.total_seconds(), 1),
        )
        try:
            jumped(self.current(), jump.before, jump.after)
        finally:
            # Whatever becomes of the rest, the steps go on.
            self.tick_now()
