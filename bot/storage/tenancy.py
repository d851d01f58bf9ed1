"""One daemon a database, whatever data folders there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import StoreError
from bot.storage.engine import BUSY_TIMEOUT, connected
from bot.storage.store import shown


@contextmanager
def sole_daemon(url: str) -> Iterator[None]:
    """Hold the place of the one daemon that works on a database; whoever dies lets go of it.

    It is a lock that a connection of its own holds, or that of a file beside a SQLite database. A server
    that restarts forgets it. Raises StoreError where another daemon has the place.
    """
    with connected(url, BUSY_TIMEOUT) as (engine, dialect), dialect.alone(engine) as free:
        if not free:
            raise StoreError(
                f"another chipwatch with another data folder is running on {shown(engine.url)}; "
                "stop it, or name another database"
            )
        yield
