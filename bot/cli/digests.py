"""``chipwatch digest``: compose one now, or look at it before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, moment
from bot.cli.output import print_json, say
from bot.core.amounts import plural
from bot.errors import UsageError


def digest(
    name: Annotated[str, typer.Argument(metavar="NAME", help=r"A \[digests.NAME] of chipwatch.toml.")],
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="DIR", help="Write files there; send and remember nothing."),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help="As if it were that time: 2026-03-04T07:30, or an age: 24h."
        ),
    ] = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Compose a digest now and put it into the outbox; or preview it.

    [dim]Example: chipwatch digest daily --preview preview/[/dim]
    """
    from bot.documents import unknown
    from bot.pipeline.digest import compose, preview_digest

    with opened(config, data) as application:
        deps = application.deps
        if name not in deps.digests:
            raise UsageError(unknown("digest", name, list(deps.digests)))
        now = deps.clock.now()
        slot = moment(at, now) if at else now
        if preview is None:
            if slot > now:
                # It would count as the last slot, and no digest would come before it.
                raise UsageError(
                    f"{at} is still to come: a digest of then can only be looked at, with --preview"
                )
            count = compose(deps, deps.digests[name], slot)
            if as_json:
                print_json({"digest": name, "at": slot, "deliveries": count})
            elif count:
                say(f"{plural(count, 'message')} in the outbox; send now with: chipwatch deliver")
            else:
                say("nothing to tell: no story that was not told before")
            return
        written = _write(preview, preview_digest(deps, deps.digests[name], slot))
    if as_json:
        print_json({"digest": name, "at": slot, "files": [str(path) for path in written]})
        return
    for path in written:
        say(str(path))
    if not written:
        say("nothing to tell: no story that was not told before")
    elif left_out := _without_files(written, name, deps.digests[name].channels):
        say(f"nothing for {', '.join(left_out)}: no story that was not told there before")


def _without_files(written: Sequence[Path], digest: str, channels: Sequence[str]) -> list[str]:
    names = [path.stem.rstrip("0123456789") for path in written]
    return [channel for channel in channels if f"{digest}-{channel}-" not in names]


def _write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    try:
        if files:
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}") from error
    return [folder / name for name in files]
