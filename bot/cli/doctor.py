"""``chipwatch doctor``: the world tested, with what to do about each fault."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.exits import FAILED, WRONG_CALL
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, say
from bot.model import Level, Row

if TYPE_CHECKING:
    from bot.doctor import Examination

_SIGNS: Mapping[Level, str] = {Level.FINE: "✓", Level.WARNING: "!", Level.FAULT: "✗"}
_ASCII: Mapping[Level, str] = {Level.FINE: "+", Level.WARNING: "!", Level.FAULT: "x"}
_STYLES: Mapping[Level, str] = {Level.FINE: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_ENDLESS = 100_000
_NARROWEST = 30


def doctor(
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only what needs no network: files, folders, database.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Test the world: database, disk, clock, every feed, mail server, channels. Sends nothing.

    Exit status 0: nothing but warnings; 1: faults; 2: the configuration is wrong.

    [dim]Example: chipwatch doctor --config config --data data[/dim]
    """
    from bot.cli.progress import counted
    from bot.doctor import examine

    examination = examine(config, data, partial(counted, "visiting feeds"), offline=offline)
    if as_json:
        print_json(_spell(examination))
    else:
        _show(examination.rows)
    if not examination.sound:
        raise typer.Exit(WRONG_CALL)
    if any(row.finding.level is Level.FAULT for row in examination.rows):
        raise typer.Exit(FAILED)


def _show(rows: Sequence[Row]) -> None:
    """What is fine, a part a paragraph; then warnings, then faults, each with its remedy; a last line."""
    from bot.core.diagnosis import gathered, summary

    page, told = _Page(), gathered(rows)
    sound = [row for row in told if row.finding.level is Level.FINE]
    wide = max((len(row.name) for row in sound), default=0)
    for part in dict.fromkeys(row.part for row in sound):
        say(part)
        for row in (each for each in sound if each.part == part):
            page.line(Level.FINE, "  ", f"{row.name:<{wide}}  " if row.name else "", row.finding.found)
    for row in sorted(told, key=lambda row: row.finding.level is Level.FAULT):
        if row.finding.level is not Level.FINE:
            say()
            name = " ".join(dict.fromkeys(filter(None, (row.part, row.name))))
            page.line(row.finding.level, "", "", f"{name}: {row.finding.found}")
            page.remedy(row.finding.remedy)
    say()
    say(summary(rows))


class _Page:
    """Lines as wide as a terminal; in a pipe without colours, and none is broken."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, soft_wrap=True)
        self._width = self._console.width if self._console.is_terminal else _ENDLESS
        self._signs = _SIGNS if _can_show("".join(_SIGNS.values())) else _ASCII
        self._arrow = "→ " if _can_show("→") else "-> "

    def line(self, level: Level, margin: str, name: str, text: str) -> None:
        """A sign, a name and a text that keeps to its own column."""
        from rich.text import Text

        sign = f"{self._signs[level]} "
        first, *rest = self._wrapped(text, len(margin + sign + name))
        self._console.print(Text.assemble(margin, (sign, _STYLES[level]), name, first))
        for line in rest:
            say(" " * len(margin + sign + name) + line)

    def remedy(self, text: str) -> None:
        first, *rest = self._wrapped(text, 2 + len(self._arrow))
        say(f"  {self._arrow}{first}")
        for line in rest:
            say(" " * (2 + len(self._arrow)) + line)

    def _wrapped(self, text: str, margin: int) -> list[str]:
        """An address or a command is broken nowhere but at its blanks."""
        width = max(self._width - margin, _NARROWEST)
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _spell(examination: Examination) -> dict[str, Any]:
    from bot.core.diagnosis import count

    rows = examination.rows
    return {
        "sound": examination.sound,
        "faults": count(rows, Level.FAULT),
        "warnings": count(rows, Level.WARNING),
        "checks": [
            {
                "part": row.part,
                "name": row.name,
                "level": row.finding.level.value,
                "found": row.finding.found,
                "remedy": row.finding.remedy or None,
            }
            for row in rows
        ],
    }
