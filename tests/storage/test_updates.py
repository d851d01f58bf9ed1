"""Decisions about updates, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import Facts, Telling, UpdateDecision
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW

DECISION = UpdateDecision(
    channel="chat", story_id="s1", at=NOW, revision=1, material=False, reasons=("not news: €1 million",)
)


def record(store: SqlStore, *decided: UpdateDecision) -> int:
    with store.begin() as tx:
        return tx.updates.record(decided)


def test_a_decision_is_written_when_it_changes_and_not_on_each_tick(store: SqlStore) -> None:
    assert record(store, DECISION) == 1
    assert record(store, replace(DECISION, at=NOW + MINUTE)) == 0
    material = replace(DECISION, at=NOW + HOUR, material=True, reasons=("party: Tern",))
    assert record(store, material) == 1
    other = replace(DECISION, channel="mail")
    assert record(store, material, other) == 1
    assert record(store, replace(material, revision=2)) == 1
    with store.read() as tx:
        assert tx.updates.of_story("s1") == [DECISION, material, other, replace(material, revision=2)]
        assert tx.updates.of_story("s2") == []


def test_old_decisions_are_forgotten(store: SqlStore) -> None:
    record(store, DECISION, replace(DECISION, story_id="s2", at=NOW - timedelta(days=9)))
    with store.begin() as tx:
        assert tx.updates.prune(NOW - timedelta(days=1), 9) == 1
        assert tx.updates.of_story("s2") == []
        assert tx.updates.of_story("s1") == [DECISION]


def test_nothing_decided_is_nothing_written(store: SqlStore) -> None:
    assert record(store) == 0


def test_what_a_channel_heard_is_the_last_telling_of_each_story(store: SqlStore) -> None:
    first = Telling(
        channel="chat",
        story_id="s1",
        revision=1,
        told_at=NOW - HOUR,
        origin="daily",
        title="Told",
        sources=1,
        facts=Facts(parties=("Tern",)),
    )
    second = replace(first, revision=2, told_at=NOW)
    noted = replace(first, story_id="s3", revision=0)
    elsewhere = replace(first, story_id="s4", channel="mail")
    old = replace(first, story_id="s5", told_at=NOW - 400 * 24 * HOUR)
    with store.begin() as tx:
        tx.outbox.add((), [first, second, replace(first, story_id="s2"), noted, elsewhere, old])
    with store.read() as tx:
        heard = tx.updates.heard("chat", NOW - 300 * 24 * HOUR, 100)
    assert heard == [second, replace(first, story_id="s2")]
