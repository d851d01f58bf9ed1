"""A month of the bot's life in half an hour, and whether it kept its promises.

    python -m tests.soak [--days 30] [--feeds 500] [--began 2026-10-12] [--seed N] [--folder DIR] [--one-life]

The real daemon in a process of its own polls hundreds of feeds on loopback that publish, edit, repeat,
break, redirect, disappear and come back; it mails a digest a day in each of three zones, over both changes
to winter time. It is restarted once a day, by SIGTERM or by SIGKILL (with ``--one-life`` never: for what
grows in one process), and told by SIGHUP to read its configuration anew: a changed one, and a broken one.
Its clock leaps by some minutes whenever nothing is left to do. At the end every story was told once by
alert and once by each digest, every slot has its letter, and neither memory nor handles nor the database
grew beyond what they may.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from bot.storage.engine import open_store
from bot.storage.store import SqlStore
from tests.soak.life import TICK, LeapingClock
from tests.soak.month import Month, configure, serving, subscribe
from tests.soak.process import Process
from tests.soak.publishers import populate
from tests.soak.verdict import faults
from tests.storage.promise import broken

DAY = timedelta(days=1)
BEGAN = datetime(2026, 10, 12, tzinfo=UTC)
MEMORY, MOST_FILES = 1.10, 1.10
_MEGABYTE = 1024 * 1024
_PATIENCE = 60.0
_A_TICK = 1.2 * TICK.total_seconds()


@dataclass(frozen=True)
class Day:
    """What was measured at the end of one."""

    number: int
    memory: int
    files: int
    threads: int
    database: int

    def __str__(self) -> str:
        return (
            f"day {self.number:2}: {self.memory / _MEGABYTE:6.1f} MB, {self.files} files, "
            f"{self.threads} threads, database {self.database / _MEGABYTE:.1f} MB"
        )


@dataclass
class Soak:
    """A month under way."""

    folder: Path
    month: Month
    ports: dict[str, int]
    leap: timedelta
    kept: timedelta
    """What ``[retention]`` says."""
    one_life: bool = False
    days: list[Day] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    """Seconds that each SIGTERM took."""

    @cached_property
    def store(self) -> SqlStore:
        return open_store(self.database)

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'data' / 'chipwatch.db'}"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def clock(self) -> LeapingClock:
        return self.month.clock

    def run(self, began: datetime, days: int) -> None:
        process = Process.started(self.folder, self.folder / "clock")
        for number in range(1, days + 1):
            self._pass(process, began + (number - 1) * DAY + DAY / 2)
            self._read_anew(process, number)
            self._pass(process, began + number * DAY)
            self.days.append(self._measured(process, number))
            print(self.days[-1], flush=True)
            if number < days and not self.one_life:
                process = self._restarted(process, number)
        self.ends.append(process.stop())
        self.store.close()

    def _pass(self, process: Process, until: datetime) -> None:
        while self.clock.now() < until:
            self.clock.leap(min(self.leap, until - self.clock.now()))
            self._settle(process)

    def _settle(self, process: Process) -> None:
        """Wait until what is due was done: a feed that hangs or a busy machine may take a while."""
        until = time.monotonic() + _PATIENCE
        time.sleep(_A_TICK)
        while time.monotonic() < until:
            assert process.running.poll() is None, f"it died: {process.log.read_text()[-3000:]}"
            with self.store.read() as tx:
                census = tx.census.take(self.clock.now())
            if not (census.due_since or census.unjudged or census.waiting):
                break
            time.sleep(_A_TICK)
        # What was judged last becomes alerts, and digests are composed, within another tick.
        time.sleep(_A_TICK)

    def _restarted(self, process: Process, number: int) -> Process:
        """By SIGTERM, every third day by SIGKILL."""
        if number % 3:
            self.ends.append(process.stop())
        else:
            process.stop(signal.SIGKILL)
        return Process.started(self.folder, self.folder / "clock")

    def _read_anew(self, process: Process, number: int) -> None:
        """Every second day: first a broken configuration, then a changed one that can be read."""
        if number % 2:
            return
        settings = self.config / "chipwatch.toml"
        sound = settings.read_text()
        settings.write_text(sound + "\n[digests.none]\ntopics = 7\n")
        process.send(signal.SIGHUP)
        self._pass(process, self.clock.now() + timedelta(hours=1))
        settings.write_text(sound)
        # The publishers in another order, without the first or with it again.
        publishers = [*reversed(self.month.publishers)][: len(self.month.publishers) - number // 2 % 2]
        subscribe(self.config, publishers, self.ports["feeds"])
        process.send(signal.SIGHUP)

    def _measured(self, process: Process, number: int) -> Day:
        files = (self.folder / "data").glob("chipwatch.db*")
        return Day(
            number=number,
            memory=process.memory(),
            files=process.files(),
            threads=process.threads(),
            database=sum(file.stat().st_size for file in files),
        )

    def faults(self, began: datetime) -> Iterator[str]:
        """Every promise that was broken."""
        now = self.clock.now()
        yield from faults(self.month, began, now)
        yield from broken(self.database, now, texts=self.kept, messages=self.kept)
        yield from _growth(self.days)
        if max(self.ends) > 10:
            yield f"it took {max(self.ends):.0f} s to end"


def _growth(days: Sequence[Day]) -> Iterator[str]:
    first, last = days[0], days[-1]
    if last.memory > first.memory * MEMORY:
        yield f"memory grew from {first.memory / _MEGABYTE:.0f} to {last.memory / _MEGABYTE:.0f} MB"
    # Connections that are kept for the next poll come and go: some twenty, or none.
    usual = max(day.files for day in days[: max(1, len(days) // 4)])
    if last.files > usual * MOST_FILES + 5:
        yield f"open files grew from {usual} to {last.files}"


def run(
    folder: Path,
    *,
    began: datetime = BEGAN,
    days: int,
    feeds: int,
    seed: int,
    on_topic: float = 0.1,
    leap: timedelta = timedelta(minutes=20),
    kept: timedelta = timedelta(days=7),
    one_life: bool = False,
) -> list[str]:
    """Live so long. Returns the promises that were broken."""
    clock = LeapingClock.made(folder / "clock", began)
    month = Month(clock, populate(feeds, began, days * DAY, seed, on_topic))
    with serving(month) as ports:
        (folder / "config").mkdir()
        configure(folder / "config", ports, kept)
        subscribe(folder / "config", month.publishers, ports["feeds"])
        soak = Soak(folder, month, ports, leap, kept, one_life)
        soak.run(began, days)
        found = list(soak.faults(began))
    print(
        f"{sum(month.asked.values())} requests {dict(month.asked)}, {len(month.titles())} events, "
        f"{len(month.hooks)} alerts, {len(month.letters)} letters, {len(month.alarms)} alarms; "
        f"ended within {max(soak.ends):.1f} s",
        flush=True,
    )
    for at, text in month.alarm_lines():
        print(f"  {at:%d %b %H:%M} alarm: {text}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="A month of the bot's life in half an hour.")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--began", type=datetime.fromisoformat, default=BEGAN)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--one-life", action="store_true", help="no restarts")
    parser.add_argument("--folder", type=Path, help="where to keep data and logs; default: a temporary one")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="chipwatch-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {options.seed}, {options.days} days, {options.feeds} feeds; logs in {folder}", flush=True)
    began = options.began.replace(tzinfo=options.began.tzinfo or UTC)
    found = run(
        folder,
        began=began,
        days=options.days,
        feeds=options.feeds,
        seed=options.seed,
        one_life=options.one_life,
    )
    for fault in found:
        print(f"BROKEN  {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
