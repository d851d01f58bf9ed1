"""What advisors were asked and said: a row a question, so that budget and pauses outlive the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    Integer,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.core.advice import ADVISED
from bot.model import Advice, AdviceKey, AdviceOutcome, AdviceRecord, Borderline, Item, Unadvised, Verdict
from bot.storage.columns import Utc, Words
from bot.storage.dialects import Dialect
from bot.storage.items import ITEM_COLUMNS, item_of
from bot.storage.pruning import forget
from bot.storage.schema import items, metadata, verdicts

advice = Table(
    "advice",
    metadata,
    # The order of asking.
    Column("position", Integer, primary_key=True),
    Column("content_hash", Words, nullable=False),
    Column("profile_version", Words, nullable=False),
    Column("advisor", Words, nullable=False),
    Column("asked_at", Utc, nullable=False, index=True),
    Column("state", Words, nullable=False),
    Column("on_topic", Boolean),
    Column("confidence", Double),
    # The advisor's, or why there is no answer.
    Column("reason", Words, nullable=False),
    Column("until", Utc),
    Index(None, "content_hash", "profile_version"),
)

# States of a question. One that the process died in stays as it was asked: it counts.
ASKED, ANSWERED, USELESS, FAILED = "asked", "answered", "useless", "failed"

_VERDICT = tuple(each.name for each in fields(Verdict))
# Names that an item has as well would shadow each other in a row.
_VERDICT_COLUMNS = tuple(verdicts.c[name].label(f"verdict_{name}") for name in _VERDICT)


class SqlAdvice:
    """``ports.AdviceStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def in_question(
        self, where: Sequence[Borderline], advisor: str, *, since: datetime, tries: int, limit: int
    ) -> Sequence[tuple[Item, Verdict]]:
        """Verdicts without advice on items judged after ``since``, newest first.

        Leaves out what this advisor was asked ``tries`` times without a useful answer, and what was already
        old when its feed was polled first.
        """
        if not where:
            return []
        version = func.substr(verdicts.c.profile_version, 1, func.length(advice.c.profile_version))
        in_vain = (
            select(func.count())
            .where(
                advice.c.content_hash == items.c.content_hash,
                advice.c.profile_version == version,
                advice.c.advisor == advisor,
                advice.c.state != ANSWERED,
            )
            .scalar_subquery()
        )
        query = (
            select(*ITEM_COLUMNS, *_VERDICT_COLUMNS)
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .where(
                items.c.judged_at > since,
                items.c.baseline.is_(False),
                or_(*map(_between, where)),
                verdicts.c.profile_version.not_like(f"%{ADVISED}%"),
                in_vain < tries,
            )
            .order_by(items.c.seen_at.desc(), items.c.id, verdicts.c.topic_id)
            .limit(limit)
        )
        return [
            (item_of(row), Verdict(**{name: row._mapping[f"verdict_{name}"] for name in _VERDICT}))
            for row in self._connection.execute(query)
        ]

    def known(self, key: AdviceKey) -> Advice | None:
        """The last answer about the same text, profile and advisor."""
        query = select(advice.c.on_topic, advice.c.confidence, advice.c.reason).where(
            advice.c.content_hash == key.content_hash,
            advice.c.profile_version == key.profile_version,
            advice.c.advisor == key.advisor,
            advice.c.state == ANSWERED,
        )
        row = self._connection.execute(query.order_by(advice.c.position.desc()).limit(1)).one_or_none()
        return row and Advice(match=row.on_topic, confidence=row.confidence, reason=row.reason)

    def record(self, advisor: str, since: datetime) -> AdviceRecord:
        """Counts what was asked after ``since``, whoever was; others that ask wait until this ends."""
        self._dialect.hold(self._connection, "advice")
        mine = advice.c.advisor == advisor
        last_good = (
            select(func.coalesce(func.max(advice.c.position), 0))
            .where(mine, advice.c.state.in_([ANSWERED, USELESS]))
            .scalar_subquery()
        )
        failed = and_(mine, advice.c.state == FAILED)
        return AdviceRecord(
            asked=self._connection.scalar(select(func.count()).where(advice.c.asked_at > since)) or 0,
            failures=self._connection.scalar(
                select(func.count()).where(failed, advice.c.position > last_good)
            )
            or 0,
            until=self._connection.scalar(
                select(advice.c.until).where(failed).order_by(advice.c.position.desc()).limit(1)
            ),
        )

    def begin(self, key: AdviceKey, now: datetime) -> int:
        """Note, before the question goes out, that it is asked. Returns its number."""
        row = {
            "content_hash": key.content_hash,
            "profile_version": key.profile_version,
            "advisor": key.advisor,
            "asked_at": now,
            "state": ASKED,
            "reason": "",
        }
        result = self._connection.execute(insert(advice).values(row).returning(advice.c.position))
        return int(result.scalar_one())

    def end(self, number: int, outcome: AdviceOutcome, until: datetime | None = None) -> None:
        """Note what came of a question, and until when no other one is asked."""
        match outcome:
            case Advice():
                told = {
                    "state": ANSWERED,
                    "on_topic": outcome.match,
                    "confidence": outcome.confidence,
                    "reason": outcome.reason,
                }
            case Unadvised():
                told = {
                    "state": FAILED if outcome.lasting else USELESS,
                    "reason": outcome.reason,
                    "until": until,
                }
        self._connection.execute(update(advice).where(advice.c.position == number).values(told))

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many that were asked before. Returns how many."""
        return forget(self._connection, advice, advice.c.asked_at, before, limit)


def _between(where: Borderline) -> ColumnElement[bool]:
    return and_(
        verdicts.c.topic_id == where.topic_id,
        func.substr(verdicts.c.profile_version, 1, len(where.profile_version)) == where.profile_version,
        verdicts.c.score >= where.lowest,
        verdicts.c.score <= where.highest,
    )
