"""How commands get at the bot: configuration read and checked, database open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Application


@contextmanager
def opened(config: Path, data: Path) -> Iterator[Application]:
    """The application for one command. Raises ConfigErrors and StoreError."""
    from bot import app

    with app.opened(app.read_configuration(config, data)) as application:
        yield application
