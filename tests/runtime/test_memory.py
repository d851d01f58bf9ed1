"""Memory goes back to the system; in a process of its own, since heaps are the whole process's."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_GROW_AND_SHRINK = """
import sys, threading
from pathlib import Path
from bot.runtime import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) // 256  # MB

assert memory.share_heaps()
kept = []

def work():
    # Many small pieces, of which every hundredth stays: no heap can shrink from its end.
    pieces = [bytes(1000) for _ in range(60_000)]
    kept.extend(pieces[::100])

threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
grown = resident()
memory.give_back()
print(grown, resident())
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only the GNU library gives memory back when asked"
)
def test_what_was_freed_goes_back_although_something_stays_among_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _GROW_AND_SHRINK], capture_output=True, text=True, check=True
    )
    grown, left = map(int, done.stdout.split())
    assert left < grown / 2
