"""``chipwatch webhook``: for those who receive ours."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.options import CONFIG, DATA, ConfigDir, DataDir, UnneededConfig, UnneededData
from bot.cli.output import say
from bot.cli.rows import reading
from bot.errors import UsageError

if TYPE_CHECKING:
    from pydantic import SecretStr

app = Commands("For receivers of our webhooks: check a signature, read the body's schema.")

File = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="The body's very bytes; else standard input.")
]


@app.command()
def verify(
    file: File = None,
    identifier: Annotated[str, typer.Option("--id", metavar="ID", help="The header webhook-id.")] = "",
    timestamp: Annotated[
        str, typer.Option("--timestamp", metavar="SECONDS", help="The header webhook-timestamp.")
    ] = "",
    signature: Annotated[
        str, typer.Option("--signature", metavar="TEXT", help="The header webhook-signature, whole.")
    ] = "",
    secret: Annotated[
        str,
        typer.Option(
            "--secret", metavar="whsec_…", envvar="WEBHOOK_SECRET", help="The secret that both sides know."
        ),
    ] = "",
    channel: Annotated[
        str, typer.Option("--channel", metavar="NAME", help="Take the secrets of this channel instead.")
    ] = "",
    tolerance: Annotated[
        int,
        typer.Option(
            "--tolerance", metavar="SECONDS", min=0, help="Oldest time that is accepted; 0 for any."
        ),
    ] = 300,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Check a request: is it from the bot, whole, and new? Ends with 0 if so, else with 1 and the reason.

    [dim]Example: chipwatch webhook verify body.json --id 3f2a --timestamp 1795330800 --signature "v1,…"[/dim]
    """
    from bot.channels.webhook import wrong_with
    from bot.configuration import SystemClock

    headers = {"webhook-id": identifier, "webhook-timestamp": timestamp, "webhook-signature": signature}
    if missing := [f"--{name.removeprefix('webhook-')}" for name, value in headers.items() if not value]:
        raise UsageError(f"{' and '.join(missing)} missing: write the headers of the request")
    secrets = _of_channel(channel, config, data) if channel else _given(secret)
    with reading(file) as stream:
        body = stream.read()
    problem = wrong_with(headers, body, secrets, SystemClock().now(), timedelta(seconds=tolerance))
    if problem:
        say(f"refuse it: {problem}")
        raise typer.Exit(1)
    say("it is from the bot, whole and new" if tolerance else "it is from the bot, and whole")


@app.command()
def schema(_config: UnneededConfig = None, _data: UnneededData = None) -> None:
    """Print the JSON Schema of the body.

    [dim]Example: chipwatch webhook schema > event.schema.json[/dim]
    """
    say(resources.files("bot.channels").joinpath("webhook.schema.json").read_text(encoding="utf-8").rstrip())


def _given(secret: str) -> list[SecretStr]:
    from pydantic import SecretStr

    from bot.channels.webhook import is_secret

    given = SecretStr(secret)
    if not is_secret(given):
        raise UsageError("--secret is whsec_ and the base64 of 24 to 64 bytes; or name a --channel")
    return [given]


def _of_channel(name: str, config: Path, data: Path) -> list[SecretStr]:
    from bot.channels.webhook import WebhookChannel
    from bot.configuration import read_configuration
    from bot.documents import unknown

    channels = read_configuration(config, data).channels
    ours = {each: found for each, found in channels.items() if isinstance(found, WebhookChannel)}
    if name not in ours:
        raise UsageError(unknown("webhook channel", name, list(ours)))
    return ours[name].secrets
