"""The real daemon in a process of its own, by a clock that whoever started it puts forward.

python -m tests.soak.life CONFIG DATA CLOCK
"""

from __future__ import annotations

import mmap
import random
import struct
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import daemon
from bot.configuration import read_configuration

_OFFSET = struct.Struct("d")
TICK = timedelta(seconds=0.1)
"""How often, by the real clock, the steps look whether something is due."""
SELDOM = timedelta(seconds=1)


class LeapingClock:
    """The real time plus an offset that all processes share through a file."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _OFFSET.size)

    @classmethod
    def made(cls, file: Path, began: datetime) -> LeapingClock:
        """One that shows ``began`` now."""
        file.write_bytes(_OFFSET.pack(began.timestamp() - time.time()))
        return cls(file)

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._offset(), UTC)

    def leap(self, span: timedelta) -> None:
        self._shared[:] = _OFFSET.pack(self._offset() + span.total_seconds())

    def jitter(self) -> float:
        return random.random()

    def _offset(self) -> float:
        offset: float = _OFFSET.unpack(self._shared[:])[0]
        return offset


def paces() -> Mapping[str, timedelta]:
    """By step: those that look around are run less often than those that have work."""
    seldom = {"upkeep", "watch", "advise", "alert"}
    return {step: SELDOM if step in seldom else TICK for step in daemon.EVERY}


def main() -> None:
    config, data, file = map(Path, sys.argv[1:])
    clock = LeapingClock(file)
    daemon.serve(read_configuration(config, data, clock), clock=clock, every=paces())


if __name__ == "__main__":
    main()
