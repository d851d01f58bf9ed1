"""Figures as text: what was found, each round as it ends, and the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.polling.programs import CHIPWATCH, READER
from bench.polling.runs import Row
from bench.polling.scenarios import SCENARIOS

_MEGABYTE = 1024 * 1024
TITLES = {scenario.name: scenario.title for scenario in SCENARIOS} | {
    "tick": "a tick with nothing due",
    "idle": "a start with nothing due",
}


def processor() -> str:
    """The processor's name, where the system tells it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


def head(results: Mapping[str, Any]) -> str:
    lines = [
        f"{results['feeds']} feeds, {results['entries']} entries, {results['bytes'] / 1e6:.1f} MB",
        results["machine"],
        f"origin: {results['origin']}",
        "programs: " + ", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        *results["missing"],
    ]
    return "\n".join(lines) + "\n"


def told(way: str, rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The rows as plain data, each printed when it is there."""
    for row in rows:
        judging = "" if row.judging is None else f" + {row.judging:.2f} judging"
        healthy = "" if row.healthy is None else f", last healthy answer {row.healthy:.2f} s"
        print(
            f"{row.program:10} {way} {row.scenario:8} {row.feeds:6} feeds {row.cpu:8.2f}{judging} s CPU"
            f" {row.wall:8.2f} s wall {row.memory / _MEGABYTE:6.0f} MB {row.items:7} new"
            f" {row.size / _MEGABYTE:7.1f} MB on disk{healthy} {row.note}",
            flush=True,
        )
        yield asdict(row)


def tables(results: Mapping[str, Any]) -> str:
    feeds = results["feeds"]
    parts = []
    ways = (
        ("started", "Started anew for each round (start-up, and chipwatch's judging, included)"),
        ("running", "In a process that is already running (chipwatch: polling + judging)"),
    )
    for way, title in ways:
        if rows := results[way]:
            parts.append(f"## {title}\n\n{_table(rows, feeds)}")
    return "\n" + "\n\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]], feeds: int) -> str:
    """A line a scenario, a column a program: CPU / wall / peak memory, and ours against reader's CPU."""
    cells = {(row["scenario"], row["program"]): row for row in rows}
    programs = list(dict.fromkeys(row["program"] for row in rows))
    scenarios = list(dict.fromkeys(row["scenario"] for row in rows))
    lines = [["CPU s / wall s / MB", *programs, f"{CHIPWATCH} ÷ {READER}"]]
    for scenario in scenarios:
        cells_here = [_cell(cells.get((scenario, program)), feeds) for program in programs]
        lines.append([TITLES[scenario], *cells_here, _ratio(cells, scenario)])
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(row: Mapping[str, Any] | None, feeds: int) -> str:
    if row is None:
        return "–"
    scale, mark = 1.0, ""
    if row["scenario"] == "tick":
        scale = 0.01
    elif 0 < row["feeds"] <= feeds / 5:
        scale, mark = feeds / row["feeds"], "≈ "
    judging = "" if row["judging"] is None else f" + {row['judging'] * scale:.2f}"
    cpu, wall = row["cpu"] * scale, row["wall"] * scale
    digits = 4 if row["scenario"] == "tick" else 2
    note = f" ({row['note']})" if row["note"].startswith("stopped") else ""
    return f"{mark}{cpu:.{digits}f}{judging} / {wall:.{digits}f} / {row['memory'] / _MEGABYTE:.0f}{note}"


def _ratio(cells: Mapping[tuple[str, str], Mapping[str, Any]], scenario: str) -> str:
    ours, theirs = cells.get((scenario, CHIPWATCH)), cells.get((scenario, READER))
    if not (ours and theirs and theirs["cpu"]):
        return "–"
    polling = ours["cpu"] / theirs["cpu"]
    if ours["judging"] is None:
        return f"{polling:.3f}"
    return f"{polling:.3f} ({(ours['cpu'] + ours['judging']) / theirs['cpu']:.3f} with judging)"
