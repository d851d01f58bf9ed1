"""Look a database over: what is wrong with it, in words, and how large it is. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from bot.errors import StoreError
from bot.storage.dialects import PUT_BACK, Dialect
from bot.storage.engine import BUSY_TIMEOUT, connected, file_of, revision_of
from bot.storage.queue import body_hash
from bot.storage.schema import OPEN, REVISIONS, deliveries, destinations, feeds, redirects
from bot.storage.store import translated

_NAMED_AT_MOST = 3
_LEASED_AT_MOST = timedelta(hours=6)
_LOG_AT_MOST = 64 * 2**20
_START_ANEW = "look whether the clock is right, then start the daemon anew: it ends all leases"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Something that is wrong with a database."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was found. Sizes in bytes."""

    engine: str = ""
    """Name and version; empty where it does not answer."""
    revision: str | None = None
    size: int = 0
    """All of it, free pages too."""
    free: int = 0
    """Of it in pages that hold nothing; PostgreSQL does not tell."""
    log: int = 0
    """SQLite's write-ahead log, beside the size."""
    faults: tuple[Fault, ...] = ()


def inspect(
    url: str, now: datetime, *, thorough: bool = False, busy_timeout: timedelta = BUSY_TIMEOUT
) -> Inspection:
    """Look over the database at ``url``. Trouble of any kind is a fault of the answer and not an error.

    Takes milliseconds; ``thorough`` reads all of a SQLite file, some seconds a gigabyte. Writers go on.
    """
    try:
        file = file_of(url)
        if file is not None and not file.exists():
            remedy = "`chipwatch run` makes one, `chipwatch db restore FILE` puts a backup there"
            return Inspection(faults=(Fault(problem=f"there is no database at {file}", remedy=remedy),))
        with connected(url, busy_timeout) as (engine, dialect):
            return _Looking(engine, dialect, now, thorough=thorough).found()
    except StoreError as error:
        return Inspection(faults=(fault_of(error),))


Check = Callable[[Connection], Iterator[Fault]]


class _Looking:
    """One look: every check in a transaction of its own, so that a broken table hides no other."""

    def __init__(self, engine: Engine, dialect: Dialect, now: datetime, *, thorough: bool) -> None:
        self._engine = engine
        self._reader = dialect.reader(engine)
        self._dialect = dialect
        self._now = now
        self._thorough = thorough

    def found(self) -> Inspection:
        facts, own = _BY_ENGINE[self._engine.dialect.name]
        with self._reader.begin() as connection:
            sizes = facts(connection)
        faults = [*self._run(lambda connection: own(connection, thorough=self._thorough))]
        revision, stale = self._revision()
        faults += stale
        if not stale:
            for check in (_bodies, self._leases, _redirects):
                faults += self._run(check)
        unique = tuple(dict.fromkeys(faults))
        return Inspection(revision=revision, faults=unique, **sizes)

    def _run(self, check: Check) -> Sequence[Fault]:
        try:
            with translated(self._engine, self._dialect), self._reader.begin() as connection:
                return [*check(connection)]
        except StoreError as error:
            return [fault_of(error)]

    def _revision(self) -> tuple[str | None, list[Fault]]:
        try:
            with translated(self._engine, self._dialect), self._reader.begin() as connection:
                revision = revision_of(connection)
        except StoreError as error:
            return None, [fault_of(error)]
        if revision == REVISIONS[-1]:
            return revision, []
        problem = f"its tables are of revision {revision or 'none'}, this version's of {REVISIONS[-1]}"
        return revision, [Fault(problem=problem, remedy="run `chipwatch db upgrade`")]

    def _leases(self, connection: Connection) -> Iterator[Fault]:
        """Of a lease that a wrong clock wrote nothing comes free before its time."""
        late = self._now + _LEASED_AT_MOST
        for what, name, until in (
            ("feeds", feeds.c.feed_id, feeds.c.leased_until),
            ("channels", destinations.c.channel, destinations.c.leased_until),
        ):
            held = connection.scalars(select(name).where(until > late).order_by(name)).all()
            if held:
                yield Fault(
                    problem=f"{what} taken until a far future: {_some(held)}",
                    remedy=_START_ANEW,
                )


