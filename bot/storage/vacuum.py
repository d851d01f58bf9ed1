"""Write a whole SQLite database anew, without what is free in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.errors import StoreError, UsageError
from bot.storage.engine import BUSY_TIMEOUT, connected, file_of, revision_of


def vacuum(url: str, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> tuple[int, int]:
    """Make the file as small as it can be. Returns its bytes before and after.

    From then on upkeep gives room back as it comes free, which it can't in a file that an older version made.
    Nobody can write meanwhile, and for that time it takes twice its room once more. Raises ``UsageError`` for
    PostgreSQL, ``StoreBusy`` where somebody writes, ``StoreVersion`` for a database of a newer version.
    """
    file = file_of(url)
    if file is None:
        raise UsageError("a server's database is vacuumed by the server itself; there is nothing to do")
    if not file.exists():
        raise StoreError(f"there is no database at {file}; name its folder with --data")
    before = _bytes(file)
    with connected(url, busy_timeout) as (engine, dialect), dialect.reader(engine).begin() as reading:
        revision_of(reading)
    with connected(url, busy_timeout) as (engine, _dialect):
        held = engine.raw_connection()
        try:
            connection = held.driver_connection
            # Takes effect with the next statement.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # type: ignore[union-attr]
            connection.execute("VACUUM")  # type: ignore[union-attr]
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # type: ignore[union-attr]
        finally:
            held.close()
    return before, _bytes(file)


def _bytes(file: Path) -> int:
    return sum(each.stat().st_size for each in (file, Path(f"{file}-wal")) if each.exists())
