"""The bot as its operating system sees it: started, signalled, and what it takes of the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_READY = '"event": "started"'


@dataclass
class Process:
    """One life of the daemon."""

    running: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def started(cls, folder: Path, clock: Path) -> Process:
        """Start it and wait until it runs."""
        log = folder / "log.jsonl"
        before = log.stat().st_size if log.exists() else 0
        paths = (folder / "config", folder / "data", clock)
        call = [sys.executable, "-m", "tests.soak.life", *map(str, paths)]
        with log.open("ab") as opened:
            process = cls(subprocess.Popen(call, stdout=opened, stderr=opened), log)
        until = time.monotonic() + 60
        while _READY.encode() not in log.read_bytes()[before:]:
            assert process.running.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < until
            time.sleep(0.05)
        return process

    def send(self, number: int) -> None:
        self.running.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """End it; how many seconds that took."""
        asked = time.monotonic()
        self.send(number)
        self.running.wait(30)
        return time.monotonic() - asked

    def memory(self) -> int:
        """Resident bytes of the process itself."""
        return int(Path(f"/proc/{self.running.pid}/statm").read_text().split()[1]) * _PAGE

    def files(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.running.pid}/fd"))  # noqa: PTH208 - names alone

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.running.pid}/task"))  # noqa: PTH208
