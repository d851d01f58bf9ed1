from datetime import timedelta

from bot.model import DeliveryState
from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.pipeline.upkeep import upkeep
from tests.pipeline.conftest import FEED, Bot, entry

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
