"""Unsubscriptions on both engines."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Unsubscription
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW

ANN = Unsubscription(channel="mail", address="ann@example.org", at=NOW)


def test_a_wish_is_remembered_once_and_taken_back(store: SqlStore) -> None:
    bob = replace(ANN, address="bob@example.org", at=NOW + HOUR)
    other = replace(ANN, channel="weekly", at=NOW + 2 * HOUR)
    with store.begin() as tx:
        assert [tx.unsubscriptions.add(each) for each in (ANN, bob, other)] == [True] * 3
        assert not tx.unsubscriptions.add(replace(ANN, at=NOW + 9 * HOUR))
        assert tx.unsubscriptions.all() == [other, bob, ANN]
        assert tx.unsubscriptions.addresses("mail") == {"ann@example.org", "bob@example.org"}
        assert tx.unsubscriptions.addresses("nothing") == frozenset()
        assert tx.unsubscriptions.remove("ann@example.org", "mail") == 1
        assert tx.unsubscriptions.all() == [other, bob]
        tx.unsubscriptions.add(ANN)
        assert tx.unsubscriptions.remove("ann@example.org") == 2
        assert tx.unsubscriptions.remove("ann@example.org") == 0
        assert tx.unsubscriptions.all() == [bob]
