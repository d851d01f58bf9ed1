"""What a digest's receipt is made from, counted by the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
)

from bot.core.age import LATE_AFTER
from bot.model import Sighting, Window
from bot.storage.columns import Utc
from bot.storage.dialects import Dialect
from bot.storage.schema import POLLED, feeds, items, metadata, placements, verdicts

# When feeds were due and none was polled.
pauses = Table(
    "pauses",
    metadata,
    Column("start", Utc, primary_key=True),
    Column("end", Utc, nullable=False),
)

KEPT = timedelta(days=90)
"""Pauses are of no use to any digest after that."""
_MIDNIGHT = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = 86_400
# Rounds up what is rounded to the nearest; moments are held to 0.03 ms.
_UP = 0.49999
_LONGEST = LATE_AFTER // timedelta(minutes=1)


class SqlCoverage:
    """``ports.CoverageStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def minutes_waited(self, window: Window) -> Mapping[int, int]:
        """Whole minutes, rounded up, from publication to first sight → items of the window.

        Counts what ``core.latency`` counts. Everything it asks for is in one index.
        """
        published = self._dialect.seconds(items.c.published)
        minutes = func.round((self._dialect.seconds(items.c.seen_at) - published) / 60 + _UP)
        since_midnight = func.round(published - self._dialect.seconds(literal(_MIDNIGHT, Utc)))
        query = select(cast(minutes, BigInteger).label("minutes"), func.count()).where(
            _seen_in(window),
            items.c.baseline.is_(False),
            items.c.published.is_not(None),
            cast(since_midnight, BigInteger) % _DAY != 0,
        )
        found: Counter[int] = Counter()
        for waited, count in self._connection.execute(query.group_by("minutes")):
            if waited <= _LONGEST:
                found[max(0, int(waited))] += count
        return found

    def items_read(self, window: Window) -> int:
        """Items first seen in a window."""
        return self._connection.scalar(select(func.count()).where(_seen_in(window))) or 0

    def sightings(self, topics: Mapping[str, str], window: Window) -> Sequence[Sighting]:
        """Articles of a window that matched a topic, in the order of first sight.

        ``topics``: id → version of the profile; what was judged by another one is left out. So is what was
        old when its feed was first polled, and what is in no story.
        """
        rows = self._connection.execute(
            select(verdicts.c.topic_id, items.c.feed_id, placements.c.story_id, items.c.seen_at)
            .select_from(verdicts)
            .join(items, items.c.id == verdicts.c.item_id)
            .join(placements, placements.c.item_id == verdicts.c.item_id)
            .where(
                or_(False, *(_judged_by(topic_id, version) for topic_id, version in topics.items())),
                verdicts.c.matched.is_(True),
                # Nothing is judged before it is seen; by this the index leaves out the years before.
                verdicts.c.judged_at >= window.start,
                _seen_in(window),
                items.c.baseline.is_(False),
            )
        )
        found = [Sighting(**row._mapping) for row in rows]
        return sorted(found, key=lambda each: (each.seen_at, each.story_id))

    def added_after(self, moment: datetime) -> Collection[str]:
        """Ids of the feeds that were added, or came back, after a moment."""
        return set(self._connection.scalars(select(feeds.c.feed_id).where(feeds.c.added_at > moment)))

    def note_pause(self, now: datetime, least: timedelta) -> None:
        """Write down since when feeds were due and none was polled, if that is ``least`` or longer.

        To be called before feeds are claimed.
        """
        due = select(func.min(feeds.c.next_poll_at)).where(POLLED, feeds.c.next_poll_at <= now - least)
        last = select(func.max(feeds.c.last_polled_at)).where(POLLED)
        first_due = self._connection.scalar(due)
        if first_due is None:  # as nearly always
            return
        last_polled = self._connection.scalar(last)
        if last_polled is None or now - last_polled < least:
            return
        self._connection.execute(delete(pauses).where(pauses.c.end < now - KEPT))
        # Whoever polls beside us may have noted it already.
        row = {"start": max(first_due, last_polled), "end": now}
        self._connection.execute(self._dialect.add(pauses), [row])

    def pauses(self, window: Window) -> Sequence[Window]:
        """Those that reach into a window, oldest first."""
        query = select(pauses).where(pauses.c.start < window.end, pauses.c.end > window.start)
        return [Window(**row._mapping) for row in self._connection.execute(query.order_by(pauses.c.start))]


def _seen_in(window: Window) -> ColumnElement[bool]:
    return and_(items.c.seen_at > window.start, items.c.seen_at <= window.end)


def _judged_by(topic_id: str, version: str) -> ColumnElement[bool]:
    """Answers and advice have marks of theirs behind a profile's version."""
    begins = func.substr(verdicts.c.profile_version, 1, len(version)) == version
    return and_(verdicts.c.topic_id == topic_id, begins)
