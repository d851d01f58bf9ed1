"""One daemon a database, whatever data folders there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import StoreError
from bot.storage.engine import BUSY_TIMEOUT, connected
from bot.storage.store import shown, translated


@contextmanager
def sole_daemon(url: str) -> Iterator[Callable[[], bool]]:
    """Hold the place of the one daemon that works on a database; whoever dies lets go of it.

    It is a lock that a connection of its own holds, or that of a file beside a SQLite database. A server
    that restarts forgets it: gives what takes it anew, where that is needed, and says whether it is ours, or
    raises StoreError while the server is away. Raises StoreError where another daemon has the place.
    """
    with connected(url, BUSY_TIMEOUT) as (engine, dialect), dialect.alone(engine) as take:
        if not take():
            raise StoreError(
                f"another chipwatch with another data folder is running on {shown(engine.url)}; "
                "stop it, or name another database"
            )

        def is_ours() -> bool:
            with translated(engine, dialect):
                return take()

        yield is_ours
