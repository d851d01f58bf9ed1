"""Unsubscriptions: who wants no messages of a channel."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Column, Connection, Table, delete, select

from bot.model import Unsubscription
from bot.storage.columns import Utc, Words
from bot.storage.dialects import Dialect
from bot.storage.schema import metadata

# Recipients who want no messages of a channel. No retention: a wish holds until it is taken back.
unsubscriptions = Table(
    "unsubscriptions",
    metadata,
    Column("channel", Words, primary_key=True),
    Column("address", Words, primary_key=True),
    Column("at", Utc, nullable=False),
)


class SqlUnsubscriptions:
    """``ports.UnsubscriptionStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def add(self, unsubscription: Unsubscription) -> bool:
        """Remember it; ``False`` where it was known, which leaves it as it was."""
        row = {
            "channel": unsubscription.channel,
            "address": unsubscription.address,
            "at": unsubscription.at,
        }
        # SQLAlchemy keeps the number of rows of an INSERT only where asked.
        added = self._dialect.add(unsubscriptions).values(row).execution_options(preserve_rowcount=True)
        return self._connection.execute(added).rowcount == 1

    def remove(self, address: str, channel: str | None = None) -> int:
        """Forget what an address unsubscribed from, of one channel or of all. Returns how many."""
        gone = delete(unsubscriptions).where(unsubscriptions.c.address == address)
        if channel is not None:
            gone = gone.where(unsubscriptions.c.channel == channel)
        return self._connection.execute(gone).rowcount

    def all(self) -> Sequence[Unsubscription]:
        """Latest first."""
        columns = unsubscriptions.c
        query = select(unsubscriptions).order_by(columns.at.desc(), columns.channel, columns.address)
        return [Unsubscription(**row._mapping) for row in self._connection.execute(query)]

    def addresses(self, channel: str) -> Collection[str]:
        """Who unsubscribed from a channel."""
        query = select(unsubscriptions.c.address).where(unsubscriptions.c.channel == channel)
        return frozenset(self._connection.scalars(query))
