"""What is in force: the configuration that the database runs by, to hold another one against."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, insert, select, update

from bot.model import InForce
from bot.storage.columns import Frozen, Utc, Words
from bot.storage.schema import metadata

# The configuration that the database runs by: written by whoever takes it into use.
in_force = Table(
    "in_force",
    metadata,
    Column("part", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("content", Frozen(dict), nullable=False),
    Column("since", Utc, nullable=False),
)


class SqlInForce:
    """``ports.InForceStore``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Sequence[InForce]:
        """By part and name."""
        rows = self._connection.execute(select(in_force).order_by(in_force.c.part, in_force.c.name))
        return [InForce(**row._mapping) for row in rows]

    def replace(self, parts: Collection[str], now_in_force: Sequence[InForce]) -> None:
        """Put these in place of all that there is of ``parts``; what did not change keeps its ``since``."""
        known = {(each.part, each.name): each for each in self.all() if each.part in parts}
        for each in now_in_force:
            before = known.pop((each.part, each.name), None)
            values = {"content": each.content, "since": each.since}
            if before is None:
                self._connection.execute(insert(in_force), {"part": each.part, "name": each.name} | values)
            elif before.content != each.content:
                self._connection.execute(update(in_force).where(_is(each)).values(values))
        for gone in known.values():
            self._connection.execute(delete(in_force).where(_is(gone)))


def _is(each: InForce) -> ColumnElement[bool]:
    return and_(in_force.c.part == each.part, in_force.c.name == each.name)
