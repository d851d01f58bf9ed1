"""One tree of errors. Expected trouble of the world (a feed that fails) is a value, never one of these.

::

    ChipwatchError                 anything the user is told about in one message, without a traceback
    ├── ConfigError                one mistake in a configuration file; names file, line, key and remedy
    ├── ConfigErrors               all mistakes found in the configuration
    ├── QueryError                 a query can't be read; names the position
    │   └── TopicQueryError        … of a topic; names topic and key
    ├── FeedError                  bytes that are no feed
    ├── UsageError                 the call is wrong
    └── StoreError                 the database can't be used
        ├── StoreBusy              locked by another process
        └── StoreVersion           made by a newer version, or not migrated yet
            └── StoreAbsent        not made yet

What a log may hold of an error is told here too: :func:`said` and :func:`traced`.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path


class ChipwatchError(Exception):
    """Base of all errors that a user is told about."""


class ConfigError(ChipwatchError):
    """A configuration file is wrong.

    ``str()`` gives ``file:line: key: problem; remedy``.
    """

    def __init__(self, problem: str, *, file: Path | str, line: int | None = None, key: str = "") -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.key = key
        where = f"{file}:{line}" if line else f"{file}"
        super().__init__(f"{where}: {key}: {problem}" if key else f"{where}: {problem}")


class ConfigErrors(ChipwatchError):  # noqa: N818 - the plural of ConfigError
    """All mistakes found in the configuration, at least one; each is told once, however many met it."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        self.problems = tuple({str(problem): problem for problem in problems}.values())
        super().__init__("\n".join(str(problem) for problem in self.problems))


class QueryError(ChipwatchError):
    """A query can't be read. ``position`` is the offset of the offending character."""

    def __init__(self, problem: str, *, position: int) -> None:
        self.problem = problem
        self.position = position
        super().__init__(f"at character {position + 1}: {problem}")


class TopicQueryError(QueryError):
    """A topic's query can't be read. ``topic`` is its id, ``key`` is ``query`` or ``exclude``."""

    def __init__(self, error: QueryError, *, topic: str, key: str) -> None:
        self.topic = topic
        self.key = key
        super().__init__(error.problem, position=error.position)


class FeedError(ChipwatchError):
    """The bytes are no feed that we read."""


class UsageError(ChipwatchError):
    """The call is wrong (exit status 2)."""


class StoreError(ChipwatchError):
    """The database can't be used."""


class StoreBusy(StoreError):  # noqa: N818 - a state of the world, named as such
    """Another process holds the database."""


class StoreVersion(StoreError):  # noqa: N818
    """The database was made by a newer version, or is not migrated yet."""


class StoreAbsent(StoreVersion):
    """There is no database yet, or one without tables."""


# ── what a log may hold of an error ──────────────────────────────────────────────────────────────

_FOLLOWED = "\nThe above exception was the direct cause of the following exception:\n\n"
_MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n\n"


def said(error: BaseException) -> str:
    """The kind of an error, and its words where they are ours or the system's.

    Words of other exceptions may be a feed's, a service's, or a whole row of the database.
    """
    kind = type(error).__name__
    if isinstance(error, ChipwatchError):
        return f"{kind}: {error}"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return f"{kind}: {os.strerror(error.errno)}"
    return kind


def traced(error: BaseException) -> str:
    """Where an error came from, like Python's traceback, but with no more words than :func:`said` has."""
    return "".join(_links(error, set())).rstrip("\n")


def _links(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _links(before, seen)
        yield _FOLLOWED if error.__cause__ is before else _MEANWHILE
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield f"{said(error)}\n"
    for inner in getattr(error, "exceptions", ()):
        if isinstance(inner, BaseException) and id(inner) not in seen:
            yield from _links(inner, seen)
