"""Column types that make both engines answer alike, and values of the model as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Text, TypeDecorator

from bot.model import Facts, Hints, Nearest, Relation, Share, Span

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MICROSECOND = timedelta(microseconds=1)


class Utc(TypeDecorator[datetime]):
    """A moment: aware and in UTC on both sides, to the microsecond; a naive datetime is refused.

    SQLite has no such type. SQLAlchemy writes it there as text of fixed width (``2026-11-22
    08:00:00.000000``), which sorts as time does because every row is in UTC.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Duration(TypeDecorator[timedelta]):
    """A span of time in whole microseconds: exact and comparable, which SQLite's interval is not."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, _dialect: Dialect) -> int | None:
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


class Words(TypeDecorator[str]):
    """Text that either engine takes. PostgreSQL refuses NUL and neither stores half a surrogate pair.

    Both reach us in hostile feeds, server replies and command lines; they become U+FFFD, so that one
    bad character stops neither a poll nor a delivery.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value  # nearly all, and ten times quicker to tell
        return _UNSTORABLE.sub("\ufffd", value)


class Frozen(TypeDecorator[Any]):
    """A frozen value of the model as JSON; ``thaw`` makes it again from what JSON left of it."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, thaw: Callable[[Any], Any]) -> None:
        super().__init__()
        self.thaw = thaw

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        return _plain(value)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        return None if value is None else self.thaw(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):  # most are
        return value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return round(value.timestamp())
    if isinstance(value, timedelta):
        return round(value.total_seconds())
    if is_dataclass(value):
        # Not `asdict`: it copies deeply, which costs more than writing the row.
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value


def thaw_shares(rows: list[dict[str, Any]]) -> tuple[Share, ...]:
    return tuple(Share(**row) for row in rows)


def thaw_spans(rows: list[dict[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(**row) for row in rows)


def thaw_nearest(row: dict[str, Any]) -> Nearest:
    return Nearest(**{**row, "relation": Relation(row["relation"])})


def thaw_hints(row: dict[str, Any]) -> Hints:
    ttl = row["ttl"]
    return Hints(
        ttl=None if ttl is None else timedelta(seconds=ttl),
        skip_hours=tuple(row["skip_hours"]),
        skip_days=tuple(row["skip_days"]),
    )


def thaw_moments(seconds: list[int]) -> tuple[datetime, ...]:
    return tuple(datetime.fromtimestamp(each, UTC) for each in seconds)


def thaw_facts(row: dict[str, Any]) -> Facts:
    thawed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    return Facts(**thawed)
