"""Whether the wall clock was set: it is compared with one that nobody sets.

Steps go by the wall clock in what they store, and the scheduler in when it ticks. Set back by an hour, it
would tick no more for an hour; and what a clock that was ahead put off would wait for that time to come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from bot.runtime.periodic import periodically

NOTICED = timedelta(seconds=2)
"""A time server steps the clock by more than 0.128 s (RFC 5905, STEPT) and slews the rest, at most 0.5 ms a
second. A thread that is held up between reading the two clocks explains less than this."""
LOOK = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Jump:
    """The clock was set, or the machine stood still while time went on."""

    before: datetime
    """What the clock would show without it."""
    after: datetime
    """What it shows."""

    @property
    def by(self) -> timedelta:
        """Less than nothing where it was set back."""
        return self.after - self.before


class ClockWatch:
    """Compares two clocks each time it is asked. Not for several threads."""

    def __init__(self, now: Callable[[], datetime], elapsed: Callable[[], float]) -> None:
        """``elapsed``: seconds since some moment, by a clock that nobody sets."""
        self._now = now
        self._elapsed = elapsed
        self._seen = (now(), elapsed())

    def look(self) -> Jump | None:
        """How the clock was set since the last look, where it was."""
        shown, elapsed = self._seen
        self._seen = now, here = self._now(), self._elapsed()
        expected = shown + timedelta(seconds=here - elapsed)
        return Jump(before=expected, after=now) if abs(now - expected) >= NOTICED else None


def system_now() -> datetime:
    return datetime.now(UTC)


def system_elapsed() -> float:
    """Seconds since the machine was started; where the system can tell, with those in which it slept.

    So a machine that was suspended, or a process that was stopped, does not look like a clock that was set:
    time did go by.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def noticing_jumps(
    watch: ClockWatch | None, jumped: Callable[[Jump], object], every: timedelta = LOOK
) -> AbstractContextManager[None]:
    """Look again and again, in a thread of its own, and say when the clock was set, until the block ends.

    Without a watch nobody looks.
    """

    def look(watch: ClockWatch) -> None:
        if jump := watch.look():
            jumped(jump)

    return periodically("clock watch", partial(look, watch), every) if watch else nullcontext()
