"""Lives of the bot, one after another: each a child of a process that has everything imported.

    python -m tests.chaos.lives

Reads orders from standard input, a JSON object a line, and says on standard output which process lives (a
line) and how it ended (another). A child runs the real daemon, on a clock that may go faster, and kills
itself with SIGKILL at the point that its order names. A point is a moment between two statements that
matter: before each writing statement, before each commit and after it. Its name says which function of
the pipeline is at work.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from bot import cli, daemon
from bot.configuration import read_configuration

_WRITES = re.compile(r'\s*(INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
_STEPS = ("bot.pipeline.", "bot.app")
PACE = timedelta(seconds=0.15)


@dataclass(frozen=True)
class QuickClock:
    """A clock that goes ``speed`` times as fast since ``began`` (seconds since the epoch)."""

    began: float
    speed: float

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.began + (time.time() - self.began) * self.speed, UTC)

    def jitter(self) -> float:
        return 0.5


@dataclass
class FailPoints:
    """Counts how often each point is crossed, writes down new ones, and kills at the one that is named."""

    notes: int
    """File descriptor that the names of points crossed for the first time are written to."""
    name: str = ""
    nth: int = 0
    _crossed: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda _connection: self.cross("commit"))
        event.listen(Pool, "checkin", lambda *_: self.cross("done"))

    def _statement(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if written := _WRITES.match(statement):
            self.cross(f"{written[1].split()[0].lower()} {written[2]}")

    def cross(self, what: str) -> None:
        step = _step()
        if not step:
            return
        point = f"{step}: {what}"
        with self._lock:
            self._crossed[point] += 1
            if self._crossed[point] == 1:
                os.write(self.notes, f"{point}\n".encode())
            if (point, self._crossed[point]) == (self.name, self.nth):
                os.kill(os.getpid(), signal.SIGKILL)


def _step() -> str:
    """The innermost function of the pipeline that is at work in this thread."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(_STEPS):
            return f"{module.rpartition('.')[2]}.{frame.f_code.co_name}"
        frame = frame.f_back
    return ""


def fill_the_disk() -> None:
    """Let the database grow no further: SQLite then says what it says on a full disk."""

    def full(connection: Any, _record: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {max(1, pages)}")

    event.listen(Engine, "connect", full)


def live(order: dict[str, Any]) -> None:
    """One life of the daemon, in this process; ends by a kill, or by SIGTERM."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    notes = os.open(order["points"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    FailPoints(notes, order.get("point", ""), order.get("nth", 0)).listen()
    if order.get("full"):
        fill_the_disk()
    configuration = read_configuration(Path(order["config"]), Path(order["data"]))
    daemon.serve(
        configuration,
        clock=QuickClock(order["began"], order["speed"]),
        every=dict.fromkeys(daemon.EVERY, PACE),
    )


def main() -> None:
    assert cli  # imported before the first life, with all that it brings
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                live(order)
            except BaseException as error:  # noqa: BLE001 - a child must never read the parent's orders
                os.write(2, repr(error).encode())
                os._exit(1)
            os._exit(0)
        print(json.dumps({"pid": child}), flush=True)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
