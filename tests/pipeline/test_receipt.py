"""A digest's coverage receipt, made from what a bot polled, judged and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import FetchFailed, Receipt, Volume, Window
from bot.pipeline.alert import alert
from bot.pipeline.digest import compose
from bot.pipeline.poll import poll
from bot.pipeline.receipt import covered
from bot.pipeline.triage import triage
from tests.fakes import START
from tests.pipeline.conftest import FEED, Bot, entry
from tests.storage.samples import item, judgement, placement, verdict

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TIMEOUT = FetchFailed(kind="timeout", detail="no answer")


def take_in(bot: Bot, *entries: str) -> None:
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))
    triage(bot.deps)


def fail(bot: Bot) -> None:
    bot.fetcher.answers[FEED.url] = [TIMEOUT]
    list(poll(bot.deps, [FEED.id]))


def receipt(bot: Bot) -> Receipt:
    """Of a digest that is sent now, whatever there is to tell."""
    spec = replace(bot.deps.digests["daily"], send_empty=True)
    assert compose(bot.deps, spec, bot.clock.now()) == 1
    found = bot.channel.digests[-1].receipt
    assert found is not None
    return found


def chip(guid: str, minutes: float = 60, now: datetime = START) -> str:
    """An article on topic, so many minutes old."""
    published = now - timedelta(minutes=minutes)
    title = f"Norvik tapes out chip {guid}"
    return entry(guid, title, "Samples this summer.", f"{published:%a, %d %b %Y %H:%M:%S} GMT")


def test_the_receipt_says_what_was_read_and_what_was_told(bot: Bot) -> None:
    take_in(bot, chip("1"), entry("2", "Rain closes the harbour"))
    found = receipt(bot)
    assert (found.feeds, found.feeds_polled, found.items_read) == (1, 1, 2)
    assert (found.stories_matched, found.stories_told, found.waited) == (1, 1, 0)
    bot.clock.pass_by(DAY)
    again = receipt(bot)
    assert (again.feeds_polled, again.items_read, again.stories_matched, again.stories_told) == (0, 0, 0, 0)


def test_one_poll_that_failed_is_no_failing_feed_and_a_day_of_them_is(bot: Bot) -> None:
    take_in(bot, chip("1"))
    bot.clock.pass_by(23 * HOUR)
    fail(bot)
    assert receipt(bot).feeds_failing == ()
    bot.clock.pass_by(25 * HOUR)
    fail(bot)
    assert [feed.name for feed in receipt(bot).feeds_failing] == ["Harbor Wire"]


def test_the_receipt_says_how_long_items_waited_once_there_are_enough(bot: Bot) -> None:
    take_in(bot, chip("0", 30))
    assert receipt(bot).latency is None
    bot.clock.pass_by(DAY)
    now = bot.clock.now()
    take_in(bot, *(chip(f"new {number}", number + 0.5, now) for number in range(1, 21)))
    latency = receipt(bot).latency
    assert latency is not None
    assert (latency.items, latency.half, latency.most) == (20, timedelta(minutes=11), timedelta(minutes=20))


def test_the_receipt_says_which_stories_an_alert_had_left_for_the_digest(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    bot.deps = replace(bot.deps, alerts=(replace(rule, budget=1),))
    texts = ("Ostren buys a chip designer", "A chip fab floods in Holm", "Fjell accelerator slips a year")
    published = f"{START - HOUR:%a, %d %b %Y %H:%M:%S} GMT"
    take_in(bot, *(entry(text[:3], text, "", published) for text in texts))
    assert alert(bot.deps) == 1
    found = receipt(bot)
    assert (found.stories_matched, found.stories_told, found.waited) == (3, 2, 2)


def test_feeds_that_ran_over_and_hours_without_a_poll_are_told_of(bot: Bot) -> None:
    take_in(bot, *(chip(f"old {number}") for number in range(3)))
    receipt(bot)
    bot.clock.pass_by(DAY)
    due = state(bot)
    take_in(bot, *(chip(f"new {number}", 60, bot.clock.now()) for number in range(3)))
    found = receipt(bot)
    assert [feed.feed_id for feed in found.feeds_rolled_over] == [FEED.id]
    assert found.pauses == (Window(start=due, end=bot.clock.now()),)
    bot.clock.pass_by(HOUR)
    take_in(bot, *(chip(f"new {number}", 60, bot.clock.now()) for number in range(3)))
    bot.clock.pass_by(HOUR)
    assert receipt(bot).pauses == ()


def state(bot: Bot) -> datetime:
    """When the feed is due."""
    with bot.store.read() as tx:
        return tx.feeds.states()[FEED.id].next_poll_at


# ── volume ───────────────────────────────────────────────────────────────────────────────────────


def happen(
    bot: Bot, day: int, stories: int, *, feed_id: str = FEED.id, version: str = "", topic: str = "chips"
) -> None:
    """So many stories on topic that day, all of them told of once."""
    at = START + day * DAY - HOUR
    ids = [f"{feed_id}-{day:02}-{number:02}" for number in range(stories)]
    found = [item(item_id, feed_id=feed_id, seen_at=at, published=at, keys=(item_id,)) for item_id in ids]
    version = version or bot.deps.judge.profiles[0].version
    with bot.store.begin() as tx:
        tx.items.add(found)
        tx.stories.place([placement(each, f"story of {each}") for each in ids], at)
        tx.items.judge([judgement(each, verdict(each, topic, profile_version=version)) for each in ids], at)


def volumes(bot: Bot, day: int) -> Sequence[Volume]:
    spec, end = bot.deps.digests["daily"], START + day * DAY
    with bot.store.read() as tx:
        return covered(bot.deps, tx, spec, Window(start=end - DAY, end=end)).volumes


def test_a_topic_in_far_more_stories_than_usual_is_told_of(bot: Bot) -> None:
    for day in range(1, 29):
        happen(bot, day, 2)
    happen(bot, 29, 14)
    assert volumes(bot, 28) == ()
    spike = Volume(topic_id="chips", topic="Chips", stories=14, usual=2)
    assert volumes(bot, 29) == (spike,)
    bot.clock.at = START + 29 * DAY
    receipt(bot)
    assert bot.channel.digests[-1].volumes == (spike,)


def test_it_is_no_spike_when_the_topic_is_judged_otherwise_than_before(bot: Bot) -> None:
    for day in range(1, 29):
        happen(bot, day, 2, version="an earlier one")
    happen(bot, 29, 14)
    assert volumes(bot, 29) == ()


def test_it_is_no_spike_when_a_feed_was_added(bot: Bot) -> None:
    for day in range(1, 29):
        happen(bot, day, 2)
    happen(bot, 29, 2)
    happen(bot, 29, 14, feed_id="added")
    assert len(volumes(bot, 29)) == 1
    with bot.store.begin() as tx:
        tx.feeds.sync([FEED, replace(FEED, id="added")], START + 20 * DAY)
    assert volumes(bot, 29) == ()


def test_a_topic_that_was_quiet_for_weeks_may_be_told_of_too(bot: Bot) -> None:
    happen(bot, 1, 1, topic="rain")
    with bot.store.begin() as tx:
        quiet = verdict(f"{FEED.id}-01-00", "chips", matched=False)
        version = bot.deps.judge.profiles[0].version
        of_both = [replace(quiet, topic_id="rain"), replace(quiet, profile_version=version)]
        tx.items.judge([judgement(quiet.item_id, *of_both)], START)
    happen(bot, 29, 14)
    (volume,) = volumes(bot, 29)
    assert (volume.stories, volume.usual) == (14, 0)
