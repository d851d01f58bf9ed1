from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta

from bot.core.lexicon import Document, Lexicon
from bot.model import AlertRule, Sent, Span
from bot.pipeline.alert import Reason, alert, why_alerted
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Deps
from tests.pipeline.conftest import FEED, Bot, entry
from tests.pipeline.test_digest import CHIP, DEAL, RAIN, daily, take_in, told


def test_an_alert_goes_out_at_once_and_the_digest_does_not_repeat_it(bot: Bot) -> None:
    take_in(bot, CHIP, RAIN)
    assert alert(bot.deps) == 1
    assert alert(bot.deps) == 0
    assert daily(bot) == 0
    (digest,) = bot.channel.digests
    assert (digest.kind, digest.name, digest.title) == ("alert", "now", "Chips")


def test_old_news_is_left_to_the_digest(bot: Bot) -> None:
    take_in(bot, CHIP)
    old = entry("9", "Havnor shows its own chip", published="Mon, 15 Jun 2026 05:00:00 GMT")
    bot.clock.pass_by(timedelta(hours=1))
    take_in(bot, CHIP, old)
    assert alert(bot.deps) == 1
    assert daily(bot) == 1
    assert told(bot)[1] == "Havnor shows its own chip"


def test_what_was_there_before_the_first_poll_is_never_told(bot: Bot) -> None:
    take_in(bot, entry("9", "Havnor shows its own chip", published="Fri, 12 Jun 2026 05:00:00 GMT"))
    assert alert(bot.deps) == 0
    assert daily(bot) == 0


HALDEN = entry("4", "Halden cancels its training silicon", "The team of 90 moves on.")


def ruled(bot: Bot, *, digests: bool = True, **changes: object) -> Deps:
    """The bot with its rule changed, with or without digests."""
    (rule,) = bot.deps.alerts
    rules = (replace(rule, **changes),)  # type: ignore[arg-type]
    return replace(bot.deps, alerts=rules, digests=bot.deps.digests if digests else {})


def reasons(deps: Deps, number: int) -> list[Reason]:
    """What the rules make of the story of the item with that guid."""
    with deps.store.read() as tx:
        item = tx.items.get(f"https://harbor.example/{number}")
        assert item
        placement = tx.stories.placement(item.id)
        assert placement
        story = tx.stories.get(placement.story_id)
        assert story
        return list(why_alerted(deps, tx, story))


def test_beyond_its_budget_an_alert_says_how_many_wait_for_the_digest(bot: Bot) -> None:
    deps = ruled(bot, budget=1)
    take_in(bot, CHIP, DEAL, HALDEN)
    assert alert(deps) == 1
    receipt = bot.channel.digests[0].receipt
    assert receipt is not None
    assert receipt.held_back == 2
    bot.clock.pass_by(timedelta(hours=2))
    assert alert(deps) == 0
    assert daily(bot) == 1
    assert len(bot.channel.digests[-1].stories) == 2


def test_where_no_digest_follows_the_rest_comes_with_the_next_budget(bot: Bot) -> None:
    deps = ruled(bot, digests=False, budget=1, max_age=timedelta(hours=2))
    take_in(bot, CHIP, DEAL, HALDEN)
    counts = []
    for _ in range(6):
        counts.append(alert(deps))
        bot.clock.pass_by(timedelta(hours=1))
    assert counts == [1, 1, 1, 0, 0, 0]
    assert len(told(bot)) == len(set(told(bot))) == 3


def test_two_rules_share_the_budget_of_a_topic_and_a_channel(bot: Bot) -> None:
    deps = ruled(bot, budget=1)
    (rule,) = deps.alerts
    deps = replace(deps, alerts=(rule, replace(rule, name="also", budget=2)))
    take_in(bot, CHIP, DEAL, HALDEN)
    assert alert(deps) == 1
    deps = replace(deps, digests={})
    assert alert(deps) == 1
    assert alert(deps) == 0


def test_quiet_hours_batch_and_what_a_digest_told_in_them_is_not_repeated(bot: Bot) -> None:
    deps = ruled(bot, quiet=(time(6), time(9)), max_age=timedelta(minutes=90))
    take_in(bot, CHIP)
    assert alert(deps) == 0
    assert reasons(deps, 1)[0].text == "waits: it is quiet until 2026-06-16 09:00 UTC"
    assert daily(bot) == 1
    more = (
        entry("11", "Tarsis doubles its accelerator order", "The plant in Molde delivers."),
        entry("12", "Quell Labs hires the silicon head of Brevik"),
    )
    take_in(bot, CHIP, DEAL, HALDEN, *more)
    bot.clock.pass_by(timedelta(hours=2))
    assert alert(deps) == 1
    batch = bot.channel.digests[-1]
    assert (batch.kind, len(batch.stories)) == ("alert", 4)
    assert alert(deps) == 0
    assert daily(bot) == 0


