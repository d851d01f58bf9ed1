"""How commands get at the bot: configuration read and checked, database open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application


def require_folder(config: Path) -> Path:
    """The configuration folder, for commands that read some of its files. Raises UsageError without one."""
    if not config.is_dir():
        remedy = f"make one with: chipwatch init {config}, or name one with --config"
        raise UsageError(f"there is no configuration folder {config}; {remedy}")
    return config


def tell_of_daemon(data: Path) -> None:
    """Where a daemon runs, say how it gets to know of a change in its configuration."""
    from bot.cli.output import note
    from bot.runtime.presence import is_running

    if is_running(data):
        note(
            "the running daemon goes on without it until it reads its configuration anew: "
            "systemctl reload chipwatch, or kill -HUP its process (chipwatch status names it)"
        )


@contextmanager
def opened(config: Path, data: Path) -> Iterator[Application]:
    """The application for one command. Raises ConfigErrors and StoreError."""
    from bot import app
    from bot.configuration import read_configuration

    with app.opened(read_configuration(config, data)) as application:
        yield application


@contextmanager
def looked_into(config: Path, data: Path) -> Iterator[Application]:
    """The application for a command that only looks: a database is neither made nor migrated.

    Raises ConfigErrors, StoreAbsent where there is no database, and StoreVersion for one of another version.
    """
    from bot import app
    from bot.configuration import read_configuration
    from bot.storage.engine import check_version

    configuration = read_configuration(config, data)
    check_version(configuration.database, busy_timeout=configuration.settings.storage.busy_timeout)
    with app.opened(configuration) as application:
        yield application
