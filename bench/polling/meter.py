"""Run a command and measure it with every process it starts: wall, CPU, peak memory.

    python meter.py RESULT.json LIMIT -- COMMAND…

A process of its own for each command: its children are the command's alone, orphans included. After LIMIT
seconds everything is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.polling import usage

_ORPHANS = 5.0
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Usage:
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of all processes together, user and system."""
    memory: int
    """Bytes at the peak, summed over the processes; sampled ten times a second."""
    began: float
    """By the monotonic clock."""
    status: int
    """Exit status; negative for a signal."""
    ended: bool
    """False where the time was over before the command was."""


def measure(command: list[str], folder: Path, limit: float, environment: dict[str, str]) -> Usage:
    """Run the command under a meter of its own; its output goes to ``folder/output.log``."""
    result = folder / "usage.json"
    meter = [sys.executable, "-m", __name__, str(result), str(limit), "--", *command]
    root = Path(__file__).resolve().parents[2]
    with (folder / "output.log").open("w") as log:
        subprocess.run(meter, stdout=log, stderr=log, env=environment, cwd=root, check=True)
    return Usage(**json.loads(result.read_text()))


def _run(command: list[str], limit: float) -> Usage:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    began = time.monotonic()
    process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL)
    over = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    over.start()
    with usage.Watch(process.pid) as watch:
        status = process.wait()
        wall = time.monotonic() - began
    over.cancel()
    _gather_orphans()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    ended = wall < limit
    return Usage(wall, usage.ended_children(), max(watch.peak, largest), began, status, ended)


def _gather_orphans() -> None:
    """Wait for what the command left behind, so that its CPU is counted; kill what stays."""
    deadline = time.monotonic() + _ORPHANS
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            time.sleep(0.02)
            if time.monotonic() > deadline:
                for child in usage.descendants(os.getpid()):
                    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    to, seconds, _, *rest = sys.argv[1:]
    Path(to).write_text(json.dumps(asdict(_run(rest, float(seconds)))))
