"""The tables, and the column types that make both engines answer alike.

A change here needs a migration: ``tests/storage/test_schema.py`` compares the two on both engines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    and_,
)

from bot.model import Facts, Hints, Nearest, Relation, Share, Span

REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every migration this code knows, oldest first. Alembic knows them too, but takes 0.2 s to import."""

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


def _shares(rows: list[dict[str, Any]]) -> tuple[Share, ...]:
    return tuple(Share(**row) for row in rows)


def _spans(rows: list[dict[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(**row) for row in rows)


def _nearest(row: dict[str, Any]) -> Nearest:
    return Nearest(**{**row, "relation": Relation(row["relation"])})


def _hints(row: dict[str, Any]) -> Hints:
    ttl = row["ttl"]
    return Hints(
        ttl=None if ttl is None else timedelta(seconds=ttl),
        skip_hours=tuple(row["skip_hours"]),
        skip_days=tuple(row["skip_days"]),
    )


def _moments(seconds: list[int]) -> tuple[datetime, ...]:
    return tuple(datetime.fromtimestamp(each, UTC) for each in seconds)


def _facts(row: dict[str, Any]) -> Facts:
    thawed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    return Facts(**thawed)


# Names for every constraint: a migration can only change what it can name.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

feeds = Table(
    "feeds",
    metadata,
    Column("feed_id", Words, primary_key=True),
    # From the configuration, as of the last sync. A feed that left keeps its row: it may come back.
    Column("title", Words, nullable=False),
    Column("tags", Frozen(tuple), nullable=False),
    Column("configured_url", Words, nullable=False),
    Column("configured", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    # What the bot remembers between two polls.
    Column("url", Words, nullable=False),
    Column("next_poll_at", Utc, nullable=False),
    Column("etag", Words),
    Column("modified", Words),
    Column("body_hash", Words),
    Column("rhythm", Duration),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Utc),
    Column("last_polled_at", Utc),
    Column("last_ok_at", Utc),
    Column("last_full_at", Utc),
    Column("last_new_at", Utc),
    Column("last_result", Words, nullable=False),
    Column("disabled", Words),
    Column("seen", LargeBinary, nullable=False),
    Column("read_whole", Boolean, nullable=False),
    Column("published", Frozen(_moments), nullable=False),
    Column("hints", Frozen(_hints), nullable=False),
    Column("quiet", Integer, nullable=False),
    Column("moving_to", Words),
    Column("moving_since", Utc),
    Column("trouble", Words, nullable=False),
    Column("trouble_since", Utc),
    Column("leased_until", Utc),
)

POLLED = and_(feeds.c.configured, feeds.c.enabled, feeds.c.disabled.is_(None))
"""Which feeds are polled by themselves; spelled the same in the index and in the query that it serves."""
# Only of those: what is switched off or gone would pile up at its head, always due.
Index("ix_feeds_due", feeds.c.next_poll_at, sqlite_where=POLLED, postgresql_where=POLLED)

# What people should know of feeds, in the order in which it came to pass.
notices = Table(
    "notices",
    metadata,
    Column("position", Integer, primary_key=True),
    # No foreign key: it stays true when the feed is gone.
    Column("feed_id", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("at", Utc, nullable=False, index=True),
)

items = Table(
    "items",
    metadata,
    Column("id", Words, primary_key=True),
    # No foreign key: an item outlives the subscription it came from.
    Column("feed_id", Words, nullable=False),
    # Not indexed: PostgreSQL refuses entries beyond 2,704 bytes and addresses go up to 8,000.
    Column("url", Words, nullable=False),
    Column("canonical_url", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("author", Words, nullable=False),
    Column("language", Words),
    Column("published", Utc),
    Column("seen_at", Utc, nullable=False, index=True),
    Column("content_hash", Words, nullable=False),
    Column("keys", Frozen(tuple), nullable=False),
    Column("baseline", Boolean, nullable=False),
    # Title and summary, folded: SQLite's LOWER knows ASCII only, PostgreSQL's depends on the locale.
    Column("folded", Words, nullable=False),
    Column("revised", Integer, nullable=False),
    Column("judged_at", Utc, index=True),
)

# Remembered longer than an item's text, so nothing here goes away with it: retention empties the text
# columns and keeps the row, and the missing ON DELETE refuses whoever tries otherwise.
identities = Table(
    "identities",
    metadata,
    Column("key", Words, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False),
    Column("last_seen_at", Utc, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("item_id", Words, ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", Words, primary_key=True),
    Column("score", Double, nullable=False),
    Column("matched", Boolean, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("shares", Frozen(_shares), nullable=False),
    Column("nearest", Frozen(_nearest)),
    Column("spans", Frozen(_spans), nullable=False),
    Column("profile_version", Words, nullable=False),
    Column("judged_at", Utc, nullable=False),
    Index(None, "topic_id", "matched"),
)

stories = Table(
    "stories",
    metadata,
    Column("id", Words, primary_key=True),
    Column("first_seen", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False, index=True),
)

placements = Table(
    "placements",
    metadata,
    # Counted by the engine: the order in which items were placed, which times can't give.
    Column("position", Integer, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False, unique=True),
    Column("story_id", Words, ForeignKey("stories.id"), nullable=False, index=True),
    Column("opens", Boolean, nullable=False),
    Column("copy_of", Words),
    Column("similarity", Double, nullable=False),
    Column("because", Words, nullable=False),
    Column("placed_at", Utc, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    # The order of composing: the parts of a long digest leave in it.
    Column("position", Integer, primary_key=True),
    Column("key", Words, nullable=False, unique=True),
    Column("channel", Words, nullable=False),
    Column("recipient", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("content_type", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_hash", Words, nullable=False),
    Column("stories", Frozen(tuple), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("state", Words, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("leased_until", Utc),
    Column("note", Words, nullable=False),
    Column("sent_at", Utc),
    Index(None, "state", "due_at"),
)

# The stories of a delivery once more, so that "what was sent of this story" needs no scan of the outbox.
delivered_stories = Table(
    "delivered_stories",
    metadata,
    Column("story_id", Words, primary_key=True),
    Column("delivery_key", Words, ForeignKey("deliveries.key", ondelete="CASCADE"), primary_key=True),
)

# No foreign key to stories: what was told is remembered longer than what it was about.
tellings = Table(
    "tellings",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("story_id", Words, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("told_at", Utc, nullable=False),
    Column("origin", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("sources", Integer, nullable=False),
    Column("facts", Frozen(_facts), nullable=False),
    Index(None, "channel", "origin", "told_at"),
)

slots = Table(
    "slots",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("at", Utc, primary_key=True),
    Column("taken_at", Utc, nullable=False),
)

# What grouping remembers of the open stories, so that it need not read them again. All of it can be made
# anew from the items; days are those of the articles' dates, so times here are numbers.
grouping = Table(
    "grouping",
    metadata,
    # One row.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("clock", Double),
    Column("latest", Double),
    Column("newest", Words),
)

words = Table(
    "words",
    metadata,
    # A hash: PostgreSQL refuses index entries beyond 2,704 bytes, and hostile feeds have such words.
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("found_in", Integer, nullable=False),
    Column("capital", Integer, nullable=False),
    Column("small", Integer, nullable=False),
    Column("holders", Words, nullable=False),
    Column("last", Double, nullable=False),
)

open_stories = Table(
    "open_stories",
    metadata,
    Column("story_id", Words, ForeignKey("stories.id"), primary_key=True),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    Column("grown", Double, nullable=False),
)

traces = Table(
    "traces",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False, unique=True),
    Column(
        "story_id", Words, ForeignKey("open_stories.story_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("trace", LargeBinary, nullable=False),
)
