"""The watchdog: a step that is stuck or fails run after run is named, with where it stands, and told of.

Where nothing can be told because ``deliver`` itself is the one, or the database can't be written, the log and
``/readyz`` are all there is.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.errors import StoreError
from bot.model import Alarm, Part
from bot.pipeline.alarm import end_alarm, raise_alarm
from bot.pipeline.deps import Deps
from bot.runtime.steps import STUCK, Heartbeat, Trouble

LOOK = timedelta(seconds=5)


@dataclass
class Watchdog:
    heartbeat: Heartbeat
    current: Callable[[], Deps]
    _named: dict[tuple[str, str], Trouble] = field(default_factory=dict)
    """By step and cause: what the log says that it is so."""
    _told: set[tuple[str, str]] | None = None
    """Step and cause of the alarms that stand; ``None`` until the database was asked."""

    def look(self) -> None:
        """Name in the log what is new and what is over; then tell people, as soon as that is possible."""
        troubles = {(trouble.step, trouble.cause): trouble for trouble in self.heartbeat.troubles()}
        for which, trouble in troubles.items():
            if which not in self._named:
                self._named[which] = trouble
                _log(trouble)
        troubled = {step for step, _ in troubles}
        for step, cause in [which for which in self._named if which[0] not in troubled]:
            del self._named[step, cause]
            structlog.get_logger().warning("step works again", step=step, was=cause)
        try:
            self._tell()
        except StoreError:
            return  # the log said it, and the next look tries again

    def _tell(self) -> None:
        deps = self.current()
        if self._told is None:
            with deps.store.read() as tx:
                standing = [each for each in tx.alarms.all() if each.part is Part.STEP and not each.over_at]
            self._told = {(each.subject, each.cause) for each in standing}
        raised = self._named.keys() - self._told
        over = {which for which in self._told - self._named.keys() if self._is_well(which[0])}
        if not raised and not over:
            return
        now = deps.clock.now()
        with deps.store.begin() as tx:
            for which in raised:
                raise_alarm(tx, _alarm(self._named[which], now))
            for step, cause in over:
                end_alarm(tx, Part.STEP, step, cause, now)
        self._told = (self._told | raised) - over

    def _is_well(self, step: str) -> bool:
        """Also where there is no such step any more."""
        return self.heartbeat.is_well(step) or step not in self.heartbeat.limits


def _log(trouble: Trouble) -> None:
    log = structlog.get_logger()
    seconds = round(trouble.lasting.total_seconds())
    if trouble.cause == STUCK:
        log.error("step stuck", step=trouble.step, seconds=seconds, stack=stack_of(trouble.thread))
    else:
        log.error("step failing", step=trouble.step, seconds=seconds, error=trouble.error)


def stack_of(thread: int | None) -> str:
    """Where a thread stands, a line a call, innermost last: ``FILE:LINE FUNCTION``, and no values."""
    frame = sys._current_frames().get(thread) if thread is not None else None
    places = traceback.walk_stack(frame) if frame is not None else ()
    lines = [f"{each.f_code.co_filename}:{line} {each.f_code.co_qualname}" for each, line in places]
    return "\n".join(reversed(lines))


def _alarm(trouble: Trouble, now: datetime) -> Alarm:
    remedy = "see “step stuck” in the log" if trouble.cause == STUCK else "see “step failed” in the log"
    text = f"The step “{trouble.step}” {trouble.text}; {remedy}. What it does is not done meanwhile"
    return Alarm(part=Part.STEP, subject=trouble.step, cause=trouble.cause, text=text, raised_at=now)
