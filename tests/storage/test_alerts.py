from __future__ import annotations

from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, telling


def test_what_rules_told_a_channel_lately(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.outbox.add(
            [],
            [
                telling("s1", told_at=NOW, origin="urgent"),
                telling("s2", told_at=NOW + HOUR, origin="urgent"),
                telling("s3", told_at=NOW + MINUTE, origin="deals"),
                telling("s4", told_at=NOW + HOUR, origin="morning"),
                telling("s5", told_at=NOW + HOUR, origin="urgent", channel="chat"),
                telling("s6", told_at=NOW + HOUR, origin="urgent", revision=0),
            ],
        )
        told = tx.alerts.told_since("mail", ["urgent", "deals"], NOW)
        assert [each.story_id for each in told] == ["s3", "s2"]
        assert tx.alerts.told_since("mail", [], NOW) == []


def test_notes_of_what_waits_are_no_tellings(store: SqlStore) -> None:
    first = telling("s1", told_at=NOW, origin="urgent", revision=1)
    news = telling("s1", told_at=NOW + HOUR, origin="urgent", revision=-1)
    unknown = telling("s2", told_at=NOW + MINUTE, origin="urgent", revision=0)
    with store.begin() as tx:
        tx.outbox.add([], [first, news, unknown])
        assert tx.alerts.waiting("mail", ["urgent"], NOW - HOUR) == [unknown, news]
        assert tx.alerts.waiting("mail", ["urgent"], NOW + MINUTE) == [news]
        assert tx.alerts.waiting("mail", ["deals"], NOW - HOUR) == []
        assert tx.outbox.told("mail", ["s1", "s2"]) == {"s1": first}
