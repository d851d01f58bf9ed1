"""Checks made side by side, each with its own time: one that hangs keeps no other from its answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.findings import fault
from bot.model import Finding, Row

WITHIN = 20.0
"""Seconds that a check may take."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing to look at, which may come to several findings."""

    part: str
    name: str
    run: Callable[[], Sequence[Finding]]


@dataclass(kw_only=True)
class Running:
    """Checks under way."""

    checks: Sequence[Check]
    within: float
    _begun: float = field(default_factory=time.monotonic, init=False)
    _found: dict[int, Sequence[Finding]] = field(default_factory=dict, init=False)
    _threads: list[threading.Thread] = field(default_factory=list, init=False)

    def start(self) -> Running:
        """Begin with all of them. A name server that is asked in vain holds its thread for half a minute.

        So the threads are daemons: none of them keeps the process from ending.
        """
        for at in range(len(self.checks)):
            thread = threading.Thread(target=self._look, args=(at,), name=self.checks[at].name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def rows(self) -> list[Row]:
        """What came of them, in their order; waits until all have ended, or their time has."""
        rows = []
        for at, (check, thread) in enumerate(zip(self.checks, self._threads, strict=True)):
            thread.join(max(self._begun + self.within - time.monotonic(), 0))
            for finding in self._found.get(at) or [self._without_answer(thread)]:
                rows.append(Row(part=check.part, name=check.name, finding=finding))
        return rows

    def _look(self, at: int) -> None:
        self._found[at] = self.checks[at].run()

    def _without_answer(self, thread: threading.Thread) -> Finding:
        if thread.is_alive():
            slow = fault(f"no end within {self.within:g} s", "try again; if it stays, look at the network")
            return replace(slow, unreached=True)
        return fault("a fault of ours", "please report it with what stands above")


def side_by_side(checks: Sequence[Check], within: float = WITHIN) -> Running:
    """Begin with all checks at once."""
    return Running(checks=checks, within=within).start()
