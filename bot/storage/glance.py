"""Feeds and outbox at a glance: counted by the database, not in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, literal, or_, select

from bot.model import DeliveryState, DigestGlance, FeedsGlance, SickFeed, Subscription
from bot.storage.schema import OPEN, POLLED, deliveries, feeds, slots, tellings

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SUBSCRIPTION = tuple(each.name for each in fields(Subscription))
_ENDED_BADLY = (DeliveryState.UNKNOWN.value, DeliveryState.DEAD.value)
_NAME = case((feeds.c.title != "", feeds.c.title), else_=feeds.c.configured_url)
_FAILING = feeds.c.failing_since.is_not(None)
_TROUBLE = case(
    (feeds.c.disabled.is_not(None), "gone"),
    (or_(feeds.c.failures > 0, _FAILING), "failing"),
    else_=feeds.c.trouble,
)
_WORST = case((_TROUBLE == "gone", 0), (_TROUBLE == "failing", 1), (_TROUBLE == "silent", 2), else_=3)
_SICK = and_(feeds.c.configured, feeds.c.enabled, _TROUBLE != "")


class SqlGlance:
    """``ports.GlanceStore``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def feeds(self, now: datetime, *, upcoming: int, worst: int) -> FeedsGlance:
        """The configured feeds; ``upcoming`` and ``worst``: how many of them are named.

        What is being polled just now is not due: a claim moves its next poll to the end of the lease.
        """
        one = literal(1)
        counts = select(
            func.count(),
            func.count(case((POLLED, one))),
            func.count(case((and_(POLLED, feeds.c.next_poll_at <= now), one))),
        ).where(feeds.c.configured)
        configured, polled, due = self._connection.execute(counts).one()
        coming = (
            select(_NAME.label("name"), feeds.c.next_poll_at)
            .where(POLLED, feeds.c.next_poll_at > now)
            .order_by(feeds.c.next_poll_at, feeds.c.feed_id)
            .limit(upcoming)
        )
        troubles = select(_TROUBLE.label("trouble"), func.count().label("feeds")).where(_SICK)
        return FeedsGlance(
            configured=configured,
            polled=polled,
            due=due,
            upcoming=tuple((row.name, row.next_poll_at) for row in self._connection.execute(coming)),
            hour=self._results(now - _HOUR),
            day=self._results(now - _DAY),
            troubles={
                row.trouble: row.feeds for row in self._connection.execute(troubles.group_by(_TROUBLE))
            },
            worst=self._worst(worst),
        )

    def _results(self, since: datetime) -> Mapping[str, int]:
        result = case(
            (feeds.c.failures > 0, "failed"),
            (feeds.c.last_new_at == feeds.c.last_polled_at, "new"),
            else_="unchanged",
        )
        query = select(result.label("result"), func.count().label("feeds"))
        query = query.where(feeds.c.configured, feeds.c.last_polled_at > since).group_by(result)
        return {row.result: row.feeds for row in self._connection.execute(query)}

    def _worst(self, limit: int) -> tuple[SickFeed, ...]:
        """Those that are gone, then those that fail, each the longest first; then what may be harmless."""
        since = case((_TROUBLE == "failing", feeds.c.failing_since), else_=feeds.c.trouble_since)
        query = (
            select(
                _NAME.label("name"),
                feeds.c.url,
                _TROUBLE.label("trouble"),
                since.label("since"),
                func.coalesce(feeds.c.disabled, feeds.c.last_result).label("reason"),
            )
            .where(_SICK)
            .order_by(_WORST, since, feeds.c.feed_id)
            .limit(limit)
        )
        return tuple(SickFeed(**row._mapping) for row in self._connection.execute(query))

    def subscriptions(self) -> Sequence[Subscription]:
        """All feeds that ever were configured."""
        query = select(*(feeds.c[name] for name in _SUBSCRIPTION)).order_by(feeds.c.feed_id)
        return [Subscription(**row._mapping) for row in self._connection.execute(query)]

    def told_since(self, since: datetime) -> int:
        """How many stories were told after ``since``, by whatever."""
        query = select(func.count(tellings.c.story_id.distinct()))
        told = query.where(tellings.c.told_at > since, tellings.c.revision > 0)
        return self._connection.scalar(told) or 0

    def digest(self, name: str, channels: Sequence[str], now: datetime) -> DigestGlance | None:
        """The slot that a digest took last, up to now.

        A slot and what it tells are written down at one moment.
        """
        last = (
            select(slots.c.at, slots.c.taken_at)
            .where(slots.c.digest == name, slots.c.at <= now)
            .order_by(slots.c.at.desc())
            .limit(1)
        )
        row = self._connection.execute(last).one_or_none()
        if row is None:
            return None
        told = select(func.count(tellings.c.story_id.distinct())).where(
            tellings.c.channel.in_(channels),
            tellings.c.origin == name,
            tellings.c.told_at == row.taken_at,
            tellings.c.revision > 0,
        )
        stories = self._connection.scalar(told) or 0
        return DigestGlance(at=row.at, taken_at=row.taken_at, stories=stories)

    def outbox(self) -> Mapping[tuple[str, str], int]:
        """(channel, state) → how many messages are pending, sending, unknown or dead."""
        return {
            (row.channel, row.state): row.messages
            for which in (OPEN, deliveries.c.state.in_(_ENDED_BADLY))
            for row in self._connection.execute(_by_channel(which))
        }


def _by_channel(which: ColumnElement[bool]) -> Select[tuple[str, str, int]]:
    columns = (deliveries.c.channel, deliveries.c.state)
    return select(*columns, func.count().label("messages")).where(which).group_by(*columns)
