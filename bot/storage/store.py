"""The store: transactions over an engine, and the one place where a driver's errors are translated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import StoreBusy, StoreError
from bot.storage.advice import SqlAdvice
from bot.storage.alarms import SqlAlarms
from bot.storage.alerts import SqlAlerts
from bot.storage.census import SqlCensus
from bot.storage.coverage import SqlCoverage
from bot.storage.dialects import Dialect
from bot.storage.drift import SqlDrift
from bot.storage.edits import SqlEdits
from bot.storage.feedback import SqlFeedback
from bot.storage.feeds import SqlFeeds
from bot.storage.glance import SqlGlance
from bot.storage.grouping import SqlGrouping
from bot.storage.inforce import SqlInForce
from bot.storage.items import SqlItems
from bot.storage.outbox import SqlOutbox
from bot.storage.queue import SqlQueue
from bot.storage.stories import SqlStories
from bot.storage.turns import Turns
from bot.storage.unsubscriptions import SqlUnsubscriptions
from bot.storage.updates import SqlUpdates

_LET_OTHERS = 0.5  # seconds


class SqlTx:
    """One transaction over all stores (``ports.Tx``)."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.feeds = SqlFeeds(connection, dialect)
        self.items = SqlItems(connection, dialect)
        self.stories = SqlStories(connection, dialect)
        self.grouping = SqlGrouping(connection, dialect)
        self.edits = SqlEdits(connection, dialect)
        self.outbox = SqlOutbox(connection, dialect)
        self.queue = SqlQueue(connection, dialect)
        self.alarms = SqlAlarms(connection)
        self.alerts = SqlAlerts(connection)
        self.updates = SqlUpdates(connection, dialect)
        self.unsubscriptions = SqlUnsubscriptions(connection, dialect)
        self.feedback = SqlFeedback(connection, dialect)
        self.advice = SqlAdvice(connection, dialect)
        self.drift = SqlDrift(connection, dialect)
        self.coverage = SqlCoverage(connection, dialect)
        self.census = SqlCensus(connection, dialect)
        self.in_force = SqlInForce(connection)
        self.glance = SqlGlance(connection)


class SqlStore:
    """A database in use (``ports.Store``). Threads may share it, but not a transaction."""

    def __init__(
        self, engine: Engine, dialect: Dialect, busy_timeout: timedelta, file: Path | None = None
    ) -> None:
        """``file``: that of an engine which has one."""
        self._file = file
        self._opened: tuple[int, int] | None = None
        self._engine = engine
        self._reader = dialect.reader(engine)
        self._dialect = dialect
        self._busy_timeout = busy_timeout
        self._turns = Turns()

    @contextmanager
    def begin(self) -> Iterator[SqlTx]:
        """A writing transaction: committed when the block ends, rolled back when it raises.

        Raises ``StoreBusy`` where another writer doesn't end in time, ``StoreError`` where the database
        can't be used.
        """
        self._check_file()
        with self._in_turn(), translated(self._engine, self._dialect), self._engine.begin() as connection:
            yield SqlTx(connection, self._dialect)

    @contextmanager
    def unhurried(self) -> Iterator[SqlTx]:
        """As ``begin``, for work that can wait. Afterwards others have as long as it took for theirs.

        Other processes look now and then whether SQLite's one lock is free: who takes it again at once keeps
        them out.
        """
        began = time.monotonic()
        with self.begin() as tx:
            yield tx
        time.sleep(min(time.monotonic() - began, _LET_OTHERS))

    def tidy(self) -> bool:
        """Give a little of the room that is free back to the disk. Whether there is more."""
        began = time.monotonic()
        self._check_file()
        with self._in_turn(), translated(self._engine, self._dialect):
            held = self._engine.raw_connection()
            try:
                more = self._dialect.tidy(held.driver_connection)
            finally:
                held.close()
        time.sleep(min(time.monotonic() - began, _LET_OTHERS))
        return more

    @contextmanager
    def read(self) -> Iterator[SqlTx]:
        """A transaction that sees one moment of the database, waits for no writer and can't write."""
        self._check_file()
        with translated(self._engine, self._dialect), self._reader.begin() as connection:
            yield SqlTx(connection, self._dialect)

    def ping(self) -> None:
        """Raise ``StoreError`` where the database doesn't answer."""
        self._check_file()
        with translated(self._engine, self._dialect), self._reader.begin() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back. Transactions under way in other threads keep theirs until they end."""
        self._engine.dispose()

    def _check_file(self) -> None:
        """Raise ``StoreError`` where the file that is open was deleted, or another one put in its place.

        The system lets whoever has it open go on; all that is written is lost when the last one ends.
        """
        if self._file is None:
            return
        try:
            found = self._file.stat()
        except FileNotFoundError:
            now = None
        except OSError:
            return  # who can't look can't say
        else:
            now = (found.st_dev, found.st_ino)
        if self._opened is None:
            self._opened = now
        elif self._opened != now:
            what = "another file is in its place" if now else "its file is gone"
            raise StoreError(f"{shown(self._engine.url)}: {what}; put it back, or restart chipwatch")

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Where the engine has one writer at a time, let the threads of this process queue for it.

        SQLite would have each look again and again whether the file is free, with growing pauses: of
        eight busy threads one may wait for seconds.
        """
        if not self._dialect.one_writer:
            yield
            return
        with self._turns.taken(self._busy_timeout.total_seconds()) as came:
            if not came:
                why = "another thread holds the database"
                raise StoreBusy(f"{shown(self._engine.url)}: {why}; try again later")
            yield


def shown(url: URL) -> str:
    """The address of a database as people may see it: without its password and the name of its driver."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


@contextmanager
def translated(engine: Engine, dialect: Dialect) -> Iterator[None]:
    """Turn what a driver says into a ``StoreError`` that names the database; our own mistakes pass."""
    where = shown(engine.url)
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(f"{where}: all connections are in use; try again later") from error
    except DBAPIError as error:
        trouble = dialect.trouble(error)
        if trouble is None:
            raise
        raise type(trouble)(f"{where}: {trouble}") from error
    except engine.dialect.loaded_dbapi.Error as error:  # of a driver's connection, without SQLAlchemy
        trouble = dialect.trouble(DatabaseError(None, None, error))
        if trouble is None:
            raise
        raise type(trouble)(f"{where}: {trouble}") from error
