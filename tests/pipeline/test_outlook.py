"""What becomes of a story, by everybody who watches its topics, on a bot that really ran."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from bot.model import Becomes, Outlook, Story, Unsubscription
from bot.pipeline.alert import alert
from bot.pipeline.deps import Deps
from bot.pipeline.outlook import next_time, outlooks
from tests.pipeline.conftest import Bot, entry
from tests.pipeline.test_digest import CHIP, DEAL, RAIN, daily, take_in


def story_of(bot: Bot, number: int) -> Story:
    with bot.store.read() as tx:
        item = tx.items.get(f"https://harbor.example/{number}")
        assert item
        placement = tx.stories.placement(item.id)
        assert placement
        story = tx.stories.get(placement.story_id)
        assert story
        return story


def seen(bot: Bot, number: int, deps: Deps | None = None) -> list[Outlook]:
    """By rule and digest, in this order."""
    story = story_of(bot, number)
    with bot.store.read() as tx:
        return list(outlooks(deps or bot.deps, tx, story))


def test_each_rule_and_digest_has_its_line_before_and_after_a_telling(bot: Bot) -> None:
    take_in(bot, CHIP, RAIN)
    assert [(each.kind, each.origin, each.channel, each.becomes) for each in seen(bot, 1)] == [
        ("alert", "now", "chat", Becomes.WAITS),
        ("digest", "daily", "chat", Becomes.WAITS),
    ]
    assert alert(bot.deps) == 1
    told, not_told = seen(bot, 1)
    assert (told.becomes, told.at) == (Becomes.TOLD, bot.clock.now())
    assert not_told.becomes is Becomes.NOT
    assert not_told.text == "told by now on 2026-06-16 07:00 UTC; nothing material is new since"


def test_what_matches_nothing_is_watched_by_nobody(bot: Bot) -> None:
    take_in(bot, CHIP, RAIN)
    assert seen(bot, 3) == []


def test_what_it_says_of_the_next_digest_is_what_the_digest_does(bot: Bot) -> None:
    deps = replace(bot.deps, alerts=())
    take_in(bot, CHIP, DEAL)
    places = {number: seen(bot, number, deps)[0] for number in (1, 2)}
    assert all(each.becomes is Becomes.WAITS for each in places.values())
    assert daily(bot) == 1
    (digest,) = bot.channel.digests
    order = [story.id for story in digest.stories]
    for number, each in places.items():
        assert f"number {order.index(story_of(bot, number).id) + 1} of 2" in each.text
        assert [after.becomes for after in seen(bot, number, deps)] == [Becomes.TOLD]


def test_a_slot_that_has_come_is_the_next_one(bot: Bot) -> None:
    deps, spec = bot.deps, bot.deps.digests["daily"]
    slot = bot.clock.now() + timedelta(hours=1)
    with bot.store.begin() as tx:
        tx.outbox.slot("daily", bot.clock.now(), bot.clock.now())
        assert next_time(deps, tx, spec) == slot
        bot.clock.pass_by(timedelta(hours=2))
        assert next_time(deps, tx, spec) == slot
        tx.outbox.slot("daily", slot, bot.clock.now())
        assert next_time(deps, tx, spec) == slot + timedelta(days=1)


def test_what_came_long_before_is_not_looked_at_any_more(bot: Bot) -> None:
    take_in(bot, CHIP)
    bot.clock.pass_by(timedelta(days=20))
    with bot.store.begin() as tx:
        tx.outbox.slot("daily", bot.clock.now(), bot.clock.now())
    assert daily(bot) == 0
    rule, digest = seen(bot, 1)
    assert rule.text.startswith("its newest article is 20 days old")
    assert (digest.becomes, digest.at) == (Becomes.NOT, None)
    assert digest.text.startswith("nothing of it was seen or judged after 2026-06-")


def test_beyond_a_budget_the_digest_says_who_left_it(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, alerts=(replace(rule, budget=1),))
    take_in(bot, CHIP, DEAL)
    assert alert(deps) == 1
    waiting = [number for number in (1, 2) if seen(bot, number, deps)[0].becomes is Becomes.WAITS]
    assert len(waiting) == 1
    by_rule, by_digest = seen(bot, waiting[0], deps)
    assert by_rule.text.startswith("waits for the digest since ")
    assert by_digest.text.endswith("; noted on 2026-06-16 07:00 UTC, when now had to leave it")


def test_quiet_hours_say_until_when(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, alerts=(replace(rule, quiet=(time(6), time(9))),))
    take_in(bot, CHIP)
    found, _ = seen(bot, 1, deps)
    assert (found.becomes, found.at) == (Becomes.WAITS, bot.clock.now() + timedelta(hours=2))


def test_what_keeps_messages_from_a_channel_is_said_of_those_to_come(bot: Bot) -> None:
    take_in(bot, CHIP)
    with bot.store.begin() as tx:
        tx.queue.disable("chat", bot.clock.now(), "404 no_service", "print")
        tx.unsubscriptions.add(Unsubscription(channel="chat", address="ann@example.org", at=bot.clock.now()))
    told = "; chat is disabled (404 no_service): the message will wait; not for ann@example.org"
    assert all(each.text.endswith(f"{told}, who unsubscribed") for each in seen(bot, 1))
    assert alert(bot.deps) == 1
    assert not any("disabled" in each.text for each in seen(bot, 1))


def test_an_alerted_story_with_news_that_a_rule_refuses_was_alerted_all_the_same(bot: Bot) -> None:
    take_in(bot, DEAL)
    assert alert(bot.deps) == 1
    news = entry("5", "Ostren takes over a chip designer for more", "The price is $450 million, says Ostren.")
    bot.clock.pass_by(timedelta(minutes=30))
    take_in(bot, DEAL, news)
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, alerts=(replace(rule, keywords="zeppelin"),))
    by_rule, by_digest = seen(bot, 2, deps)
    assert by_rule.becomes is Becomes.TOLD
    assert by_rule.text == (
        "alerted on 2026-06-16 07:00 UTC; no further alert: no article matches the keywords zeppelin"
    )
    assert by_digest.text.startswith("told by now on 2026-06-16 07:00 UTC; its news waits for Tue ")


def test_of_two_digests_to_one_channel_the_sooner_one_tells_it(bot: Bot) -> None:
    spec = bot.deps.digests["daily"]
    late = replace(spec, name="late", schedule=("0 9 * * *",))
    other = replace(late, name="other", channels=("mail",))
    channels = {"chat": bot.channel, "mail": bot.channel}
    deps = replace(
        bot.deps, alerts=(), channels=channels, digests={"late": late, "daily": spec, "other": other}
    )
    take_in(bot, CHIP)
    found = {each.origin: each.text for each in seen(bot, 1, deps)}
    assert found["late"].endswith("; daily comes sooner and will have told it")
    assert not any("sooner" in found[name] for name in ("daily", "other"))
