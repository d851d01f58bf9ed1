"""``chipwatch run``, the daemon, and ``chipwatch health``, its probe."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, DATA, ConfigDir, DataDir
from bot.cli.output import note, say
from bot.errors import ChipwatchError, UsageError

_PROBE_WITHIN = 4.0
"""Seconds, of the five that the image's HEALTHCHECK waits."""


def run(
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    log_level: Annotated[
        str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
    ] = "",
    init: Annotated[
        bool, typer.Option("--init", help="Begin with the starter configuration where there is none.")
    ] = False,
) -> None:
    """Run the daemon: poll, judge, alert, compose, deliver, until SIGTERM.

    [dim]Example: chipwatch run --config config --data data[/dim]
    """
    from bot.runtime.lifecycle import Signals

    # First of all: a signal counts also while the rest is imported and read.
    signals = Signals()
    from bot.configuration import is_empty, read_configuration, write_starter
    from bot.daemon import serve
    from bot.documents import unknown
    from bot.tables import LEVELS

    if log_level and log_level not in LEVELS:
        raise UsageError(unknown("level", log_level, LEVELS))
    if init and is_empty(config):
        write_starter(config)
        note(
            f"chipwatch: {config} was empty and has the starter configuration now; read chipwatch.toml in it"
        )
    serve(read_configuration(config, data), log_level, signals=signals)


def health(config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:  # noqa: ARG001 - on every command
    """Ask the running daemon whether it is ready; exit status 1 if it is not. For container probes.

    [dim]Example: chipwatch health[/dim]
    """
    from bot.server.readiness import readiness
    from bot.settings import load_settings

    bind = load_settings(require_folder(config))[0].server.bind
    if not bind:
        raise ChipwatchError("[server] bind is empty in chipwatch.toml: there is no health server to ask")
    troubles = readiness(bind, _PROBE_WITHIN)
    for part, trouble in troubles.items():
        say(f"{part}: {trouble}")
    if troubles:
        raise typer.Exit(1)
    say("ready")
