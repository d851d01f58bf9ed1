"""Forget the oldest rows of a table, a few at a time: who writes beside waits for a few, not for all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, select


def forget(
    connection: Connection,
    table: Table,
    age: Column[datetime],
    before: datetime,
    limit: int,
    *conditions: ColumnElement[bool],
) -> int:
    """Delete up to ``limit`` rows that are older; returns how many. ``age`` should have an index."""
    position = table.c.position
    oldest = select(position).where(age < before, *conditions).order_by(age, position).limit(limit)
    return connection.execute(delete(table).where(position.in_(oldest))).rowcount
