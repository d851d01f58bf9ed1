"""What is old goes a few rows at a time."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Notice
from bot.storage.store import SqlStore
from tests.storage.samples import NOW

DAY = timedelta(days=1)


def test_the_oldest_go_first_and_no_more_than_asked_for(store: SqlStore) -> None:
    made = [
        Notice(feed_id="wire", kind="failing", text=str(age), at=NOW - age * DAY) for age in (5, 9, 1, 7, 3)
    ]
    with store.begin() as tx:
        tx.feeds.note(made)
        assert tx.feeds.forget_notices(NOW - 2 * DAY, 3) == 3
        assert [each.text for each in tx.feeds.notices(NOW - 99 * DAY)] == ["3", "1"]
        assert tx.feeds.forget_notices(NOW - 2 * DAY, 3) == 1
        assert tx.feeds.forget_notices(NOW - 2 * DAY, 3) == 0
        assert [each.text for each in tx.feeds.notices(NOW - 99 * DAY)] == ["1"]
