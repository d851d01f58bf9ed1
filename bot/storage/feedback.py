"""What readers answered. Rows are never dropped: what was withdrawn stays as history, without its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Table,
    and_,
    or_,
    select,
    update,
)

from bot.model import Answer
from bot.storage.columns import Utc, Words
from bot.storage.dialects import Dialect, batches
from bot.storage.schema import metadata

answers = Table(
    "answers",
    metadata,
    # The order of answering.
    Column("position", Integer, primary_key=True),
    Column("id", Words, nullable=False, unique=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False),
    # No foreign key: a topic that left the configuration may come back.
    Column("topic_id", Words, nullable=False),
    Column("yes", Boolean, nullable=False),
    Column("note", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("summary", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("language", Words),
    Column("answered_at", Utc, nullable=False),
    Column("adopted_at", Utc),
    Column("withdrawn_at", Utc, index=True),
)

_ANSWER = tuple(each.name for each in fields(Answer))
_STANDS = answers.c.withdrawn_at.is_(None)


class SqlFeedback:
    """``ports.FeedbackStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def add(self, answer: Answer) -> None:
        """Keep an answer. One with the same id is left alone."""
        self._hold()
        row = {name: getattr(answer, name) for name in _ANSWER}
        self._connection.execute(self._dialect.add(answers), [row])

    def answers(self, *, withdrawn: bool = False) -> tuple[Answer, ...]:
        """Pending and adopted ones, or with those that were withdrawn, in the order of answering.

        A writing transaction depends on what it finds: whoever answers, adopts or withdraws waits for it.
        """
        self._hold()
        query = select(*(answers.c[name] for name in _ANSWER)).order_by(answers.c.position)
        if not withdrawn:
            query = query.where(_STANDS)
        return tuple(Answer(**row._mapping) for row in self._connection.execute(query))

    def adopt(self, ids: Sequence[str], now: datetime) -> None:
        """Give pending answers their effect."""
        self._hold()
        for some in batches(ids):
            pending = answers.c.id.in_(some) & _STANDS & answers.c.adopted_at.is_(None)
            self._connection.execute(update(answers).where(pending).values(adopted_at=now))

    def withdraw(self, ids: Sequence[str], now: datetime) -> None:
        """Take the effect from answers."""
        self._hold()
        for some in batches(ids):
            standing = answers.c.id.in_(some) & _STANDS
            self._connection.execute(update(answers).where(standing).values(withdrawn_at=now))

    def prune(self, before: datetime) -> int:
        """Forget the texts of answers that were withdrawn before; who said what of which headline stays.

        Those that stand keep theirs: it is what they teach. Returns how many.
        """
        old = and_(answers.c.withdrawn_at < before, or_(answers.c.summary != "", answers.c.body != ""))
        bare = update(answers).where(old).values(summary="", body="")
        return self._connection.execute(bare).rowcount

    def _hold(self) -> None:
        """Whoever else answers, adopts or withdraws waits until this transaction ends."""
        self._dialect.hold(self._connection, "answers")
