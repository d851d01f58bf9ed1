"""``chipwatch deliveries unsubscribed``: who wants no messages, and taking it back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, print_table, say
from bot.errors import UsageError


def unsubscribed(
    undo: Annotated[
        str, typer.Option("--undo", metavar="ADDRESS", help="Send to this address again, from now on.")
    ] = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """List recipients who unsubscribed by a link, latest first. The configuration still names them.

    [dim]Example: chipwatch deliveries unsubscribed --undo ann@example.org[/dim]
    """
    from bot.core.amounts import plural
    from bot.pipeline.unsubscribe import resubscribe

    with opened(config, data) as application:
        if undo:
            count = resubscribe(application.deps, undo)
            if not count:
                raise UsageError(f"{undo} has not unsubscribed; see: chipwatch deliveries unsubscribed")
            say(f"{undo} gets messages of {plural(count, 'channel')} again")
            return
        with application.store.read() as tx:
            found = tx.unsubscriptions.all()
    if as_json:
        print_json([asdict(each) for each in found])
        return
    print_table(
        ("channel", "address", "since"),
        ((each.channel, each.address, each.at) for each in found),
        empty="nobody has unsubscribed",
    )
