"""``chipwatch deliveries``: the outbox."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit
from bot.cli.output import print_json, print_table, say
from bot.errors import UsageError
from bot.model import DeliveryState

app = Commands("The outbox: what was sent, what waits, what failed.")


@app.command("list")
def list_(
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="pending, sending, sent, unknown or dead.")
    ] = "",
    limit: Limit = 50,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first.

    [dim]Example: chipwatch deliveries list --state dead[/dim]
    """
    from bot.documents import unknown

    if state and state not in list(DeliveryState):
        raise UsageError(unknown("state", state, list(DeliveryState)))
    with opened(config, data) as application, application.store.read() as tx:
        found = tx.outbox.deliveries(state=DeliveryState(state) if state else None, limit=limit)
    if as_json:
        rows = []
        for delivery in found:
            row = asdict(delivery)
            del row["message"]
            rows.append(row | {"subject": delivery.message.subject, "bytes": len(delivery.message.body)})
        print_json(rows)
        return
    print_table(
        ("key", "state", "when", "tries", "from", "to", "subject", "note"),
        (
            (
                delivery.key[:12],
                delivery.state.value,
                delivery.sent_at or delivery.due_at,
                delivery.attempt,
                delivery.origin,
                f"{delivery.channel}: {delivery.recipient}",
                delivery.message.subject,
                delivery.note,
            )
            for delivery in found
        ),
        empty=f"no delivery is {state}" if state else "the outbox is empty",
    )


@app.command()
def dead(
    limit: Limit = 50, config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False
) -> None:
    """List the dead letters: given up, kept, to be sent again by hand.

    [dim]Example: chipwatch deliveries dead[/dim]
    """
    list_(state="dead", limit=limit, config=config, data=data, as_json=as_json)


@app.command()
def retry(
    keys: Annotated[
        list[str], typer.Argument(metavar="KEY", help="Keys, or their beginnings, of dead or unknown ones.")
    ],
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Send dead or unknown deliveries again, with the same bytes and the same key.

    [dim]Example: chipwatch deliveries retry 3f2a9c[/dim]
    """
    with opened(config, data) as application, application.store.begin() as tx:
        ended = [
            delivery.key
            for state in (DeliveryState.DEAD, DeliveryState.UNKNOWN)
            for delivery in tx.outbox.deliveries(state=state, limit=10_000)
        ]
        chosen = []
        for key in keys:
            found = [each for each in ended if each.startswith(key)]
            if len(found) != 1:
                problem = "fits several" if found else "is neither dead nor unknown"
                raise UsageError(f'"{key}" {problem}; see: chipwatch deliveries list')
            chosen += found
        count = tx.outbox.retry(chosen, application.deps.clock.now())
    say(f"{count} will be sent again; now, with: chipwatch deliver")
