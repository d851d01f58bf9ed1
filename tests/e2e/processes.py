"""Processes that a test started, however deep: which they are, and how much memory they took at most."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_LOOK = 0.1  # seconds between two looks; what a process took at most so far is seen later too


def descendants(pid: int) -> set[int]:
    """Children, their children and so on; Linux only."""
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name in parentheses may hold blanks and parentheses itself.
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if after_name[0] != "Z":
                    parents[int(entry.name)] = int(after_name[1])
    found: set[int] = set()
    grown = {pid}
    while grown:
        grown = {child for child, parent in parents.items() if parent in grown} - found
        found |= grown
    return found


def alive(pids: Iterable[int]) -> set[int]:
    """Those that still run; a process that nobody has waited for yet does not."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            state = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
            found |= {pid} if state not in "ZX" else set()
    return found


def memory(pid: int, what: str = "VmHWM") -> int:
    """Bytes of a process, at most so far (``VmHWM``) or now (``VmRSS``); 0 where it is gone."""
    with suppress(OSError):
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) * 1024
    return 0


@dataclass
class Watch:
    """Most memory that each process took while it was watched."""

    own: int = 0
    """Bytes that the watching process grew by."""
    others: dict[int, int] = field(default_factory=dict)
    """Descendant → its most bytes."""

    @property
    def most(self) -> int:
        return max((self.own, *self.others.values()))

    def look(self, before: int) -> None:
        self.own = max(self.own, memory(os.getpid(), "VmRSS") - before)
        for pid in descendants(os.getpid()):
            self.others[pid] = max(self.others.get(pid, 0), memory(pid))


@contextmanager
def watched_memory() -> Iterator[Watch]:
    """Watch this process and all below it until the block ends."""
    watch, ended = Watch(), threading.Event()
    before = memory(os.getpid(), "VmRSS")

    def look() -> None:
        while not ended.wait(_LOOK):
            watch.look(before)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
        watch.look(before)
