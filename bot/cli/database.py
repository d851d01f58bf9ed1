"""``chipwatch db``: migrations, copies, and whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, say
from bot.core.amounts import size
from bot.errors import UsageError

app = Commands("The database.")

_Force = Annotated[bool, typer.Option("--force", help="Write over what is there.")]


@app.command()
def upgrade(config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
    """Bring the tables up to date. Whatever writes does so; this one says what it did.

    [dim]Example: chipwatch db upgrade[/dim]
    """
    from bot.configuration import read_configuration
    from bot.storage.engine import upgrade as upgrade_tables

    before, after = upgrade_tables(read_configuration(config, data).database)
    say(f"already at revision {after}" if before == after else f"from revision {before or 'none'} to {after}")


@app.command()
def check(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Read the whole database and name what is wrong with it. It may be in use.

    [dim]Example: chipwatch db check[/dim]
    """
    from bot.configuration import SystemClock, read_configuration
    from bot.storage.inspection import inspect

    configuration = read_configuration(config, data)
    busy = configuration.settings.storage.busy_timeout
    found = inspect(configuration.database, SystemClock().now(), thorough=True, busy_timeout=busy)
    if as_json:
        print_json(asdict(found))
    else:
        if found.engine:
            say(f"{found.engine}, revision {found.revision or 'none'}, {size(found.size)}")
        if found.free or found.log:
            say(f"of it {size(found.free)} free, beside it a log of {size(found.log)}")
        for fault in found.faults:
            say(f"{fault.problem}\n  → {fault.remedy}")
        if not found.faults:
            say("no faults")
    if found.faults:
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make.")],
    force: _Force = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Copy the database into one file, also while the daemon runs; of PostgreSQL too.

    The key of unsubscribe links is copied beside it.

    [dim]Example: chipwatch db backup /backups/monday.db[/dim]
    """
    from bot.channels.unsubscribe import KEY_FILE
    from bot.configuration import read_configuration
    from bot.storage.backup import backup as copy
    from bot.storage.backup import copy_small

    configuration = read_configuration(config, data)
    busy = configuration.settings.storage.busy_timeout
    with _percent("copying") as progress:
        written = copy(configuration.database, file, force=force, busy_timeout=busy, progress=progress)
    say(f"{file}, {size(written)}")
    key, copied = configuration.data / KEY_FILE, _beside(file)
    if key.exists():
        copy_small(key, copied)
        say(f"{copied}, the key of unsubscribe links")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `db backup` made.")],
    force: _Force = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Put a copy in the place of the database, whichever engine it came from. Stop the daemon first.

    The key of unsubscribe links that lies beside the copy is put back too.

    [dim]Example: chipwatch db restore /backups/monday.db[/dim]
    """
    from bot.channels.unsubscribe import KEY_FILE
    from bot.configuration import read_configuration
    from bot.runtime.lifecycle import single_instance
    from bot.storage.backup import copy_small
    from bot.storage.backup import restore as put_back

    configuration = read_configuration(config, data)
    key, copied = configuration.data / KEY_FILE, _beside(file)
    with single_instance(configuration.data), _percent("copying") as progress:
        if copied.exists() and key.exists() and copied.read_bytes() != key.read_bytes() and not force:
            raise UsageError(f"{key} is another key than {copied}; --force puts the copy in its place")
        put_back(file, configuration.database, force=force, progress=progress)
        if copied.exists():
            copy_small(copied, key)
    say(f"restored from {file}")


@app.command()
def vacuum(config: ConfigDir = CONFIG, data: DataDir = DATA) -> None:
    """Write a SQLite file anew, as small as it can be. Stop the daemon first; a gigabyte takes a minute.

    Once for a file that was made before revision 0014: of newer ones upkeep gives back what is free.

    [dim]Example: chipwatch db vacuum[/dim]
    """
    from bot.configuration import read_configuration
    from bot.runtime.lifecycle import single_instance
    from bot.storage.vacuum import vacuum as write_anew

    configuration = read_configuration(config, data)
    busy = configuration.settings.storage.busy_timeout
    with single_instance(configuration.data):
        before, after = write_anew(configuration.database, busy_timeout=busy)
    say(f"from {size(before)} to {size(after)}")


def _beside(file: Path) -> Path:
    """Where the key of unsubscribe links lies beside a copy."""
    from bot.channels.unsubscribe import KEY_FILE

    return file.with_name(f"{file.name}.{KEY_FILE}")


@contextmanager
def _percent(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of a hundred steps for what tells how much of how much is done."""
    from bot.cli.progress import measured

    shown = 0
    with measured(what, 100) as advance:

        def tell(done: int, total: int) -> None:
            nonlocal shown
            now = 100 * done // max(total, 1)
            advance(now - shown)
            shown = now

        yield tell
