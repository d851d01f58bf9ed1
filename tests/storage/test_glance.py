"""Feeds, digests and outbox in numbers, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.model import DeliveryState, DigestGlance, FeedsGlance, FeedState, Subscription
from bot.storage.store import SqlStore
from tests.storage.samples import HOUR, MINUTE, NOW, delivery, feed, telling

DAY = timedelta(days=1)
SICK = ("gone", "down", "held", "mute", "full")


def state(feed_id: str, **changes: object) -> FeedState:
    """Polled well five minutes ago, due in ten."""
    given: dict[str, object] = {
        "feed_id": feed_id,
        "url": f"https://{feed_id}.example/feed.xml",
        "next_poll_at": NOW + 10 * MINUTE,
        "last_polled_at": NOW - 5 * MINUTE,
        "last_new_at": NOW - DAY,
        "last_result": "0 new",
    }
    return FeedState(**given | changes)  # type: ignore[arg-type]


def test_an_empty_database(store: SqlStore) -> None:
    with store.read() as tx:
        assert tx.glance.feeds(NOW, upcoming=3, worst=3) == FeedsGlance()
        assert tx.glance.subscriptions() == []
        assert tx.glance.told_since(NOW) == 0
        assert tx.glance.digest("daily", ["mail"], NOW) is None
        assert tx.glance.outbox() == {}


def test_feeds_are_counted_by_what_is_next_and_what_was_last(store: SqlStore) -> None:
    feeds = [feed("due"), feed("next", title=""), feed("later"), feed("off", enabled=False), feed("left")]
    with store.begin() as tx:
        tx.feeds.sync(feeds, NOW)
        tx.feeds.save(
            [
                state("due", next_poll_at=NOW, last_new_at=NOW - 5 * MINUTE),
                state("next", next_poll_at=NOW + MINUTE, last_polled_at=NOW - 2 * HOUR),
                state("later", last_polled_at=NOW - 3 * DAY),
                state("off", failures=1, failing_since=NOW),
                state("left"),
            ]
        )
        tx.feeds.sync(feeds[:-1], NOW)
    with store.read() as tx:
        found = tx.glance.feeds(NOW, upcoming=3, worst=3)
        assert tx.glance.feeds(NOW, upcoming=1, worst=0).upcoming == found.upcoming[:1]
    assert (found.configured, found.polled, found.due) == (4, 3, 1)
    assert found.upcoming == (
        ("https://next.example/feed.xml", NOW + MINUTE),
        ("Later", NOW + 10 * MINUTE),
    )
    assert found.hour == {"new": 1, "failed": 1}
    assert found.day == {"new": 1, "unchanged": 1, "failed": 1}
    assert (found.troubles, found.worst) == ({}, ()), "what is switched off has no trouble"


def test_feeds_in_trouble_come_worst_first(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed(name) for name in (*SICK, "well")], NOW)
        tx.feeds.save(
            [
                state("gone", disabled="410"),
                state("down", failures=3, failing_since=NOW - DAY, last_result="timeout: none"),
                state("held", failing_since=NOW - 2 * DAY),
                state("mute", trouble="silent", trouble_since=NOW - 9 * DAY),
                state("full", trouble="rolled-over", trouble_since=NOW),
                state("well"),
            ]
        )
    with store.read() as tx:
        found = tx.glance.feeds(NOW, upcoming=0, worst=9)
        assert tx.glance.feeds(NOW, upcoming=0, worst=2).worst == found.worst[:2]
    assert found.troubles == {"gone": 1, "failing": 2, "silent": 1, "rolled-over": 1}
    assert [(each.name, each.trouble) for each in found.worst] == [
        ("Gone", "gone"),
        ("Held", "failing"),
        ("Down", "failing"),
        ("Mute", "silent"),
        ("Full", "rolled-over"),
    ]
    assert (found.worst[0].reason, found.worst[2].reason) == ("410", "timeout: none")
    assert (found.worst[2].since, found.worst[3].since) == (NOW - DAY, NOW - 9 * DAY)


def test_subscriptions_are_those_of_now_and_before(store: SqlStore) -> None:
    with store.begin() as tx:
        tx.feeds.sync([feed("a", tags=("press",)), feed("b")], NOW)
        tx.feeds.sync([feed("a", tags=("press",))], NOW)
        tx.feeds.save([state("a", url="https://moved.example/")])
        first, second = tx.glance.subscriptions()
    assert first == Subscription(
        feed_id="a",
        title="A",
        tags=("press",),
        configured_url="https://a.example/feed.xml",
        configured=True,
        enabled=True,
        url="https://moved.example/",
        last_polled_at=NOW - 5 * MINUTE,
        disabled=None,
    )
    assert (second.feed_id, second.configured, second.last_polled_at) == ("b", False, None)


def test_stories_told_and_the_last_slot_of_a_digest(store: SqlStore) -> None:
    told = [
        telling("s1", origin="daily"),
        telling("s1", origin="daily", channel="chat"),
        telling("s2", origin="daily", channel="chat"),
        telling("s3", origin="daily", revision=0),
        telling("s4", origin="fast"),
        telling("s5", origin="daily", told_at=NOW - DAY),
    ]
    with store.begin() as tx:
        tx.outbox.add((), told)
        tx.outbox.slot("daily", NOW - DAY, NOW - DAY)
        tx.outbox.slot("daily", NOW - HOUR, NOW)
        tx.outbox.slot("daily", NOW + DAY, NOW + DAY)
        assert tx.glance.told_since(NOW - HOUR) == 3
        found = tx.glance.digest("daily", ["mail", "chat"], NOW)
        assert found == DigestGlance(at=NOW - HOUR, taken_at=NOW, stories=2)
        assert tx.glance.digest("daily", ["chat"], NOW - HOUR * 2) == replace(
            found, at=NOW - DAY, taken_at=NOW - DAY, stories=0
        )


def test_the_outbox_by_channel_and_state(store: SqlStore) -> None:
    states = ["pending", "pending", "sending", "sent", "unknown", "dead", "expired"]
    composed = [delivery(f"key-{n}", state=DeliveryState(name)) for n, name in enumerate(states)]
    with store.begin() as tx:
        tx.outbox.add([*composed, delivery("other", channel="chat", state=DeliveryState.DEAD)], ())
        assert tx.glance.outbox() == {
            ("mail", "pending"): 2,
            ("mail", "sending"): 1,
            ("mail", "unknown"): 1,
            ("mail", "dead"): 1,
            ("chat", "dead"): 1,
        }
