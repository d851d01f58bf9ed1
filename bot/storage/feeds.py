"""Feed states: what is due, whose turn it is, and what is remembered between two polls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from bot.model import Feed, FeedState, Notice, Reach
from bot.storage.columns import Utc
from bot.storage.dialects import Dialect, batches
from bot.storage.pruning import forget
from bot.storage.queue import void_lease
from bot.storage.schema import POLLED, feeds, notices

_STATE = tuple(each.name for each in fields(FeedState))
_COLUMNS = tuple(feeds.c[name] for name in _STATE)
_CLOCKS_DIFFER = timedelta(minutes=10)
_UNKNOWN_RHYTHM = timedelta(hours=1) // timedelta(microseconds=1)
_NEVER_POLLED = -1e9
_CONFIGURED = tuple(
    feeds.c[name] for name in ("feed_id", "title", "tags", "configured_url", "configured", "enabled")
)
_NOTICE = tuple(each.name for each in fields(Notice))
_SAVE = (
    update(feeds)
    .where(feeds.c.feed_id == bindparam("new_feed_id"))
    .values(leased_until=None)
    .values(
        {name: bindparam(f"new_{name}", type_=feeds.c[name].type) for name in _STATE if name != "feed_id"}
    )
)


class SqlFeeds:
    """``ports.FeedStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def sync(self, configured: Sequence[Feed], now: datetime) -> None:
        """Give every configured feed a state; a feed that left the configuration is polled no more.

        A new feed is due at once. So is one that came back or has another address: what was remembered
        of the old address is forgotten.
        """
        self.set_right(now)
        stored = {row.feed_id: row for row in self._connection.execute(select(*_CONFIGURED))}
        wanted = {feed.id: feed for feed in configured}
        self._leave([feed_id for feed_id in stored if feed_id not in wanted])
        new = [_first_state(feed, now) for feed_id, feed in wanted.items() if feed_id not in stored]
        if new:
            self._connection.execute(self._dialect.add(feeds), new)
        for feed_id, feed in wanted.items():
            if (row := stored.get(feed_id)) is not None and (changes := _changes(row, feed, now)):
                self._connection.execute(update(feeds).where(feeds.c.feed_id == feed_id).values(changes))

    def set_right(self, now: datetime, back: timedelta = timedelta(0)) -> None:
        """Make due what a clock that was ahead polled or claimed: it would wait for as long.

        ``back``: by how much the clock was set back just now.
        """
        ahead = update(feeds).where(feeds.c.last_polled_at > now + _CLOCKS_DIFFER)
        self._connection.execute(ahead.values(next_poll_at=now, last_polled_at=now))
        void = update(feeds).where(void_lease(feeds.c.leased_until, now, back))
        self._connection.execute(void.values(next_poll_at=now, leased_until=None))

    def claim_due(
        self,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        likeliest: bool = False,
        leave: Collection[str] = (),
    ) -> Sequence[FeedState]:
        """Take up to ``limit`` feeds that are due, longest due first, or with most new items to be expected.

        What is under way is not looked at again: a claim moves ``next_poll_at`` to the end of the lease.
        """
        due = (
            select(*_COLUMNS)
            .where(POLLED, feeds.c.next_poll_at <= now, _free(now), *_but(leave))
            .order_by(*([self._unlikely(now)] if likeliest else []), feeds.c.next_poll_at, feeds.c.feed_id)
            .limit(limit)
        )
        return self._claim(due, now + lease)

    def polled_since(self, since: datetime) -> int:
        """How many feeds were polled last after ``since``."""
        return self._connection.scalar(select(func.count()).where(feeds.c.last_polled_at > since)) or 0

    def _unlikely(self, now: datetime) -> ColumnElement[float]:
        """Less, the more items a feed should have published since it was polled last: time ÷ rhythm."""
        spent = self._dialect.seconds(literal(now, Utc)) - self._dialect.seconds(feeds.c.last_polled_at)
        rhythm = func.coalesce(type_coerce(feeds.c.rhythm, BigInteger), _UNKNOWN_RHYTHM) + 1
        return func.coalesce(-spent / rhythm, _NEVER_POLLED)

    def claim(self, feed_ids: Sequence[str], now: datetime, lease: timedelta) -> Sequence[FeedState]:
        """Take these feeds whether due or not, but not out of somebody's hands."""
        claimed: list[FeedState] = []
        for some in batches(sorted(set(feed_ids))):
            named = select(*_COLUMNS).where(feeds.c.feed_id.in_(some), _free(now)).order_by(feeds.c.feed_id)
            claimed.extend(self._claim(named, now + lease))
        return claimed

    def release(self, now: datetime) -> int:
        """End all leases: what a killed process had claimed is due at once. Returns how many."""
        held = update(feeds).where(feeds.c.leased_until.is_not(None))
        return self._connection.execute(held.values(leased_until=None, next_poll_at=now)).rowcount

    def lease(self, feed_ids: Sequence[str], until: datetime) -> None:
        """Move the end of these leases: of feeds that the caller has claimed. Now gives them back."""
        for some in batches(sorted(feed_ids)):
            held = update(feeds).where(feeds.c.feed_id.in_(some), feeds.c.leased_until.is_not(None))
            self._connection.execute(held.values(leased_until=until, next_poll_at=until))

    def save(self, states: Sequence[FeedState]) -> None:
        """Write feeds' states and end their leases."""
        if not states:
            return
        rows = [{f"new_{name}": getattr(state, name) for name in _STATE} for state in states]
        # Sorted: two writers that lock rows in different orders would wait for each other for ever.
        rows.sort(key=itemgetter("new_feed_id"))
        changed = self._connection.execute(_SAVE, rows)
        if changed.rowcount < len(states):
            raise LookupError(f"of {len(states)} feeds to save only {changed.rowcount} were ever synced")

    def reach(self, before: datetime) -> Reach:
        """How many feeds can't be read; ``lasting`` counts those that fail since ``before`` or longer."""
        failing, lasting = feeds.c.failing_since.is_not(None), feeds.c.failing_since <= before
        counts = [func.count(), *(func.count().filter(which) for which in (failing, lasting))]
        row = self._connection.execute(select(*counts).where(POLLED, feeds.c.last_polled_at.is_not(None)))
        return Reach(**dict(zip(("polled", "failing", "lasting"), row.one(), strict=True)))

    def note(self, made: Sequence[Notice]) -> None:
        """Keep what people should know of feeds."""
        if made:
            self._connection.execute(
                insert(notices), [{name: getattr(each, name) for name in _NOTICE} for each in made]
            )

    def notices(self, since: datetime) -> Sequence[Notice]:
        """What was noted after ``since``, oldest first."""
        query = select(*(notices.c[name] for name in _NOTICE)).where(notices.c.at > since)
        rows = self._connection.execute(query.order_by(notices.c.at, notices.c.position))
        return [Notice(**row._mapping) for row in rows]

    def forget_notices(self, before: datetime, limit: int) -> int:
        """Drop up to so many of what was noted before. Returns how many."""
        return forget(self._connection, notices, notices.c.at, before, limit)

    def states(self) -> Mapping[str, FeedState]:
        """The states of the feeds of the last sync, by id."""
        rows = self._connection.execute(select(*_COLUMNS).where(feeds.c.configured).order_by(feeds.c.feed_id))
        return {row.feed_id: _state(row) for row in rows}

    def _claim(self, query: Select[Any], leased_until: datetime) -> Sequence[FeedState]:
        rows = self._connection.execute(query.with_for_update(skip_locked=True)).all()
        for some in batches([row.feed_id for row in rows]):
            self._connection.execute(
                update(feeds)
                .where(feeds.c.feed_id.in_(some))
                .values(leased_until=leased_until, next_poll_at=leased_until)
            )
        return [_state(row) for row in rows]

    def _leave(self, feed_ids: Sequence[str]) -> None:
        leave = update(feeds).where(feeds.c.feed_id == bindparam("gone")).values(configured=False)
        if feed_ids:
            self._connection.execute(leave, [{"gone": feed_id} for feed_id in feed_ids])


