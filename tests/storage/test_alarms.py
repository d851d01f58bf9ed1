"""Alarms on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.model import Alarm, DeliveryState, Part
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW, delivery

ALARM = Alarm(part=Part.CHANNEL, subject="chat", cause="disabled", text="“chat” is out", raised_at=NOW)


def test_an_alarm_a_channel_and_cause_oldest_first(store: SqlStore) -> None:
    other = replace(ALARM, cause="given up", raised_at=NOW - HOUR, told_at=NOW, over_at=NOW)
    told = replace(ALARM, told_at=NOW + HOUR)
    with store.begin() as tx:
        assert tx.alarms.all() == []
        for each in (ALARM, other, told):
            tx.alarms.put(each)
        assert tx.alarms.all() == [other, told]
        tx.alarms.remove(ALARM)
        tx.alarms.remove(ALARM)
        assert tx.alarms.all() == [other]


@pytest.mark.parametrize(
    ("beside", "disabled", "expected"),
    [([], [], None), (["pager"], [], NOW), (["pager"], ["pager"], None), (["dead"], [], None)],
)
def test_what_waits_in_a_disabled_channel_alone_is_taken_back(
    store: SqlStore, beside: list[str], disabled: list[str], expected: datetime | None
) -> None:
    message: dict[str, Any] = {"kind": "alarm", "stories": ()}
    composed = [delivery("by mail", **message), delivery("a digest", stories=())]
    for channel in beside:
        state = DeliveryState.DEAD if channel == "dead" else DeliveryState.SENT
        composed.append(delivery(f"by {channel}", channel=channel, state=state, **message))
    with store.begin() as tx:
        tx.alarms.put(replace(ALARM, told_at=NOW))
        tx.outbox.add(composed, ())
        for channel in disabled:
            tx.queue.disable(channel, NOW, "404", "print")
        assert tx.alarms.take_back("mail", "elsewhere") == (expected is None)
        assert [alarm.told_at for alarm in tx.alarms.all()] == [expected]
        expired = tx.outbox.deliveries(state=DeliveryState.EXPIRED, limit=9)
        assert [each.key for each in expired] == ["by mail"] * (expected is None)