def test_a_killed_bot_goes_on_after_its_quiet_hours(bot: Bot) -> None:
    """Nothing of the night is kept in memory: whoever looks in the morning finds it."""
    take_in(bot, CHIP)
    bot.clock.pass_by(timedelta(hours=8))
    assert alert(ruled(bot, quiet=(time(6), time(14)), max_age=timedelta(hours=2))) == 1


def test_what_was_just_judged_is_told_without_a_look_at_the_day_before(bot: Bot) -> None:
    take_in(bot, CHIP)
    bot.clock.pass_by(timedelta(hours=1))
    began = bot.clock.now()
    take_in(bot, CHIP, DEAL)
    assert alert(bot.deps, since=began) == 1
    assert told(bot) == ["Ostren takes over a chip designer"]
    # What nobody told when it was judged is seen by a look at all.
    assert alert(bot.deps) == 1
    assert told(bot)[1] == "Norvik tapes out its Fjell accelerator"


def test_what_waits_for_the_budget_is_told_without_a_look_at_the_day_before(bot: Bot) -> None:
    deps = ruled(bot, digests=False, budget=1)
    take_in(bot, CHIP, DEAL)
    assert alert(deps, since=bot.clock.now()) == 1
    bot.clock.pass_by(timedelta(minutes=61))
    assert alert(deps, since=bot.clock.now()) == 1
    assert len(told(bot)) == 2


def test_an_update_knows_where_its_thread_begins(bot: Bot) -> None:
    bot.channel.answer = lambda _key: Sent(receipt="message 17")
    take_in(bot, DEAL)
    assert alert(bot.deps) == 1
    deliver(bot.deps)
    bot.clock.pass_by(timedelta(minutes=30))
    news = entry("5", "Ostren takes over a chip designer for more", "The price is $450 million, says Ostren.")
    take_in(bot, DEAL, news)
    assert alert(bot.deps) == 1
    first, update = bot.channel.digests
    assert [story.status for story in update.stories] == ["UPDATED"]
    assert (dict(first.thread), dict(update.thread)) == ({}, {"team": "message 17"})


def test_feeds_have_tags_and_texts_have_words(bot: Bot) -> None:
    take_in(bot, CHIP, DEAL)
    assert alert(ruled(bot, tags=("primary",))) == 0
    assert alert(ruled(bot, keywords="designer NOT fjell")) == 1
    assert told(bot) == ["Ostren takes over a chip designer"]
    tagged = replace(FEED, tags=("primary",))
    with bot.store.begin() as tx:
        tx.feeds.sync([tagged], bot.clock.now())
    assert alert(ruled(bot, tags=("primary", "wire"))) == 1


def test_why_is_told_for_each_rule_and_channel(bot: Bot) -> None:
    take_in(bot, CHIP)
    (rule,) = bot.deps.alerts
    other = AlertRule(name="other", topics=("chips",), channels=("chat",), keywords="potato")
    deps = replace(bot.deps, alerts=(rule, other))
    assert [each.text for each in reasons(deps, 1)] == [
        "goes out with the next alerts",
        "no alert: no article matches the keywords potato",
    ]
    alert(deps)
    assert {(each.rule, each.text.partition(" on ")[0]) for each in reasons(deps, 1)} == {
        ("now", "alerted"),
        ("other", "told before, by now,"),
    }


def test_a_rule_takes_its_score_into_account(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    take_in(bot, CHIP)
    assert alert(replace(bot.deps, alerts=(replace(rule, min_score=1.0),))) == 0
    assert alert(bot.deps) == 1


class Counting(Lexicon):
    """Counts the texts that it is asked about."""

    asked = 0

    def find(self, text: Document) -> Mapping[str, tuple[Span, ...]]:
        self.asked += 1
        return super().find(text)


def test_a_story_is_read_once_however_many_rules_and_channels_there_are(bot: Bot) -> None:
    take_in(bot, CHIP, DEAL)
    assert alert(bot.deps) == 2
    lexicon = Counting(())
    judge = replace(bot.deps.judge, lexicon=lexicon)
    deps = replace(bot.deps, judging=lambda: judge)
    (rule,) = deps.alerts
    assert alert(deps) == 0
    once = lexicon.asked
    assert alert(replace(deps, alerts=tuple(replace(rule, name=name) for name in "abc"))) == 0
    assert once > 0
    assert lexicon.asked == 2 * once