def _but(leave: Collection[str]) -> list[ColumnElement[bool]]:
    return [feeds.c.feed_id.not_in(sorted(leave))] if leave else []


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(feeds.c.leased_until.is_(None), feeds.c.leased_until <= now)


def _state(row: Row[Any]) -> FeedState:
    return FeedState(**row._mapping)


def _first_state(feed: Feed, now: datetime) -> dict[str, Any]:
    state = FeedState(feed_id=feed.id, url=feed.url, next_poll_at=now)
    return {name: getattr(state, name) for name in _STATE} | _as_configured(feed) | {"added_at": now}


def _as_configured(feed: Feed) -> dict[str, Any]:
    return {
        "title": feed.title,
        "tags": feed.tags,
        "configured_url": feed.url,
        "configured": True,
        "enabled": feed.enabled,
    }


def _changes(row: Row[Any], feed: Feed, now: datetime) -> dict[str, Any]:
    wanted = _as_configured(feed)
    changes = {name: value for name, value in wanted.items() if row._mapping[name] != value}
    if "configured_url" in changes:
        changes |= {"url": feed.url, "etag": None, "modified": None, "body_hash": None}
    if "configured_url" in changes or "configured" in changes:
        # Whoever names a feed anew wants it polled, whatever ended it before.
        changes |= {"disabled": None, "next_poll_at": now}
    if changes.keys() & {"configured_url", "configured"} or changes.get("enabled"):
        changes["added_at"] = now
    return changes
