"""When the bot is killed: a plan drawn from a seed, and a hand that carries it out."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from tests.chaos.lives import QuickClock
from tests.chaos.verdict import in_the_air
from tests.chaos.world import World

KINDS = {"point": 12, "moment": 5, "time": 3, "locked": 1, "full": 1}
"""How a life ends, and how often beside the others."""
_MOMENTS = ("poll", "hook", "chat", "mail")
_LONGEST = 3.0
"""Seconds after which a life ends whose moment did not come."""
_LOCK = 1.5
"""Seconds that the database is locked: longer than the bot waits for it."""


class Killer:
    """Starts one life of the bot after another, and ends each."""

    def __init__(self, folder: Path, chance: random.Random, speed: float) -> None:
        self.clock = QuickClock(time.time(), speed)
        self._air: set[tuple[str, str, int]] = set()
        self._folder = folder
        self._chance = chance
        self._ends: Counter[str] = Counter()
        self._points: dict[str, int] = {}
        """Point → how often it was aimed at; some come by in few lives only."""
        self._hit: set[str] = set()
        self._moment: tuple[str, int] | None = None
        self._pid = 0
        self._world: World | None = None

    def __enter__(self) -> Self:
        self._lives = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.lives"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        with self._lives:
            self._lives.kill()

    def watch(self, world: World) -> None:
        self._world = world
        world.at_moment = self._at_moment

    def one_life(self) -> None:
        """Start the bot and kill it as the plan says."""
        (kind,) = self._chance.choices([*KINDS], [*KINDS.values()])
        order, seconds = self._plan(kind)
        with (self._folder / "lives.jsonl").open("a") as plan:
            plan.write(json.dumps({"kind": kind, "moment": self._moment, **order}) + "\n")
        self._begin(order)
        if kind == "locked":
            self._wait(self._chance.random())
            self._lock_the_database()
        by_itself = self._wait(seconds)
        self._kill()
        self._ended()
        self._moment = None
        missed = ("point" in order or self._moment is not None) and not by_itself
        self._ends[f"{kind} missed" if missed else kind] += 1
        if point := order.get("point"):
            self._points[point] += 1
            self._hit |= {point} if by_itself else set()
        if self._has_tables():
            self._air |= in_the_air(self._folder / "data/chipwatch.db")
        self._learn_points()

    def last_life(self, all_told: Callable[[], bool], within: float) -> None:
        """Let the bot live until everything is told, and a little longer: what would be told twice may."""
        self._begin({})
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and not all_told():
            time.sleep(0.5)
        time.sleep(_LONGEST)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGTERM)
        self._ended()

    @property
    def air(self) -> Counter[str]:
        """Channel → its requests that a kill cut short, as far as the outbox knows."""
        return Counter(channel for channel, _, _ in self._air)

    def report(self, world: World) -> str:
        ends = ", ".join(f"{kind} {count}" for kind, count in sorted(self._ends.items()))
        lines = [
            f"{sum(self._ends.values())} kills: {ends}",
            f"killed at {len(self._hit)} of {len(self._points)} named points",
            f"{world.feeds} stories; received: {len(world.hooks)} webhooks under "
            f"{len(world.hook_bodies())} ids, {len(world.letters)} letters, {len(world.chats)} chat messages",
            f"requests cut short by a kill: {dict(self.air)}",
        ]
        return "\n".join(lines)

    # ── one life ─────────────────────────────────────────────────────────────────────────────────

    def _plan(self, kind: str) -> tuple[dict[str, Any], float]:
        """The order of a life, and the seconds after which it is ended from outside."""
        if kind == "point" and self._points:
            least = min(self._points.values())
            point = self._chance.choice(
                sorted(each for each, count in self._points.items() if count == least)
            )
            return {"point": point, "nth": self._chance.choice((1, 1, 1, 2, 3))}, _LONGEST
        if kind == "moment" and self._world:
            what = self._chance.choice(_MOMENTS)
            self._moment = (what, self._world.happened[what] + self._chance.choice((1, 1, 2)))
            return {}, _LONGEST
        if kind == "full":
            return {"full": True}, 1 + self._chance.random()
        return {}, _LOCK if kind == "locked" else 3 * self._chance.random()

    def _begin(self, order: dict[str, Any]) -> None:
        whole = order | {
            "config": str(self._folder / "config"),
            "data": str(self._folder / "data"),
            "log": str(self._folder / "bot.log"),
            "points": str(self._folder / "points.txt"),
            "began": self.clock.began,
            "speed": self.clock.speed,
        }
        assert self._lives.stdin
        assert self._lives.stdout
        self._lives.stdin.write(json.dumps(whole) + "\n")
        self._lives.stdin.flush()
        self._pid = json.loads(self._lives.stdout.readline())["pid"]
        self._over = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._lives.stdout
        self._lives.stdout.readline()
        self._pid = 0
        self._over.set()

    def _wait(self, seconds: float) -> bool:
        """Whether the life ended by itself, or by a moment's kill, before that time."""
        return self._over.wait(seconds)

    def _ended(self) -> None:
        self._over.wait(30)
        self._listener.join(1)

    def _kill(self) -> None:
        if pid := self._pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _at_moment(self, what: str, count: int) -> None:
        if self._moment and what == self._moment[0] and count >= self._moment[1]:
            self._kill()

    def _lock_the_database(self) -> None:
        if not self._has_tables():
            return
        with (
            closing(sqlite3.connect(self._folder / "data/chipwatch.db", isolation_level=None)) as connection,
            suppress(sqlite3.OperationalError),
        ):
            connection.execute("BEGIN IMMEDIATE")
            self._wait(_LOCK)
            connection.execute("ROLLBACK")

    def _has_tables(self) -> bool:
        file = self._folder / "data/chipwatch.db"
        if not file.exists():
            return False
        with closing(sqlite3.connect(file, timeout=10)) as connection:
            return bool(
                connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").fetchone()
            )

    def _learn_points(self) -> None:
        names = self._folder / "points.txt"
        if names.exists():
            for name in names.read_text().splitlines():
                self._points.setdefault(name, 0)
