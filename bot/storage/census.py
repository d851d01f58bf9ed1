"""Numbers for a monitor, which asks every few seconds: each comes from an index, or from few rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, exists, func, literal_column, or_, select

from bot.model import Part
from bot.model.census import Census, FeedHealth, FirstTold, Waiting
from bot.storage.columns import Utc
from bot.storage.dialects import Dialect
from bot.storage.schema import (
    OPEN,
    POLLED,
    alarms,
    deliveries,
    feeds,
    items,
    placements,
    tellings,
    verdicts,
)

_LOOKED_AT = 2000
"""Unjudged items among which the oldest is looked for. Both engines hand out the earliest stored first, near
enough; there are more only after a long standstill."""
_HEALTH = case(
    (feeds.c.disabled.is_not(None), literal_column("'disabled'")),
    (or_(feeds.c.failures > 0, feeds.c.failing_since.is_not(None)), literal_column("'failing'")),
    (feeds.c.trouble == literal_column("'silent'"), literal_column("'silent'")),
    (feeds.c.trouble == literal_column("'rolled-over'"), literal_column("'rolled-over'")),
    else_=literal_column("'ok'"),
)


class SqlCensus:
    """``ports.CensusStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def take(self, now: datetime) -> Census:
        unjudged, since = self._unjudged()
        return Census(
            at=now,
            feeds=self._feeds(),
            due_since=self._connection.scalar(
                select(func.min(feeds.c.next_poll_at, type_=Utc)).where(POLLED, feeds.c.next_poll_at <= now)
            ),
            unjudged=unjudged,
            unjudged_since=since,
            waiting=self._waiting(),
            alarms=self._alarms(),
            size=self._dialect.size(self._connection),
        )

    def _feeds(self) -> dict[FeedHealth, int]:
        query = select(_HEALTH.label("health"), func.count().label("feeds")).where(
            feeds.c.configured, feeds.c.enabled
        )
        rows = self._connection.execute(query.group_by("health"))
        return {FeedHealth(row.health): row.feeds for row in rows}

    def _unjudged(self) -> tuple[int, datetime | None]:
        wait = items.c.judged_at.is_(None)
        count = self._connection.scalar(select(func.count()).select_from(items).where(wait)) or 0
        if not count:
            return 0, None
        some = select(items.c.seen_at, items.c.revised).where(wait).limit(_LOOKED_AT).subquery()
        oldest = select(func.min(some.c.seen_at, type_=Utc)).where(some.c.revised == 0)
        return count, self._connection.scalar(oldest)

    def _waiting(self) -> dict[str, Waiting]:
        """Positions and not times are compared: those stand in the index, these behind bodies of messages."""
        counted = (
            select(
                deliveries.c.channel,
                func.count().label("messages"),
                func.min(deliveries.c.position).label("first"),
            )
            .where(OPEN)
            .group_by(deliveries.c.channel)
            .subquery()
        )
        query = select(counted.c.channel, counted.c.messages, deliveries.c.created_at)
        rows = self._connection.execute(
            query.join_from(counted, deliveries, deliveries.c.position == counted.c.first)
        )
        return {row.channel: Waiting(messages=row.messages, oldest=row.created_at) for row in rows}

    def _alarms(self) -> dict[Part, int]:
        query = select(alarms.c.part, func.count().label("alarms")).where(alarms.c.over_at.is_(None))
        rows = self._connection.execute(query.group_by(alarms.c.part))
        return {Part(row.part): row.alarms for row in rows}

    def first_told(self, key: str) -> FirstTold | None:
        """What a delivery told for the first time; ``None`` where there is no such delivery."""
        columns = (
            deliveries.c.channel,
            deliveries.c.origin,
            deliveries.c.kind,
            deliveries.c.created_at,
            deliveries.c.stories,
        )
        row = self._connection.execute(select(*columns).where(deliveries.c.key == key)).one_or_none()
        if row is None:
            return None
        matched = exists().where(verdicts.c.item_id == items.c.id, verdicts.c.matched)
        seen = (
            select(func.min(items.c.seen_at, type_=Utc))
            .select_from(tellings)
            .join(placements, placements.c.story_id == tellings.c.story_id)
            .join(items, items.c.id == placements.c.item_id)
            .where(
                tellings.c.channel == row.channel,
                tellings.c.story_id.in_(row.stories),
                tellings.c.revision == 1,
                tellings.c.told_at == row.created_at,
                tellings.c.origin == row.origin,
                items.c.baseline.is_(False),
                matched,
            )
            .group_by(tellings.c.story_id)
        )
        return FirstTold(kind=row.kind, seen=tuple(self._connection.scalars(seen)))
