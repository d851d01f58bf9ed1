"""The outbox: messages written down before they are said, and the memory of what was told to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, exists, func, insert, select, update

from bot.core.parts import united
from bot.model import Delivery, DeliveryState, Message, Telling
from bot.storage.dialects import Dialect, batches
from bot.storage.merges import names, parts
from bot.storage.pruning import forget
from bot.storage.queue import DELIVERY, body_hash, delivery_of
from bot.storage.schema import OPEN, delivered_stories, deliveries, slots, tellings

_TELLING = tuple(each.name for each in fields(Telling))
_MESSAGE = tuple(each.name for each in fields(Message))
_ENDED = (DeliveryState.DEAD.value, DeliveryState.UNKNOWN.value)


class SqlOutbox:
    """``ports.Outbox``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def told(self, channel: str, story_ids: Sequence[str]) -> Mapping[str, Telling]:
        """Story id → what the channel was last told of it.

        Other writers that ask wait until this transaction ends: else an alert and a digest composed at
        once would both find a story untold, and tell it twice.
        """
        self._dialect.hold(self._connection, "tellings")
        several = parts(self._connection, story_ids)
        last = self._last_told(channel, list({*story_ids, *chain.from_iterable(several.values())}))
        whole = {
            story_id: united(story_id, [(part, last.get(name)) for name, part in made_of.items()])
            for story_id, made_of in several.items()
        }
        told = {story_id: whole.get(story_id, last.get(story_id)) for story_id in story_ids}
        return {story_id: telling for story_id, telling in told.items() if telling}

    def _last_told(self, channel: str, story_ids: Sequence[str]) -> Mapping[str, Telling]:
        """Of each id by itself, whether or not it is part of another story now."""
        last: dict[str, Telling] = {}
        query = select(tellings).where(tellings.c.channel == channel, tellings.c.revision > 0)
        query = query.order_by(tellings.c.revision)
        for some in batches(story_ids):
            for row in self._connection.execute(query.where(tellings.c.story_id.in_(some))):
                last[row.story_id] = Telling(**row._mapping)
        return last

    def add(self, composed: Sequence[Delivery], told: Sequence[Telling]) -> int:
        """Write deliveries and what they tell. A key that is there already is left alone.

        Returns how many deliveries are new.
        """
        new = sum(self._add(each) for each in composed)
        if told:
            self._connection.execute(
                self._dialect.add(tellings),
                [{name: getattr(each, name) for name in _TELLING} for each in told],
            )
        return new

    def deliveries(
        self, *, state: DeliveryState | None, limit: int, story_id: str | None = None
    ) -> Sequence[Delivery]:
        """Newest first; ``story_id`` keeps those that told that story or one that became part of it."""
        query = select(deliveries).order_by(deliveries.c.created_at.desc(), deliveries.c.position.desc())
        if state is not None:
            query = query.where(deliveries.c.state == state.value)
        if story_id is not None:
            telling = select(delivered_stories.c.delivery_key).where(
                delivered_stories.c.story_id.in_(names(self._connection, story_id))
            )
            query = query.where(deliveries.c.key.in_(telling))
        rows = self._connection.execute(query.limit(limit))
        return [delivery_of(row) for row in rows]

    def keyed(self, beginning: str) -> Sequence[Delivery]:
        """Those whose keys begin so; of many, a few."""
        query = select(deliveries).where(func.substr(deliveries.c.key, 1, len(beginning)) == beginning)
        return [delivery_of(row) for row in self._connection.execute(query.limit(3))]

    def keys(self, state: DeliveryState, channel: str | None = None) -> Sequence[str]:
        """Keys of all deliveries in a state, in the order composed."""
        query = select(deliveries.c.key).where(deliveries.c.state == state.value)
        if channel is not None:
            query = query.where(deliveries.c.channel == channel)
        return self._connection.scalars(query.order_by(deliveries.c.position)).all()

    def retry(self, keys: Sequence[str], now: datetime) -> int:
        """Make dead or unknown deliveries pending again, with all their attempts. Returns how many."""
        return sum(
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.key.in_(some), deliveries.c.state.in_(_ENDED))
                .values(state=DeliveryState.PENDING.value, due_at=now, attempt=0)
            ).rowcount
            for some in batches(sorted(set(keys)))
        )

    def receipts(self, channel: str, story_id: str) -> Mapping[str, str]:
        """Recipient → the receipt of the first alert on a story that it got: the beginning of a thread."""
        query = (
            select(deliveries.c.recipient, deliveries.c.note)
            .join(delivered_stories, delivered_stories.c.delivery_key == deliveries.c.key)
            .where(
                delivered_stories.c.story_id.in_(names(self._connection, story_id)),
                deliveries.c.channel == channel,
                deliveries.c.kind == "alert",
                deliveries.c.state == DeliveryState.SENT.value,
            )
            .order_by(deliveries.c.position.desc())
        )
        return {row.recipient: row.note for row in self._connection.execute(query)}

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many messages composed before, all but those still to be sent. Returns how many.

        Tellings stay, so nothing is told again.
        """
        return forget(self._connection, deliveries, deliveries.c.created_at, before, limit, ~OPEN)

    def slot(self, digest: str, at: datetime, now: datetime, time_of_day: str | None = None) -> bool:
        """Take the digest slot ``at``; ``False`` where it, or its time of day, was taken before."""
        row = {"digest": digest, "at": at, "taken_at": now, "time_of_day": time_of_day}
        return self._insert(slots, row)

    def forget_slots(self, before: datetime) -> int:
        """Drop slots before, but for each digest's last. Returns how many."""
        later = slots.alias("later")
        followed = exists().where(later.c.digest == slots.c.digest, later.c.at > slots.c.at)
        return self._connection.execute(delete(slots).where(slots.c.at < before, followed)).rowcount

    def last_slot(self, digest: str, until: datetime) -> datetime | None:
        """The latest slot taken for a digest, of those up to a moment."""
        query = select(slots.c.at).where(slots.c.digest == digest, slots.c.at <= until)
        latest: datetime | None = self._connection.scalar(query.order_by(slots.c.at.desc()).limit(1))
        return latest

    def times_of_day(self, digest: str, since: datetime) -> Collection[str]:
        """Those of the slots taken for a digest after ``since``, also in what is the future by now."""
        query = select(slots.c.time_of_day).where(
            slots.c.digest == digest, slots.c.at > since, slots.c.time_of_day.is_not(None)
        )
        return {*self._connection.scalars(query)}

    def last_composed(self, digest: str, channel: str, before: datetime) -> datetime | None:
        """The latest slot before ``before`` for which the channel got a message of this digest.

        A slot and what is composed for it are written down at one moment.
        """
        written = and_(deliveries.c.created_at == slots.c.taken_at, deliveries.c.origin == slots.c.digest)
        query = (
            select(slots.c.at)
            .join(deliveries, written)
            .where(slots.c.digest == digest, slots.c.at < before, deliveries.c.channel == channel)
            .order_by(slots.c.at.desc())
            .limit(1)
        )
        latest: datetime | None = self._connection.scalar(query)
        return latest

    def _add(self, delivery: Delivery) -> bool:
        row: dict[str, Any] = {name: getattr(delivery, name) for name in DELIVERY}
        row |= {name: getattr(delivery.message, name) for name in _MESSAGE}
        row |= {"state": delivery.state.value, "body_hash": body_hash(delivery.message.body)}
        if not self._insert(deliveries, row):
            return False
        links = [{"story_id": each, "delivery_key": delivery.key} for each in set(delivery.stories)]
        if links:
            self._connection.execute(insert(delivered_stories), links)
        return True

    def _insert(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Whether the row is new."""
        # SQLAlchemy keeps the number of rows of an INSERT only where asked.
        counted = self._dialect.add(table).values(row).execution_options(preserve_rowcount=True)
        return self._connection.execute(counted).rowcount == 1
