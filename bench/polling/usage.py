"""What a process with all its descendants uses: read from /proc, so Linux only. Needs nothing but Python."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLE = 0.1
"""Seconds between two looks at the memory."""


def descendants(pid: int) -> Iterator[int]:
    """Processes that are alive below ``pid``."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = [int(child) for child in children.read_text().split()]
        except OSError:
            continue
        for child in found:
            yield child
            yield from descendants(child)


def resident(pids: Iterable[int]) -> int:
    """Bytes resident in all of them; what they share is counted in each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except OSError:
            continue
    return total


class Watch:
    """The peak of what a process and all below it keep resident while the block runs, from outside."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self.peak = max(self.peak, resident(chain([self._pid], descendants(self._pid))))
            if self._ended.wait(SAMPLE):
                return


def ended_children() -> float:
    """CPU seconds of children that have ended and were waited for, with theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def so_far() -> float:
    """CPU seconds of this process and of all below it, alive or ended."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    alive = sum(map(_ticks, descendants(os.getpid()))) / _TICKS
    return own.ru_utime + own.ru_stime + ended_children() + alive


def _ticks(pid: int) -> int:
    """User and system time of a live process and of its ended children."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, after_name[11:15]))
