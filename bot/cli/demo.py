"""``chipwatch demo``: the main job on loopback, with sample feeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import UnneededConfig, UnneededData


def demo(
    folder: Annotated[
        Path, typer.Option("--output", metavar="DIR", help="Where the received mail and webhook bodies go.")
    ] = Path("demo-output"),
    _config: UnneededConfig = None,
    _data: UnneededData = None,
) -> None:
    """Show the whole job on loopback: sample feeds in, alerts and a digest out, told once.

    [dim]Example: chipwatch demo[/dim]
    """
    from bot.demo import show

    show(folder)
