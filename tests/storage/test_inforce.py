"""What is in force, on both engines."""

from __future__ import annotations

from dataclasses import replace

from bot.model import InForce
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW

DAILY = InForce(part="digest", name="daily", content={"schedule": ["0 7 * * *"], "topics": ["a"]}, since=NOW)
CHAT = InForce(part="channel", name="chat", content={"type": "slack", "fingerprint": "ab"}, since=NOW)
RUN = InForce(part="process", name="run", content={"pid": 7}, since=NOW)
CONFIGURED = ("digest", "channel")


def test_what_changed_is_in_force_since_then_and_the_rest_since_it_was(store: SqlStore) -> None:
    with store.begin() as tx:
        assert tx.in_force.all() == []
        tx.in_force.replace(CONFIGURED, [DAILY, CHAT])
        tx.in_force.replace(["process"], [RUN])
    other = replace(DAILY, content={"schedule": ["0 8 * * *"], "topics": ["a"]}, since=NOW + HOUR)
    with store.begin() as tx:
        tx.in_force.replace(CONFIGURED, [other, replace(CHAT, since=NOW + HOUR)])
        assert tx.in_force.all() == [CHAT, other, RUN]


def test_what_is_not_named_any_more_is_gone_and_other_parts_stay(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.in_force.replace([*CONFIGURED, "process"], [DAILY, CHAT, RUN])
        tx.in_force.replace(CONFIGURED, [CHAT])
        assert tx.in_force.all() == [CHAT, RUN]
        tx.in_force.replace(CONFIGURED, [])
        assert tx.in_force.all() == [RUN]