# ── what both engines hold ──


def _bodies(connection: Connection) -> Iterator[Fault]:
    query = select(deliveries.c.key, deliveries.c.body, deliveries.c.body_hash).where(OPEN)
    rows = connection.execute(query.execution_options(yield_per=100))
    if changed := [row.key for row in rows if body_hash(row.body) != row.body_hash]:
        yield Fault(
            problem=f"messages that are not the bytes composed: {_some(changed)}",
            remedy="they will not be sent; look at them with `chipwatch deliveries show KEY`",
        )


def _redirects(connection: Connection) -> Iterator[Fault]:
    """A story that became part of another one leads to where its items are now, in one step."""
    onward = redirects.alias("onward")
    query = select(redirects.c.story_id).join(onward, onward.c.story_id == redirects.c.survivor)
    if astray := connection.scalars(query.order_by(redirects.c.story_id)).all():
        yield Fault(problem=f"merged stories that lead nowhere: {_some(astray)}", remedy=PUT_BACK)


# ── SQLite ──


def _sqlite_facts(connection: Connection) -> dict[str, Any]:
    page = _pragma(connection, "page_size")
    log = Path(f"{connection.engine.url.database}-wal")
    return {
        "engine": f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}",
        "size": page * _pragma(connection, "page_count"),
        "free": page * _pragma(connection, "freelist_count"),
        "log": log.stat().st_size if log.exists() else 0,
    }


def _sqlite_faults(connection: Connection, *, thorough: bool) -> Iterator[Fault]:
    if thorough:
        said = connection.execute(text("PRAGMA integrity_check(1)")).scalars().all()
        if said != ["ok"]:
            yield Fault(problem=f"the file is damaged: {said[0].splitlines()[-1]}", remedy=PUT_BACK)
        strays = Counter(row.table for row in connection.execute(text("PRAGMA foreign_key_check")))
        for table, rows in sorted(strays.items()):
            problem = f"{rows:,} rows of table {table} belong to rows that are gone"
            yield Fault(problem=problem, remedy=PUT_BACK)
    log = _sqlite_facts(connection)["log"]
    if log > _LOG_AT_MOST:
        yield Fault(
            problem=f"its write-ahead log has grown to {log >> 20:,} MB: something has been reading for long",
            remedy="end what reads the file, then start the daemon anew",
        )


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.execute(text(f"PRAGMA {name}")).scalar_one())


# ── PostgreSQL ──


def _postgresql_facts(connection: Connection) -> dict[str, Any]:
    return {
        "engine": f"PostgreSQL {connection.scalar(text('SHOW server_version'))}",
        "size": connection.scalar(text("SELECT pg_database_size(current_database())")),
    }


def _postgresql_faults(connection: Connection, *, thorough: bool) -> Iterator[Fault]:  # noqa: ARG001
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        yield Fault(
            problem=f"its encoding is {encoding}, which can't hold every text",
            remedy="copy it into one with ENCODING 'UTF8': chipwatch db backup, then db restore",
        )
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
    if names := connection.execute(text(invalid)).scalars().all():
        problem = f"indexes that are not whole: {_some(names)}"
        yield Fault(problem=problem, remedy=f"REINDEX INDEX {names[0]}")


_Facts = Callable[[Connection], dict[str, Any]]
_BY_ENGINE: Mapping[str, tuple[_Facts, Callable[..., Iterator[Fault]]]] = {
    "sqlite": (_sqlite_facts, _sqlite_faults),
    "postgresql": (_postgresql_facts, _postgresql_faults),
}


def fault_of(error: StoreError) -> Fault:
    """Our messages end with what to do, behind the last semicolon."""
    problem, _, remedy = str(error).rpartition("; ")
    return Fault(problem=problem or remedy, remedy=remedy)


def _some(names: Sequence[str]) -> str:
    told = ", ".join(names[:_NAMED_AT_MOST])
    return f"{told} and {len(names) - _NAMED_AT_MOST:,} more" if len(names) > _NAMED_AT_MOST else told
