"""The real daemon by a clock that a test puts forward, and with short pauses between its steps.

python -m tests.daemon.quick CLOCK SECONDS --config CONFIG --data DATA

SECONDS: how long, beyond its pace, a step may go without ending well.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

from bot import daemon
from bot.configuration import read_configuration
from tests.soak.life import LeapingClock

TICK, SELDOM = timedelta(seconds=0.15), timedelta(seconds=0.6)


def main() -> None:
    _, clock_file, overdue, _, config, _, data = sys.argv
    file = Path(clock_file)
    clock = LeapingClock(file)
    # A file beside the clock asks for its jumps to be noticed; else all of them are time that went by.
    elapsed = time.monotonic if file.with_suffix(".watched").exists() else None
    daemon.serve(
        read_configuration(Path(config), Path(data), clock),
        clock=clock,
        elapsed=elapsed,
        every={step: SELDOM if step in ("watch", "upkeep") else TICK for step in daemon.EVERY},
        overdue=timedelta(seconds=float(overdue)),
    )


if __name__ == "__main__":
    main()
