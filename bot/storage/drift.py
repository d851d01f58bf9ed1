"""Stored verdicts in numbers: counted by the database, so that a month of them need not come into memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from bot.model import Borderline, Item, ScoreTally, Window
from bot.storage.dialects import Dialect
from bot.storage.items import ITEM_COLUMNS, item_of
from bot.storage.schema import items, placements, verdicts


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
        """Count the scores of items first seen in a window; ``edges`` part the bins, lowest first.

        The effective number is n² / Σ (items of a story)². Source: Kish, Survey Sampling, 1965, 5.4 and 11.7,
        for clusters whose members are alike.
        """
        score = verdicts.c.score
        place = case(*((score < edge, number) for number, edge in enumerate(edges)), else_=len(edges))
        near = case((score.between(where.lowest, where.highest), 1), else_=0)
        # By story first, which leaves fewer rows for what follows.
        counted = (
            select(
                func.coalesce(placements.c.story_id, items.c.id).label("story"),
                place.label("place"),
                func.count().label("found"),
                func.sum(near).label("near"),
            )
            .select_from(items)
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .outerjoin(placements, placements.c.item_id == items.c.id)
            .where(_of(where), _in(window))
            .group_by("story", "place")
            .cte("counted")
        )
        stories = select(func.sum(counted.c.found).label("size")).group_by(counted.c.story).subquery()
        squares = self._connection.scalar(select(func.sum(stories.c.size * stories.c.size)))
        by_place = select(counted.c.place, func.sum(counted.c.found), func.sum(counted.c.near))
        bins, close = [0] * (len(edges) + 1), 0
        for number, found, some_near in self._connection.execute(by_place.group_by(counted.c.place)):
            bins[number] = int(found)
            close += int(some_near)
        return ScoreTally(
            items=sum(bins),
            near=close,
            bins=tuple(bins),
            effective=sum(bins) ** 2 / int(squares) if squares else 0.0,
        )

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

    def last_match(self, topic_id: str, since: datetime | None = None) -> datetime | None:
        """First sight of the newest item that matched a topic, if that was after ``since``.

        With ``since`` it goes through items from the newest on, else through all that ever matched.
        """
        on_topic = and_(verdicts.c.item_id == items.c.id, verdicts.c.topic_id == topic_id, verdicts.c.matched)
        if since is None:
            query = select(func.max(items.c.seen_at)).join(verdicts, on_topic)
        else:
            newer = select(items.c.seen_at).where(items.c.seen_at > since, exists().where(on_topic))
            query = newer.order_by(items.c.seen_at.desc()).limit(1)
        found: datetime | None = self._connection.scalar(query)
        return found

    def days_matched(self, topic_id: str, limit: int) -> Sequence[date]:
        """The latest days on which items that matched a topic were published, newest first.

        An undated item counts when it was first seen; not so in a feed's first document, where it may be of
        any age.
        """
        at = case((items.c.published < items.c.seen_at, items.c.published), else_=items.c.seen_at)
        day = func.date(at).label("day")
        query = (
            select(day)
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .where(verdicts.c.topic_id == topic_id, verdicts.c.matched)
            .where(or_(items.c.published.is_not(None), items.c.baseline.is_(False)))
        )
        rows = self._connection.scalars(query.distinct().order_by(day.desc()).limit(limit))
        return [date.fromisoformat(str(each)) for each in rows]

    def days_heard(self, since: datetime) -> int:
        """On how many days after ``since`` any item was first seen."""
        query = select(func.count(func.date(items.c.seen_at).distinct())).where(items.c.seen_at > since)
        return self._connection.scalar(query) or 0


def _of(where: Borderline) -> ColumnElement[bool]:
    return and_(
        verdicts.c.topic_id == where.topic_id,
        func.substr(verdicts.c.profile_version, 1, len(where.profile_version)) == where.profile_version,
        items.c.baseline.is_(False),
    )


def _in(window: Window) -> ColumnElement[bool]:
    return and_(items.c.seen_at > window.start, items.c.seen_at <= window.end)
