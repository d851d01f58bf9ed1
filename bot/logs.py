"""Logging: one structured line a unit of work; text for people, JSON for machines.

Every line names the part it is from. None holds a secret, and none the words of an exception that isn't ours:
those may be words of a feed, or a whole row of the database.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Collection, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from bot.errors import said, traced

NO_PART = "daemon"
"""What is from no part of its own: the life of the process."""
LIBRARIES = "libraries"
"""What dependencies log in the standard way."""
_SHORTEST_SECRET = 4
"""Anything shorter would be found in every other word."""

Line = MutableMapping[str, Any]


def log() -> Any:
    """The log, for what commands run too: those set none up, and hear of trouble on standard error."""
    if not structlog.is_configured():
        configure("warning", "text")
    return structlog.get_logger()


def configure(
    level: str,
    form: str,
    stream: TextIO | None = None,
    *,
    levels: Mapping[str, str] | None = None,
    secrets: Collection[str] = (),
) -> None:
    """Set logging up for the process; may be called again. ``form``: auto, text or json.

    ``levels``: of single parts, where they differ from ``level``. ``secrets`` appear in no line, whatever
    somebody else put them into.
    """
    target = stream or sys.stderr or _nowhere()
    as_text = form == "text" or (form == "auto" and target.isatty())
    least = {part: _number(each) for part, each in (levels or {}).items()}
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _ByPart(_number(level), least),
            _trace,
            _Hidden(secrets),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
            if as_text
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min(_number(level), *least.values(), 100)),
        # Text and line break in one write: what other threads log comes before or after.
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unfailing(target))),
        cache_logger_on_first_use=False,
    )
    _hear_libraries()


@dataclass(frozen=True)
class _Unfailing:
    """A stream by which no work fails: on a full disk, or when nobody reads any more, lines are lost.

    Equal to others of the same stream, so that all of them share structlog's lock.
    """

    stream: TextIO

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()


@cache
def _nowhere() -> TextIO:
    """For a process that was started without standard error (``2>&-``)."""
    return Path(os.devnull).open("w", encoding="utf-8")


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


# ── what a line goes through ─────────────────────────────────────────────────────────────────────


class _ByPart:
    """Names the part where nobody did, and drops what its level leaves out."""

    def __init__(self, general: int, least: Mapping[str, int]) -> None:
        self._general = general
        self._least = least

    def __call__(self, _logger: object, _method: str, line: Line) -> Line:
        part = line.setdefault("part", NO_PART)
        if _number(line["level"]) < self._least.get(part, self._general):
            raise structlog.DropEvent
        return line


def _trace(_logger: object, _method: str, line: Line) -> Line:
    """An exception as one field."""
    found = line.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    error = found if isinstance(found, BaseException) else sys.exception() if found else None
    if error is not None:
        line["exception"] = traced(error)
    return line


class _Hidden:
    """Takes secrets out of values; the last line of defence, after those who know where they come from."""

    def __init__(self, secrets: Collection[str]) -> None:
        # The longest first: one may be part of another.
        self._secrets = sorted({each for each in secrets if len(each) >= _SHORTEST_SECRET}, key=len)[::-1]

    def __call__(self, _logger: object, _method: str, line: Line) -> Line:
        return {name: value if name == "level" else self._without(value) for name, value in line.items()}

    def _without(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case Mapping():
                return {name: self._without(each) for name, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._without(each) for each in value]
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text


# ── what others log ──────────────────────────────────────────────────────────────────────────────


def _hear_libraries() -> None:
    """Libraries that log in the standard way are heard, in lines like ours, only when something is wrong."""
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, _Library)]
    # The handler's level too: a library may have set one of its own.
    root.addHandler(_Library(logging.WARNING))
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # A tick that finds its step still running is meant: a round of polling may last for many ticks.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)


class _Library(logging.Handler):
    """Hands a record on to our log: what the library says, without the values it says it of."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(each for each in (0, 10, 20, 30, 40, 50) if each <= record.levelno)
        structlog.get_logger().log(
            level, _template(record), part=LIBRARIES, logger=record.name, exc_info=record.exc_info
        )


def _template(record: logging.LogRecord) -> str:
    if isinstance(record.msg, BaseException):
        return said(record.msg)
    if record.name == "py.warnings":
        # "FILE:LINE: CATEGORY: words", of which the first three are not the words of a document.
        return ":".join(record.getMessage().split(":")[:3])
    return str(record.msg).partition("\n")[0]


# ── what nobody caught ───────────────────────────────────────────────────────────────────────────


def tell_the_last() -> None:
    """Log what ends a thread, or the process. Python's own way is to print its words between our lines."""
    threading.excepthook = _thread_ended
    sys.excepthook = _process_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread else ""
        structlog.get_logger().error("thread ended", thread=name, exc_info=ended.exc_value)


def _process_ended(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    structlog.get_logger().error("process ended", exc_info=error)
