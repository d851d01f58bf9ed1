"""What alerts told and noted, in the table that remembers all tellings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from bot.model import Telling
from bot.storage.merges import survivors
from bot.storage.schema import tellings


class SqlAlerts:
    """``ports.AlertStore``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def told_since(self, channel: str, rules: Collection[str], since: datetime) -> Sequence[Telling]:
        """What these rules told the channel after ``since``, for their budgets."""
        return self._after(since, channel, rules, tellings.c.revision > 0)

    def waiting(self, channel: str, rules: Collection[str] | None, since: datetime) -> Sequence[Telling]:
        """Notes after ``since`` that stories wait, oldest first; all notes where no rules are named."""
        return self._after(since, channel, rules, tellings.c.revision <= 0)

    def _after(
        self, since: datetime, channel: str, rules: Collection[str] | None, condition: ColumnElement[bool]
    ) -> Sequence[Telling]:
        query = (
            select(tellings)
            .where(tellings.c.channel == channel, tellings.c.told_at > since, condition)
            .order_by(tellings.c.told_at, tellings.c.story_id)
        )
        if rules is not None:
            query = query.where(tellings.c.origin.in_(sorted(rules)))
        found = [Telling(**row._mapping) for row in self._connection.execute(query)]
        # A note on a story that became part of another one is a note on that.
        led = survivors(self._connection, {told.story_id for told in found})
        return [replace(told, story_id=led.get(told.story_id, told.story_id)) for told in found]
