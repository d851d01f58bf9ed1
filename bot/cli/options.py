"""Options that many commands share, spelled once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import UsageError

ConfigDir = Annotated[
    Path,
    typer.Option("--config", metavar="DIR", envvar="CHIPWATCH_CONFIG", help="Folder of the configuration."),
]
DataDir = Annotated[
    Path, typer.Option("--data", metavar="DIR", envvar="CHIPWATCH_DATA", help="Folder of the database.")
]
UnneededConfig = Annotated[Path | None, typer.Option("--config", metavar="DIR", hidden=True)]
UnneededData = Annotated[Path | None, typer.Option("--data", metavar="DIR", hidden=True)]
"""Taken by the commands that need none, too: a script may give both to all."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")]
Since = Annotated[
    str,
    typer.Option(
        "--since", metavar="TIME", help="A date, a time, or an age: 2026-03-04, 2026-03-04T07:30, 36h, 7d."
    ),
]
Topic = Annotated[str, typer.Option("--topic", metavar="ID", help="Only what matched this topic.")]
Limit = Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="At most so many.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="WORD", help="Words that must all occur.")]

CONFIG, DATA = Path("config"), Path("data")

_AGE = re.compile(r"^(\d+)([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """A date, a time or an age as an aware UTC time; without a zone it is UTC. Raises UsageError."""
    try:
        if age := _AGE.match(text):
            return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        problem = f'"{text}" is no time; write 2026-03-04, 2026-03-04T07:30 or an age such as 36h or 7d'
        raise UsageError(problem) from error


def since(text: str, now: datetime) -> datetime | None:
    """The time a ``--since`` option names; ``None`` where it was not given."""
    return moment(text, now) if text else None
