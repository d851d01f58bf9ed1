"""A step as every runtime sees it, and the heartbeat: which steps end well, which are stuck, which fail.

All spans are by the monotonic clock: a wall clock that is set neither hides a stuck step nor invents one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, object]

STUCK = "stuck"
FAILING = "failing"


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    every: timedelta
    run: Callable[[], Fields]
    """Does what is due and returns the fields of its log line; empty where nothing was due."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A step that has gone beyond its limit without ending well."""

    step: str
    cause: str
    """``stuck``: it runs, or is due to run, and does not get on. ``failing``: each run ends by an error."""
    lasting: timedelta
    error: str = ""
    """Of the last run that failed."""
    thread: int | None = None
    """Identity of the thread that it runs in; ``None`` where it doesn't run."""

    @property
    def text(self) -> str:
        minutes = self.lasting // timedelta(minutes=1)
        span = f"{minutes} min" if minutes else f"{self.lasting // timedelta(seconds=1)} s"
        return f"has not got on for {span}" if self.cause == STUCK else f"fails for {span} now: {self.error}"


@dataclass
class _Pulse:
    """What is known of one step; moments in seconds of the monotonic clock."""

    well_at: float
    """When it last ended well or got on; at first, when the process began."""
    begun_at: float
    thread: int | None = None
    error: str = ""
    ended_well: bool = False


@dataclass
class Heartbeat:
    """How the steps are. Safe between threads."""

    limits: Mapping[str, timedelta]
    """How long each step may go without ending well."""
    now: Callable[[], float] = time.monotonic
    _pulses: dict[str, _Pulse] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        began = self.now()
        self._pulses.update({step: _Pulse(well_at=began, begun_at=began) for step in self.limits})

    def begun(self, step: str) -> None:
        """A run of it begins in this thread."""
        with self._lock:
            pulse = self._pulse(step)
            pulse.begun_at, pulse.thread = self.now(), threading.get_ident()

    def beat(self, step: str) -> None:
        """A run that may last gets on."""
        with self._lock:
            self._well(step)

    def ended(self, step: str) -> None:
        with self._lock:
            self._well(step).thread = None

    def failed(self, step: str, error: str) -> None:
        with self._lock:
            pulse = self._pulse(step)
            pulse.error, pulse.thread, pulse.ended_well = error, None, False

    def is_well(self, step: str) -> bool:
        """Whether it ended well or got on in the life of this process, and has not failed since."""
        with self._lock:
            return self._pulse(step).ended_well

    def troubles(self) -> list[Trouble]:
        """Steps beyond their limit, with what is known of why."""
        with self._lock:
            now = self.now()
            found = (_trouble(step, self._pulse(step), now, limit) for step, limit in self.limits.items())
            return [trouble for trouble in found if trouble]

    def _well(self, step: str) -> _Pulse:
        pulse = self._pulse(step)
        pulse.well_at, pulse.error, pulse.ended_well = self.now(), "", True
        return pulse

    def _pulse(self, step: str) -> _Pulse:
        if step not in self._pulses:
            self._pulses[step] = _Pulse(well_at=self.now(), begun_at=self.now())
        return self._pulses[step]


def _trouble(step: str, pulse: _Pulse, now: float, limit: timedelta) -> Trouble | None:
    unwell = timedelta(seconds=now - pulse.well_at)
    standing = timedelta(seconds=now - max(pulse.well_at, pulse.begun_at))
    if standing > limit and (pulse.thread is not None or not pulse.error):
        return Trouble(step=step, cause=STUCK, lasting=standing, error=pulse.error, thread=pulse.thread)
    if unwell > limit and pulse.error:
        return Trouble(step=step, cause=FAILING, lasting=unwell, error=pulse.error)
    return None
