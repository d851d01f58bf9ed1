"""Alarms: trouble with channels, told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, delete, insert, select

from bot.model import Alarm
from bot.storage.schema import alarms

_ALARM = tuple(each.name for each in fields(Alarm))


class SqlAlarms:
    """``ports.AlarmStore``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Sequence[Alarm]:
        """Oldest first."""
        query = select(alarms).order_by(alarms.c.raised_at, alarms.c.channel, alarms.c.cause)
        return [Alarm(**row._mapping) for row in self._connection.execute(query)]

    def put(self, alarm: Alarm) -> None:
        """Write an alarm in place of the one of its channel and cause."""
        self.remove(alarm)
        self._connection.execute(insert(alarms), {name: getattr(alarm, name) for name in _ALARM})

    def remove(self, alarm: Alarm) -> None:
        self._connection.execute(
            delete(alarms).where(alarms.c.channel == alarm.channel, alarms.c.cause == alarm.cause)
        )
