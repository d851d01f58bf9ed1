"""One program through all scenarios: started anew for each round, or running all the time."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.polling import usage
from bench.polling.meter import Usage, measure
from bench.polling.origin import Origin, Served
from bench.polling.programs import ROOT, Program
from bench.polling.scenarios import Scenario

SICK_LIMIT = 120.0
"""Seconds that a program is given where a tenth of the feeds never ends."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One round. Seconds and bytes."""

    program: str
    scenario: str
    feeds: int
    wall: float
    cpu: float
    memory: int
    items: int
    """New in the database after it."""
    size: int
    """Of the database."""
    healthy: float | None = None
    """Wall seconds until the last healthy feed had its answer; only where our own origin served."""
    judging: float | None = None
    """CPU seconds, not part of ``cpu``; only of a running chipwatch."""
    note: str = ""


def started_anew(
    program: Program,
    scenarios: Sequence[Scenario],
    origin: Origin,
    urls: Sequence[str],
    folder: Path,
    limit: float,
) -> Iterator[Row]:
    """The program as a user or a timer starts it, once a round: its start and all its work are counted."""
    urls, home = _share(program, urls), folder / program.name
    home.mkdir()
    program.prepare(home, urls)
    environment = {**os.environ, **program.environment(home)}
    before = 0
    for scenario in scenarios:
        patience = min(limit, SICK_LIMIT) if scenario.origin.sick else limit
        with _put_back(home, scenario.aside), origin.serving(scenario.origin) as served:
            used = measure([*program.command(home)], home, patience, environment)
            items = program.stored(home)
            size = program.size(home)
        yield Row(
            program=program.name,
            scenario=scenario.name,
            feeds=len(urls),
            wall=used.wall,
            cpu=used.cpu,
            memory=used.memory,
            items=items - before,
            size=size,
            healthy=_healthy(served, used.began),
            note=_note(used, patience, scenario),
        )
        before = items if not scenario.aside else before
    shutil.rmtree(home)


def in_process(
    program: Program,
    scenarios: Sequence[Scenario],
    origin: Origin,
    urls: Sequence[str],
    folder: Path,
    limit: float,
    judging: bool,
) -> Iterator[Row]:
    """The program's rounds in a process that is already running, as in a daemon."""
    home = folder / f"{program.name}-running"
    home.mkdir()
    program.prepare(home, _share(program, urls))
    with _Running(program, home, limit) as running:
        for scenario in scenarios:
            if scenario.aside:
                continue
            yield _round(program, running, scenario, origin, home, judging)
        if running.knows("tick"):
            with origin.serving(scenarios[-1].origin):
                told = running.do("tick")
            yield _row(program, "tick", told, home, note="100 ticks with nothing due")
        for scenario in scenarios:
            if scenario.aside:
                yield _round(program, running, scenario, origin, home, judging)
    if program.idle is not None:
        yield _idle(program, program.idle(home), home, limit)
    shutil.rmtree(home)


def _idle(program: Program, command: Sequence[str], home: Path, limit: float) -> Row:
    """A start, a look at what is due, and an end."""
    used = measure([*command], home, limit, {**os.environ, **program.environment(home)})
    told = {"wall": used.wall, "cpu": used.cpu, "memory": used.memory}
    return _row(program, "idle", told, home, note=_ended(used))


def _round(
    program: Program, running: _Running, scenario: Scenario, origin: Origin, home: Path, judging: bool
) -> Row:
    judged = None
    if running.knows("wait") and scenario.name != "first":
        running.do("wait")
    with origin.serving(scenario.origin) as served:
        told = running.do("poll", SICK_LIMIT if scenario.origin.sick else math.inf)
    if running.knows("judge"):
        told_of = running.do("judge" if judging else "skip")
        judged = told_of.get("cpu") if judging else None
    return _row(
        program,
        scenario.name,
        told,
        home,
        healthy=_healthy(served, told["began"]),
        judging=judged,
        note=running.given_up,
    )


def _row(program: Program, scenario: str, told: dict[str, Any], home: Path, **more: Any) -> Row:
    return Row(
        program=program.name,
        scenario=scenario,
        feeds=told.get("feeds", 0),
        wall=told.get("wall", 0.0),
        cpu=told.get("cpu", 0.0),
        memory=told.get("memory", 0),
        items=told.get("items", 0),
        size=program.size(home),
        **more,
    )


class _Running:
    """The process that rounds are asked of."""

    def __init__(self, program: Program, home: Path, limit: float) -> None:
        environment = {**os.environ, **program.environment(home)}
        self._limit = limit
        self._log = (home / "output.log").open("w")
        self._process = subprocess.Popen(
            [*program.rounds, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        try:
            self._steps = self._answer()["steps"]
        except json.JSONDecodeError:
            raise SystemExit(f"{program.name} did not start: {_last_words(Path(self._log.name))}") from None
        self.given_up = ""

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._log.close()

    def knows(self, step: str) -> bool:
        return step in self._steps

    def do(self, step: str, limit: float = math.inf) -> dict[str, Any]:
        """One step; little is told where the process had to be stopped."""
        over = threading.Timer(min(limit, self._limit), self._process.kill)
        over.start()
        began = time.monotonic()
        try:
            with usage.Watch(self._process.pid) as watch:
                print(step, file=self._process.stdin, flush=True)
                answer = self._answer()
            return answer | {"memory": watch.peak, "began": began}
        except (BrokenPipeError, json.JSONDecodeError):
            self.given_up = "stopped: " + (_last_words(Path(self._log.name)) or f"after {self._limit:.0f} s")
            return {"began": began, "wall": time.monotonic() - began}
        finally:
            over.cancel()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _note(used: Usage, patience: float, scenario: Scenario) -> str:
    if not used.ended:
        return f"stopped after {patience:.0f} s"
    return "" if scenario.origin.sick else _ended(used)


def _ended(used: Usage) -> str:
    """Programs say with their status that some feeds failed; where none is sick, that is news."""
    return f"ended with status {used.status}" if used.status else ""


def _last_words(log: Path) -> str:
    return (log.read_text().splitlines() or [""])[-1]


def _share(program: Program, urls: Sequence[str]) -> Sequence[str]:
    return urls[: max(1, round(len(urls) * program.share))]


def _healthy(served: Served, began: float) -> float | None:
    return served.healthy_at - began if served.healthy_at else None


@contextmanager
def _put_back(home: Path, aside: bool) -> Iterator[None]:
    """Where asked, undo what the block does to a program's memory."""
    kept = home.with_name(f"{home.name}.kept")
    if aside:
        shutil.copytree(home, kept)
    yield
    if aside:
        shutil.rmtree(home)
        kept.rename(home)
