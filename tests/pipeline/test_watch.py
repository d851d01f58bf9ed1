"""What the watch finds on a whole bot: the disk, our network, topics; each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.alarms import Over
from bot.model import Alarm, Feed, FeedState, Item, Judgement, Room
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Deps
from bot.pipeline.drift import drifts
from bot.pipeline.triage import judge_item
from bot.pipeline.watch import watch, watch_topics
from tests.pipeline.conftest import Bot
from tests.pipeline.test_alarm import texts
from tests.pipeline.test_drift import CHIP, NEARLY, RAIN, judged

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GIGA = 10**9


def watched(deps: Deps) -> list[tuple[str, str]]:
    return [(type(each).__name__, each.cause) for each in watch(deps)]


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────


def with_room(bot: Bot, free: int) -> Deps:
    return replace(bot.deps, rooms=lambda: [Room(folder="/data", free=free)], least_free=GIGA)


def test_a_disk_that_fills_up_is_told_once_and_once_that_there_is_room(bot: Bot) -> None:
    assert watched(with_room(bot, 2 * GIGA)) == []
    full = with_room(bot, 9 * GIGA // 10)
    assert watched(full) == [("Alarm", "almost full")]
    assert watched(full) == []
    assert watched(with_room(bot, GIGA)) == [], "a little above the bound is not yet room"
    deliver(full)
    assert watched(with_room(bot, 2 * GIGA)) == [("Over", "almost full")]
    bot.clock.pass_by(HOUR)
    deliver(full)
    assert [text[:17] for text in texts(bot.channel)] == ["Only 900.0 MB are", "There is room aga"]


def test_a_folder_that_nothing_is_written_to_any_more_is_forgotten(bot: Bot) -> None:
    watched(with_room(bot, 0))
    deliver(bot.deps)
    assert [type(each) for each in watch(replace(bot.deps, rooms=tuple))] == [Over]
    bot.clock.pass_by(HOUR)
    deliver(bot.deps)
    assert len(texts(bot.channel)) == 1
    with bot.store.read() as tx:
        assert tx.alarms.all() == []


# ── our network ──────────────────────────────────────────────────────────────────────────────────


def failing(bot: Bot, count: int, of: int) -> Deps:
    """A bot with so many feeds, of which the first ones have failed for two hours."""
    now = bot.clock.now()
    feeds = [Feed(id=f"f{n:02}", url=f"https://f{n}.example/rss") for n in range(of)]
    with bot.store.begin() as tx:
        tx.feeds.sync(feeds, now)
        tx.feeds.save(
            [
                FeedState(
                    feed_id=feed.id,
                    url=feed.url,
                    next_poll_at=now,
                    last_polled_at=now,
                    failing_since=now - 2 * HOUR if number < count else None,
                )
                for number, feed in enumerate(feeds)
            ]
        )
    return replace(bot.deps, feeds={feed.id: feed for feed in feeds})


def test_when_most_feeds_fail_our_own_network_is_told_of_once(bot: Bot) -> None:
    assert watched(failing(bot, 4, of=10)) == []
    deps = failing(bot, 9, of=10)
    assert watched(deps) == [("Alarm", "most failing")]
    assert watched(deps) == []
    deliver(deps)
    (told,) = texts(bot.channel)
    assert told.startswith("9 of 10 feeds can't be read")
    assert watched(failing(bot, 1, of=10)) == [("Over", "most failing")]
    bot.clock.pass_by(HOUR)
    deliver(deps)
    assert texts(bot.channel)[1:] == ["Most feeds can be read again: 1 of 10 fail."]


# ── topics ───────────────────────────────────────────────────────────────────────────────────────


def add(bot: Bot, *titles: str) -> None:
    now = bot.clock.now()
    items = [
        Item(
            id=f"{now:%m%d%H%M}{number:04}",
            feed_id="harbor",
            url="",
            canonical_url="",
            title=title,
            seen_at=now,
            content_hash="x",
        )
        for number, title in enumerate(titles)
    ]
    with bot.store.begin() as tx:
        tx.items.add(items)
        verdicts = [
            Judgement(item_id=item.id, content_hash="x", verdicts=judge_item(bot.deps.judge, item))
            for item in items
        ]
        tx.items.judge(verdicts, now)


def days(bot: Bot, count: int, *titles: str) -> list[str]:
    """So many days with these items each; gives what was told on them."""
    before = len(texts(bot.channel))
    for _ in range(count):
        add(bot, *titles)
        watch_topics(bot.deps, drifts(bot.deps))
        deliver(bot.deps)
        bot.clock.pass_by(DAY / 2)
        deliver(bot.deps)
        bot.clock.pass_by(DAY / 2)
    return texts(bot.channel)[before:]


def test_a_topic_without_items_is_told_once_and_once_that_it_has_some_again(bot: Bot) -> None:
    assert days(bot, 10, CHIP, RAIN) == []
    assert days(bot, 6, RAIN) == []
    (silent,) = days(bot, 20, RAIN)
    assert silent.startswith("Topic “Chips”: no item has matched since 2026-06-25 07:00 UTC")
    assert days(bot, 5, RAIN, CHIP) == ["Topic “Chips” has items again."]


def test_a_topic_is_not_silent_because_nothing_at_all_came_in(bot: Bot) -> None:
    days(bot, 10, CHIP, RAIN)
    assert days(bot, 30) == [], "down, or without a network"
    assert days(bot, 5, RAIN) == []
    assert len(days(bot, 5, RAIN)) == 1


def test_drift_is_told_once_whatever_restarts_between(bot: Bot) -> None:
    judged(bot, 10, (RAIN, RAIN, CHIP))
    judged(bot, 7, (RAIN, NEARLY, NEARLY))
    found = watch_topics(bot.deps, drifts(bot.deps))
    assert {("topic", "drift scores"), ("topic", "drift words")} <= {
        (each.part.value, each.cause) for each in found if isinstance(each, Alarm)
    }
    assert watch_topics(bot.deps, drifts(bot.deps)) == ()
    bot.clock.pass_by(HOUR)
    deliver(bot.deps)
    assert all(text.startswith("Topic “Chips”: ") for text in texts(bot.channel))
    assert len(texts(bot.channel)) == len([each for each in found if isinstance(each, Alarm)])


@pytest.mark.parametrize("free", [0, 2 * GIGA])
def test_nothing_is_written_while_all_is_as_it_was(bot: Bot, free: int) -> None:
    """Another writer holds the database: a look that has nothing to say does not wait for it."""
    deps = with_room(bot, free)
    watch(deps)
    with bot.store.begin():
        assert watch(deps) == ()
