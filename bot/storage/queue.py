"""Queues of deliveries, one a destination: who serves it, what comes next, and how it went."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from bot.core.setright import paused_until, try_again
from bot.model import Delivery, DeliveryState, Destination, Message, Settlement
from bot.storage.dialects import Dialect, batches
from bot.storage.schema import OPEN, delivered_stories, deliveries, destinations, tellings

PENDING, SENDING, SENT = (state.value for state in DeliveryState if state in ("pending", "sending", "sent"))
HOLDS_UP = 3
"""Attempts after which a message that is to be tried again no longer holds up those behind it.

A service in short trouble gets its messages in order; one that it can't take does not keep all others.
"""
LONGEST_LEASE = timedelta(hours=1)
"""Leases are of minutes: one that ends later was given by a clock that was ahead."""
_MESSAGE = tuple(each.name for each in fields(Message))
_NOT_COLUMNS = {"message", "state", "interrupted"}
DELIVERY = tuple(each.name for each in fields(Delivery) if each.name not in _NOT_COLUMNS)
_DESTINATION = tuple(each.name for each in fields(Destination))
_QUIET: Mapping[str, Any] = {
    "disabled_at": None,
    "disabled_why": "",
    "fingerprint": "",
    "paused_until": None,
    "paused_why": "",
}


class SqlQueue:
    """``ports.DeliveryQueue``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    # ── what is next ──

    def due(self, now: datetime) -> Sequence[str]:
        """Channels to which something can be sent now, the longest waiting first."""
        waiting = (
            select(deliveries.c.channel, func.min(deliveries.c.due_at).label("since"))
            .where(OPEN, _ready(now))
            .group_by(deliveries.c.channel)
            .subquery()
        )
        query = (
            select(waiting.c.channel)
            .outerjoin(destinations, destinations.c.channel == waiting.c.channel)
            .where(_served_by_nobody(now), _not_kept_waiting(now))
            .order_by(waiting.c.since, waiting.c.channel)
        )
        return self._connection.scalars(query).all()

    def serve(self, channel: str, now: datetime, lease: timedelta) -> bool:
        """Take a channel until the lease ends; ``False`` where another process has it."""
        self._connection.execute(self._dialect.add(destinations), _row(channel))
        served = (
            update(destinations)
            .where(destinations.c.channel == channel, _served_by_nobody(now))
            .values(leased_until=now + lease)
        )
        return self._connection.execute(served).rowcount == 1

    def next(self, channel: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """What to send to a channel that the caller serves, in order; no attempts yet."""
        earlier = deliveries.alias("earlier")
        # Only what waits for its next try holds up what is behind it: the rest is sent before it anyway.
        held_up = exists().where(
            earlier.c.channel == deliveries.c.channel,
            earlier.c.recipient == deliveries.c.recipient,
            earlier.c.position < deliveries.c.position,
            earlier.c.state == PENDING,
            earlier.c.due_at > now,
            or_(
                earlier.c.attempt < HOLDS_UP,
                # Parts of one digest stay in order whatever comes.
                and_(
                    earlier.c.created_at == deliveries.c.created_at, earlier.c.origin == deliveries.c.origin
                ),
            ),
        )
        query = (
            select(deliveries)
            .where(deliveries.c.channel == channel, OPEN, _ready(now), ~held_up)
            .order_by(deliveries.c.position)
            .limit(limit)
        )
        rows = self._undamaged(self._connection.execute(query).all())
        return [delivery_of(row, interrupted=row.state == SENDING) for row in rows]

    def held(self, leases: Mapping[str, datetime]) -> Collection[str]:
        """Of these channels those whose lease ends when the caller left it to: nobody took them over."""
        query = select(destinations.c.channel, destinations.c.leased_until)
        return {
            row.channel
            for some in batches(sorted(leases))
            for row in self._connection.execute(query.where(destinations.c.channel.in_(some)))
            if row.leased_until == leases[row.channel]
        }

    def renew(self, channels: Collection[str], until: datetime) -> None:
        """Move the end of these leases."""
        for some in batches(sorted(channels)):
            self._connection.execute(
                update(destinations).where(destinations.c.channel.in_(some)).values(leased_until=until)
            )

    def release(self) -> int:
        """End all leases: what a killed process served is free at once. Returns how many."""
        held = update(destinations).where(destinations.c.leased_until.is_not(None)).values(leased_until=None)
        return self._connection.execute(held).rowcount

    def set_right(self, now: datetime, back: timedelta) -> None:
        """Have sent what a clock that was ahead put off; end its pauses and leases."""
        late = select(deliveries.c.key, deliveries.c.due_at, deliveries.c.created_at, deliveries.c.attempt)
        late = late.where(deliveries.c.state == PENDING, deliveries.c.due_at > now)
        for row in self._connection.execute(late).all():
            due_at = try_again(row.due_at, row.created_at, row.attempt, now, back)
            if due_at != row.due_at:
                moved = update(deliveries).where(deliveries.c.key == row.key, deliveries.c.state == PENDING)
                self._connection.execute(moved.values(due_at=due_at))
        for destination in self.destinations().values():
            until = destination.paused_until
            if until and until > now and (ends := paused_until(until, now, back)) != until:
                of_channel = update(destinations).where(destinations.c.channel == destination.channel)
                self._connection.execute(of_channel.values(paused_until=ends))
        void = void_lease(destinations.c.leased_until, now, back)
        self._connection.execute(update(destinations).where(void).values(leased_until=None))

    # ── attempts ──

    def begin(self, begun: Sequence[Delivery]) -> Collection[str]:
        """Note that attempts begin.

        An attempt is counted here, so that one which kills the process counts too. The count is also the
        token: a process whose lease ran out while another one sent finds another count, and sends nothing.
        """
        keys: set[str] = set()
        counted = (deliveries.c.key, deliveries.c.attempt)
        for some in batches([(each.key, each.attempt) for each in begun]):
            rows = self._connection.execute(
                update(deliveries)
                .where(tuple_(*counted).in_(some), OPEN)
                .values(
                    state=SENDING,
                    attempt=deliveries.c.attempt + 1,
                    # Begun before, and nobody knows how that ended.
                    unanswered=or_(deliveries.c.unanswered, deliveries.c.state == SENDING),
                )
                .returning(deliveries.c.key)
            )
            keys.update(row.key for row in rows)
        return keys

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record how attempts ended.

        What was sent stays sent: a slower attempt, whose lease ran out, can't take it back.
        """
        if not settlements:
            return
        statement = (
            update(deliveries)
            .where(deliveries.c.key == bindparam("of_key"), deliveries.c.state != SENT)
            .values(
                state=bindparam("new_state"),
                attempt=bindparam("new_attempt"),
                sent_at=bindparam("new_sent_at", type_=deliveries.c.sent_at.type),
                note=bindparam("new_note"),
                due_at=func.coalesce(
                    bindparam("new_due_at", type_=deliveries.c.due_at.type), deliveries.c.due_at
                ),
                unanswered=or_(deliveries.c.unanswered, bindparam("new_unanswered", type_=Boolean)),
            )
        )
        self._connection.execute(
            statement,
            [
                {
                    "of_key": each.key,
                    "new_state": each.state.value,
                    "new_attempt": each.attempt,
                    "new_sent_at": each.sent_at,
                    "new_note": each.note,
                    "new_due_at": each.due_at,
                    "new_unanswered": each.unanswered,
                }
                for each in settlements
            ],
        )

    # ── what keeps a channel waiting ──

    def destinations(self) -> Mapping[str, Destination]:
        """Channels that are or were in trouble, by name."""
        columns = [destinations.c[name] for name in _DESTINATION]
        rows = self._connection.execute(select(*columns).order_by(destinations.c.channel))
        return {row.channel: Destination(**row._mapping) for row in rows}

    def waiting(self) -> Mapping[str, int]:
        """How many messages each channel has still to be sent."""
        query = select(deliveries.c.channel, func.count().label("messages")).where(OPEN)
        query = query.group_by(deliveries.c.channel)
        return {row.channel: row.messages for row in self._connection.execute(query)}

    def pause(self, channel: str, until: datetime, why: str) -> None:
        """Send nothing to a channel before; never shortens a pause."""
        sooner = or_(destinations.c.paused_until.is_(None), destinations.c.paused_until < until)
        self._set(channel, {"paused_until": until, "paused_why": why}, sooner)

    def disable(self, channel: str, now: datetime, why: str, fingerprint: str) -> None:
        """Send nothing to a channel until ``enable``; the first reason stays."""
        values = {"disabled_at": now, "disabled_why": why, "fingerprint": fingerprint}
        self._set(channel, values, destinations.c.disabled_at.is_(None))

    def enable(self, channel: str) -> bool:
        """End whatever keeps a channel waiting. ``False`` where nothing did."""
        kept = or_(destinations.c.disabled_at.is_not(None), destinations.c.paused_until.is_not(None))
        ended = update(destinations).where(destinations.c.channel == channel, kept).values(_QUIET)
        return self._connection.execute(ended).rowcount == 1

    def _set(self, channel: str, values: Mapping[str, Any], where: ColumnElement[bool]) -> None:
        self._connection.execute(self._dialect.add(destinations), _row(channel))
        self._connection.execute(
            update(destinations).where(destinations.c.channel == channel, where).values(values)
        )

    # ── given up ──

    def give_back(self, delivery: Delivery, now: datetime, note: str) -> bool:
        """Take back that a delivery told its stories; it expires, and with it what failed beside it.

        A note in place of each telling says that the story waits, as for one beyond an alert's budget: so
        the next digest tells it, however late that comes, and no alert does again. What was told since stays.
        """
        siblings = self._siblings(delivery)
        unsure = any(row.unanswered or row.state not in ("dead", "expired") for row in siblings)
        told = self._told_by(delivery)
        if unsure or not told:
            return False
        for story_id, telling in told.items():
            waits = {**telling, "revision": 1 - telling["revision"], "told_at": now}
            # A note of before as well: that the story waits is news now.
            replaced = tellings.c.revision.in_((telling["revision"], waits["revision"]))
            key = (tellings.c.channel == delivery.channel, tellings.c.story_id == story_id)
            self._connection.execute(delete(tellings).where(*key, replaced))
            self._connection.execute(insert(tellings), waits)
        expired = [delivery.key, *(row.key for row in siblings)]
        self._connection.execute(
            update(deliveries)
            .where(deliveries.c.key.in_(expired))
            .values(state=DeliveryState.EXPIRED.value, note=note)
        )
        return True

    def _siblings(self, delivery: Delivery) -> Sequence[Any]:
        """Other deliveries of the same composition that tell one of its stories."""
        query = (
            select(deliveries.c.key, deliveries.c.state, deliveries.c.unanswered)
            .join(delivered_stories, delivered_stories.c.delivery_key == deliveries.c.key)
            .where(
                delivered_stories.c.story_id.in_(delivery.stories),
                deliveries.c.channel == delivery.channel,
                deliveries.c.origin == delivery.origin,
                deliveries.c.created_at == delivery.created_at,
                deliveries.c.key != delivery.key,
            )
            .distinct()
        )
        return [*self._connection.execute(query)]

    def _told_by(self, delivery: Delivery) -> Mapping[str, dict[str, Any]]:
        """Story id → its telling, where that is the delivery's and the channel's last one."""
        last: dict[str, dict[str, Any]] = {}
        query = (
            select(tellings)
            .where(tellings.c.channel == delivery.channel, tellings.c.story_id.in_(delivery.stories))
            .order_by(tellings.c.revision)
        )
        for row in self._connection.execute(query):
            last[row.story_id] = dict(row._mapping)
        return {
            story_id: telling
            for story_id, telling in last.items()
            if (telling["told_at"], telling["origin"]) == (delivery.created_at, delivery.origin)
            and telling["revision"] > 0
        }

    def _undamaged(self, rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """Without those whose bytes are not the bytes composed: a receiver must never see two versions."""
        damaged = [row.position for row in rows if body_hash(row.body) != row.body_hash]
        for some in batches(damaged):
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.position.in_(some))
                .values(state=DeliveryState.DEAD.value, note="its bytes changed since it was composed")
            )
        return [row for row in rows if row.position not in damaged]


def delivery_of(row: Row[Any], *, interrupted: bool = False) -> Delivery:
    return Delivery(
        **{name: row._mapping[name] for name in DELIVERY},
        message=Message(**{name: row._mapping[name] for name in _MESSAGE}),
        state=DeliveryState(row.state),
        interrupted=interrupted,
    )


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def void_lease(leased_until: ColumnElement[datetime], now: datetime, back: timedelta) -> ColumnElement[bool]:
    """A lease that had ended before the clock was set back, or that no right clock has given.

    One that had not ended is in somebody's hands, who goes on with it.
    """
    ended = and_(leased_until > now, leased_until <= now + back)
    return or_(ended, leased_until > now + back + LONGEST_LEASE)


def _row(channel: str) -> dict[str, Any]:
    return {"channel": channel, "leased_until": None, **_QUIET}


def _ready(now: datetime) -> ColumnElement[bool]:
    """Due, or begun by a process that is gone: whoever asks knows that nobody else serves the channel."""
    return or_(and_(deliveries.c.state == PENDING, deliveries.c.due_at <= now), deliveries.c.state == SENDING)


def _served_by_nobody(now: datetime) -> ColumnElement[bool]:
    return or_(destinations.c.leased_until.is_(None), destinations.c.leased_until <= now)


def _not_kept_waiting(now: datetime) -> ColumnElement[bool]:
    return and_(
        destinations.c.disabled_at.is_(None),
        or_(destinations.c.paused_until.is_(None), destinations.c.paused_until <= now),
    )
