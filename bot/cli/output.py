"""What commands print: tables for people, JSON for programs; colour and width only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

NOTHING = "–"
"""How an empty cell is printed."""


def print_json(value: Any) -> None:
    """One JSON document; times in ISO 8601."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))  # noqa: T201


def print_line(value: Mapping[str, Any]) -> None:
    """One JSON object on one line, out at once: the reader may wait for it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table with a heading row, or ``empty`` where it would have no other."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say(empty)
        return
    from bot.cli.tables import draw

    draw(columns, cells)


def say(text: str = "") -> None:
    """A line for people."""
    print(text)  # noqa: T201


def note(text: str) -> None:
    """A line for people beside the output proper."""
    print(text, file=sys.stderr)  # noqa: T201


def short_time(at: datetime | None) -> str:
    """``2026-03-04 07:30``, in UTC."""
    return f"{at:%Y-%m-%d %H:%M}" if at else NOTHING


def rough_time(time: timedelta) -> str:
    """``2 d 4 h``, ``3 h 20 min``, ``7 min``, ``40 s``."""
    seconds = round(time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    units = (("d", seconds // 86_400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60))
    told = [f"{count} {unit}" for unit, count in units if count]
    return " ".join(told[:2])


def _cell(value: object) -> str:
    match value:
        case None:
            return NOTHING
        case datetime():
            return short_time(value)
        case float():
            return f"{value:.2f}"
        case _:
            return str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value)
