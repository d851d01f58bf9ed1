"""Kill the bot hundreds of times and see what was told.

    python -m tests.chaos [--kills 300] [--seed N] [--folder DIR]

Each life begins with one more story in the feeds and ends with a SIGKILL: at a named point between two
statements, while a server answers, after a random time, with the database locked or its disk full. At the
end the bot may live on until everything is told; then every promise is checked. Exit status 1 where one
is broken; the seed makes the same kills again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.kills import Killer
from tests.chaos.verdict import faults, untold
from tests.chaos.world import World, configure, serving, subscribe

SPEED = 20.0
"""A minute of the bot's is three seconds: digests, waits and leases come round often."""
_LAST_LIFE = 240.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the bot hundreds of times and see what was told.")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="where to keep data and logs; default: a temporary one")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="chipwatch-chaos-"))
    print(f"seed {options.seed}, {options.kills} kills; logs in {folder}", flush=True)
    found = run(folder, options.kills, options.seed)
    for fault in found:
        print(f"BROKEN  {fault}")
    if found:
        print(f"again with: python -m tests.chaos --kills {options.kills} --seed {options.seed}")
    return 1 if found else 0


def run(folder: Path, kills: int, seed: int) -> list[str]:
    """Kill the bot so often. Returns the promises that were broken."""
    with Killer(folder, random.Random(seed), SPEED) as killer:
        world = World(clock=killer.clock)
        with serving(world) as ports:
            configure(folder, ports)
            killer.watch(world)
            for _ in range(kills):
                subscribe(folder, world, ports["http"])
                killer.one_life()
            killer.last_life(lambda: not any(untold(folder, world)), _LAST_LIFE)
            found = list(faults(folder, world, killer.air))
            print(killer.report(world), flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
