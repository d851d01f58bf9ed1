"""All commands under one name, grouped as the help shows them."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bot import __version__
from bot.cli import (
    backtest,
    configuration,
    corpus,
    database,
    deliver,
    deliveries,
    demo,
    digests,
    doctor,
    drift,
    explain,
    feedback,
    feeds,
    filters,
    plan,
    poll,
    run,
    status,
    stories,
    topics,
    unsubscribed,
    webhook,
)
from bot.cli.commands import Commands
from bot.cli.exits import guarded
from bot.cli.output import say

app = Commands(
    "Give it feeds and a handful of example articles; it tells you once, with its reasons, "
    "when something that matters happens.",
    epilog="Start with: chipwatch demo",
    name="chipwatch",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_DAEMON, _LOOK, _SETUP, _FILTER = "Watch", "Look", "Set up", "Filters (JSON Lines in, JSON Lines out)"


def _tell_version(wanted: bool) -> None:
    if wanted:
        say(f"chipwatch {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None: ...


for _panel, _commands in {
    _DAEMON: (run.run, demo.demo, poll.poll, digests.digest, deliver.deliver, run.health),
    _LOOK: (status.status, explain.items, explain.why, backtest.backtest),
    _SETUP: (configuration.init, doctor.doctor),
    _FILTER: (filters.classify, filters.group, filters.parse, filters.eval_),
}.items():
    for _command in _commands:
        app.command(name=_command.__name__.rstrip("_"), rich_help_panel=_panel)(_command)
for _panel, _groups in {
    _LOOK: {"stories": stories.app, "feedback": feedback.app, "deliveries": deliveries.app},
    _SETUP: {
        "feeds": feeds.app,
        "topics": topics.app,
        "corpus": corpus.app,
        "config": configuration.app,
        "db": database.app,
        "webhook": webhook.app,
    },
}.items():
    for _name, _group in _groups.items():
        app.add_typer(_group, name=_name, rich_help_panel=_panel)

topics.app.command()(drift.drift)
configuration.app.command()(plan.plan)
deliveries.app.command()(unsubscribed.unsubscribed)


def main() -> None:
    """Run the command line and end the process with its exit status."""
    # A title may hold a character that this terminal's encoding can't show: it is spelled out instead.
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(guarded(partial(app, prog_name="chipwatch")))
