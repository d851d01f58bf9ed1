"""Alarms: trouble that is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, delete, exists, insert, select, update

from bot.model import Alarm, DeliveryState, Part
from bot.storage.schema import OPEN, alarms, deliveries, destinations

_ALARM = tuple(each.name for each in fields(Alarm))


class SqlAlarms:
    """``ports.AlarmStore``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Sequence[Alarm]:
        """Oldest first."""
        query = select(alarms).order_by(alarms.c.raised_at, alarms.c.part, alarms.c.subject, alarms.c.cause)
        return [Alarm(**{**row._mapping, "part": Part(row.part)}) for row in self._connection.execute(query)]

    def put(self, alarm: Alarm) -> None:
        """Write an alarm in place of the one with its identity."""
        self.remove(alarm)
        self._connection.execute(insert(alarms), {name: getattr(alarm, name) for name in _ALARM})

    def remove(self, alarm: Alarm) -> None:
        self._connection.execute(
            delete(alarms).where(
                alarms.c.part == alarm.part.value,
                alarms.c.subject == alarm.subject,
                alarms.c.cause == alarm.cause,
            )
        )

    def take_back(self, channel: str, note: str) -> int:
        """Take alarms for untold that wait in a disabled channel, and in no other; their messages expire.

        A message tells the alarms that were told at the moment when it was composed.
        """
        elsewhere = deliveries.alias("elsewhere")
        told_elsewhere = exists().where(
            elsewhere.c.kind == "alarm",
            elsewhere.c.created_at == deliveries.c.created_at,
            elsewhere.c.channel != channel,
            elsewhere.c.state.not_in((DeliveryState.DEAD.value, DeliveryState.EXPIRED.value)),
            elsewhere.c.channel.not_in(
                select(destinations.c.channel).where(destinations.c.disabled_at.is_not(None))
            ),
        )
        waiting = select(deliveries.c.key, deliveries.c.created_at).where(
            deliveries.c.channel == channel, OPEN, deliveries.c.kind == "alarm", ~told_elsewhere
        )
        count = 0
        for row in self._connection.execute(waiting).all():
            untold = update(alarms).where(alarms.c.told_at == row.created_at, alarms.c.over_at.is_(None))
            taken_back = self._connection.execute(untold.values(told_at=None)).rowcount
            if taken_back:
                expired = update(deliveries).where(deliveries.c.key == row.key)
                self._connection.execute(expired.values(state=DeliveryState.EXPIRED.value, note=note))
            count += taken_back
        return count
