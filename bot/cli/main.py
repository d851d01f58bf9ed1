"""All commands under one name, grouped as the help shows them."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bot.cli import (
    configuration,
    corpus,
    database,
    deliveries,
    demo,
    digests,
    explain,
    feeds,
    filters,
    poll,
    run,
)
from bot.cli.exits import guarded

app = typer.Typer(
    name="chipwatch",
    help="Give it feeds and a handful of example articles; it tells you once, with its reasons, "
    "when something that matters happens.",
    epilog="Start with: chipwatch demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_DAEMON, _LOOK, _SETUP, _FILTER = "Watch", "Look", "Set up", "Filters (JSON Lines in, JSON Lines out)"


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"chipwatch {installed('chipwatch')}")
        raise typer.Exit


for _panel, _commands in {
    _DAEMON: (run.run, demo.demo, poll.poll, digests.digest, poll.deliver, run.health),
    _LOOK: (explain.items, explain.stories, explain.why),
    _SETUP: (configuration.init,),
    _FILTER: (filters.classify, filters.group, filters.parse, filters.eval_),
}.items():
    for _command in _commands:
        app.command(name=_command.__name__.rstrip("_"), rich_help_panel=_panel)(_command)
for _panel, _groups in {
    _LOOK: {"deliveries": deliveries.app},
    _SETUP: {"feeds": feeds.app, "corpus": corpus.app, "config": configuration.app, "db": database.app},
}.items():
    for _name, _group in _groups.items():
        app.add_typer(_group, name=_name, rich_help_panel=_panel)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    sys.exit(guarded(partial(app, prog_name="chipwatch")))
