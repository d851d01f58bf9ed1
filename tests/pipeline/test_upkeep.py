import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import DeliveryState, Notice
from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Retention
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.pipeline.upkeep import upkeep
from tests.pipeline.conftest import FEED, Bot, entry
from tests.storage.promise import broken

TEXT = "Norvik has sent its first accelerator chip to the foundry."


def watch(bot: Bot) -> int:
    """One round; returns how many messages were sent."""
    list(poll(bot.deps, [FEED.id]))
    triage(bot.deps)
    alert(bot.deps)
    return len(deliver(bot.deps))


def test_what_is_old_loses_its_text_and_is_still_known_and_not_told_again(bot: Bot) -> None:
    bot.publish(entry("1", "Norvik tapes out its chip", TEXT))
    assert watch(bot) == 1
    bot.clock.pass_by(timedelta(days=91))
    assert upkeep(bot.deps) == (1, 1)
    assert upkeep(bot.deps) == (0, 0)

    bot.publish(entry("1", "Norvik tapes out its chip", TEXT), entry("2", "Rain in Ostren", "It rained."))
    assert watch(bot) == 0
    with bot.store.read() as tx:
        found = {
            item.title: item.summary for item, _ in tx.items.search(topic=None, since=None, words=(), limit=9)
        }
        assert found == {"Norvik tapes out its chip": "", "Rain in Ostren": "It rained."}
        assert tx.outbox.deliveries(state=DeliveryState.SENT, limit=9) == []


def test_what_is_young_or_waits_is_kept(bot: Bot) -> None:
    bot.publish(entry("1", "Norvik tapes out its chip", TEXT))
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(timedelta(days=91))
    assert upkeep(bot.deps) == (0, 0)  # not judged yet
    triage(bot.deps)
    bot.clock.pass_by(-timedelta(days=10))
    assert upkeep(bot.deps) == (0, 0)


def test_a_feed_that_was_polled_by_a_wrong_clock_is_polled_again_when_that_is_right(bot: Bot) -> None:
    bot.publish(entry("1", "Norvik tapes out its chip", TEXT))
    bot.clock.pass_by(timedelta(days=365))
    list(poll(bot.deps, [FEED.id]))
    bot.clock.pass_by(-timedelta(days=365))
    assert list(poll(bot.deps)) == []
    upkeep(bot.deps)
    assert [report.feed.id for report in poll(bot.deps)] == [FEED.id]


def test_much_is_forgotten_in_small_steps_between_which_others_write(bot: Bot) -> None:
    bot.publish(*(entry(str(number), f"Norvik tapes out chip {number}", TEXT) for number in range(600)))
    list(poll(bot.deps, [FEED.id]))
    while triage(bot.deps).items:
        pass
    bot.clock.pass_by(timedelta(days=91))
    bot.publish(entry("new", "Rain in Ostren", "It rained."))
    polled, done = [0], threading.Event()

    def go_on() -> None:
        while not done.is_set():
            polled[0] += len(list(poll(bot.deps, [FEED.id])))

    polls = threading.Thread(target=go_on)
    polls.start()
    assert upkeep(replace(bot.deps, stopping=lambda: True)) == (0, 0), "asked to stop it takes nothing new"
    before = polled[0]
    assert upkeep(bot.deps)[0] == 600
    done.set()
    polls.join()
    assert polled[0] > before


@pytest.mark.slow
def test_a_year_grows_by_no_more_than_retention_promises(bot: Bot, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'chipwatch.db'}"
    week = timedelta(days=7)
    deps = replace(bot.deps, retention=Retention(items=week, deliveries=week))

    def promises() -> list[str]:
        return [*broken(url, bot.clock.now(), texts=week, messages=week)]

    for month in range(8):
        titles = [f"Norvik tapes out chip {month}-{number}" for number in range(9)]
        bot.publish(*(entry(title, title, f"{title}. {TEXT} " * 100) for title in titles))
        watch(bot)
        if month % 2 == 0:
            upkeep(deps)
            assert promises() == []
        bot.clock.pass_by(timedelta(days=30))
    assert any("items have texts that are too old" in each for each in promises())


def test_what_was_noticed_of_feeds_and_taken_for_digests_is_forgotten(bot: Bot) -> None:
    long_ago, lately = bot.clock.now(), bot.clock.now() + timedelta(days=80)
    with bot.store.begin() as tx:
        for at in (long_ago, lately):
            tx.feeds.note([Notice(feed_id=FEED.id, kind="failing", text="for a day", at=at)])
            tx.outbox.slot("daily", at, at)
    bot.clock.pass_by(timedelta(days=95))
    upkeep(bot.deps)
    with bot.store.begin() as tx:
        assert [notice.at for notice in tx.feeds.notices(long_ago - timedelta(days=1))] == [lately]
        assert not tx.outbox.slot("daily", lately, lately)
        assert tx.outbox.slot("daily", long_ago, long_ago), "it was forgotten"
