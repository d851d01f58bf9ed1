"""Transactions: all or nothing, and errors in the words of the user."""

from __future__ import annotations

from bot.storage.store import SqlStore


def test_ping(store: SqlStore) -> None:
    store.ping()
