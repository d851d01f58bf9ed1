"""Alarms on both engines."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Alarm
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, NOW

ALARM = Alarm(channel="chat", cause="disabled", text="“chat” is out", raised_at=NOW)


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
