"""What retention promises, as a check for tests of long lives: see docs/operations.md, Upkeep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, LargeBinary, Table, and_, cast, create_engine, func, select

from bot.storage.advice import advice
from bot.storage.inspection import inspect
from bot.storage.schema import KEPT, OPEN, deliveries, items, metadata, notices, slots, verdicts
from bot.storage.updates import decisions
from tests.storage.conftest import sqlalchemy_url

SLACK = timedelta(hours=3)
"""Upkeep runs hourly, and what was asked to wait may have been put off once."""
FIXED = 12 * 2**20
"""Tables without rows, free pages that stay for what comes next, what is forgotten in the next hour."""
ROW, INDEXED, FILLED = 100, 2, 3
"""Bytes of a row beside its content, how often content stands there with indexes, and one part of so many of
a page may be filled where rows became shorter."""


def broken(url: str, now: datetime, *, texts: timedelta, messages: timedelta) -> Iterator[str]:
    """The promises that the database at ``url`` does not keep, each in a sentence."""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        yield from _overdue(connection, now - SLACK, texts, messages)
        content = sum(_content(connection, table) for table in metadata.sorted_tables)
    engine.dispose()
    bound, found = FIXED + FILLED * INDEXED * content, inspect(url, now)
    if found.size > bound:
        yield f"{found.size:,} bytes hold {content:,} of content: the bound is {bound:,}"
    if found.free > FIXED:
        yield f"{found.free:,} bytes are free and not given back"


def _overdue(connection: Connection, now: datetime, texts: timedelta, messages: timedelta) -> Iterator[str]:
    idle = select(verdicts.c.item_id).join(items, items.c.id == verdicts.c.item_id)
    later = slots.alias("later")
    followed = select(later).where(later.c.digest == slots.c.digest, later.c.at > slots.c.at).exists()
    judged = items.c.judged_at.is_not(None)
    checks: dict[str, tuple[Table, ColumnElement[bool]]] = {
        "items have texts": (items, and_(KEPT, items.c.seen_at < now - texts)),
        "verdicts that did not match are there": (
            verdicts,
            verdicts.c.item_id.in_(
                idle.where(verdicts.c.matched.is_(False), judged, items.c.seen_at < now - texts)
            )
            & verdicts.c.matched.is_(False),
        ),
        "messages are there": (deliveries, and_(~OPEN, deliveries.c.created_at < now - messages)),
        "notices are there": (notices, notices.c.at < now - timedelta(days=90)),
        "slots are there": (slots, and_(slots.c.at < now - messages, followed)),
        "decisions are there": (decisions, decisions.c.at < now - texts),
        "questions to the advisor are there": (advice, advice.c.asked_at < now - texts),
    }
    for what, (table, condition) in checks.items():
        count = connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        if count:
            yield f"{count:,} {what} that are too old"


def _content(connection: Connection, table: Table) -> int:
    """Bytes of all values of a table, and somewhat for each row."""
    values = sum((func.coalesce(func.length(cast(column, LargeBinary)), 0) for column in table.c), start=ROW)
    return int(connection.scalar(select(func.coalesce(func.sum(values), 0))) or 0)
