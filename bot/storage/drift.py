"""Stored verdicts in numbers: counted by the database, so that a month of them need not come into memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from bot.model import Borderline, Item, ScoreTally, Window
from bot.storage.dialects import Dialect
from bot.storage.items import ITEM_COLUMNS, item_of
from bot.storage.schema import items, verdicts


class SqlDrift:
    """``ports.DriftStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def begins(self, where: Borderline, since: datetime) -> datetime | None:
        """First sight of the oldest item after ``since`` with a verdict of that topic and profile."""
        query = select(items.c.seen_at).join(verdicts, verdicts.c.item_id == items.c.id)
        query = query.where(_of(where), items.c.seen_at > since)
        return self._connection.scalar(query.order_by(items.c.seen_at).limit(1))

    def tally(self, where: Borderline, edges: Sequence[float], window: Window) -> ScoreTally:
        """Count the scores of items first seen in a window; ``edges`` part the bins, lowest first."""
        score = verdicts.c.score
        place = case(*((score < edge, number) for number, edge in enumerate(edges)), else_=len(edges))
        near = func.sum(case((score.between(where.lowest, where.highest), 1), else_=0))
        query = (
            select(place.label("place"), func.count().label("items"), near.label("near"))
            .select_from(items)
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .where(_of(where), _in(window))
            .group_by(place)
        )
        bins, close = [0] * (len(edges) + 1), 0
        for row in self._connection.execute(query):
            bins[row.place] = row.items
            close += row.near
        return ScoreTally(items=sum(bins), near=close, bins=tuple(bins))

    def sample(self, where: Borderline, window: Window, limit: int) -> Sequence[Item]:
        """Some items of a window whose score is in question or above; always the same ones.

        Ids are hashes: their order has nothing to do with what the items are about.
        """
        query = (
            select(*ITEM_COLUMNS)
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .where(_of(where), _in(window), verdicts.c.score >= where.lowest)
        )
        rows = self._connection.execute(query.order_by(items.c.id).limit(limit))
        return [item_of(row) for row in rows]


def _of(where: Borderline) -> ColumnElement[bool]:
    return and_(
        verdicts.c.topic_id == where.topic_id,
        func.substr(verdicts.c.profile_version, 1, len(where.profile_version)) == where.profile_version,
        items.c.baseline.is_(False),
    )


def _in(window: Window) -> ColumnElement[bool]:
    return and_(items.c.seen_at > window.start, items.c.seen_at <= window.end)
