"""JSON Lines as filters read them: a line at a time, and a bad one is a value, not an end."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from bot.errors import UsageError

_KINDS = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of input: ``{id, title, summary?, body?, url?, published?}`` and whatever else it holds."""

    id: Any
    title: str
    summary: str
    body: str
    url: str
    published: datetime | None
    language: str | None
    raw: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class BadLine:
    line: int
    problem: str

    def answer(self) -> dict[str, Any]:
        return {"error": self.problem, "line": self.line}


@contextmanager
def reading(file: Path | None) -> Iterator[BinaryIO]:
    """A file, or standard input; what is answered is UTF-8 too. Raises UsageError."""
    # What JSON can spell and UTF-8 cannot (a lone surrogate) is spelled as JSON's own escape.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    if file is None or str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from error
    with stream:
        yield stream


def read_rows(lines: BinaryIO) -> Iterator[Row | BadLine]:
    """A row a line, each as soon as it is there; blank lines are passed over but counted."""
    for number, line in enumerate(iter(lines.readline, b""), start=1):
        if line.strip():
            yield _row(line, number)


def _row(line: bytes, number: int) -> Row | BadLine:
    try:
        raw = _object(line)
    except ValueError as error:
        return BadLine(line=number, problem=f"not a JSON object: {error}")
    missing = [key for key in ("id", "title") if raw.get(key) is None]
    if missing:
        return BadLine(line=number, problem=f"needs {' and '.join(missing)}")
    if not _is_id(raw["id"]):
        return BadLine(line=number, problem="id must be text or a number")
    given = {key: raw.get(key) for key in ("title", "summary", "body", "url")}
    texts: dict[str, Any] = {key: "" if value is None else value for key, value in given.items()}
    wrong = [key for key, value in texts.items() if not isinstance(value, str)]
    if wrong:
        return BadLine(line=number, problem=f"{' and '.join(wrong)} must be text")
    language = raw.get("language")
    return Row(
        id=raw["id"],
        **texts,
        published=_published(raw.get("published")),
        language=language if isinstance(language, str) else None,
        raw=raw,
    )


def _is_id(value: object) -> bool:
    """Text or a number that JSON can spell again."""
    match value:
        case bool():
            return False
        case float():
            return math.isfinite(value)
        case _:
            return isinstance(value, str | int)


def _object(line: bytes) -> dict[str, Any]:
    """The object that a line holds. Raises ValueError with the reason in words."""
    try:
        raw = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(raw, dict):
        raise ValueError(f"it is {_KINDS.get(type(raw), 'a number')}")
    return raw


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _published(value: object) -> datetime | None:
    """A date or time as ISO 8601; what is none counts as unknown, as in a feed."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
