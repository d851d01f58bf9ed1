from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import DeliveryState, Part, Refused, Sent
from bot.pipeline.alert import alert
from bot.pipeline.clock import TOLD_FROM, jumped
from bot.pipeline.deliver import deliver
from bot.pipeline.digest import compose_due
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.pipeline.conftest import FEED, Bot, entry

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)

CHIP = entry("1", "Norvik tapes out its Fjell accelerator", "Samples go to two customers this summer.")
DEAL = entry("2", "Ostren takes over a chip designer", "The price is $300 million.")


def take_in(bot: Bot, *entries: str) -> None:
    """Poll and judge what the feed holds now."""
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))
    triage(bot.deps)


def set_by(bot: Bot, by: timedelta) -> None:
    before = bot.clock.now()
    bot.clock.pass_by(by)
    jumped(bot.deps, before, bot.clock.now())


def alarms(bot: Bot) -> list[str]:
    with bot.store.read() as tx:
        return [each.text for each in tx.alarms.all() if each.part is Part.CLOCK]


@pytest.mark.parametrize(
    ("by", "told"),
    [
        (-HOUR, "went back by 1 hour, from 2026-06-16 07:00:00 to 2026-06-16 06:00:00 UTC: it was set. All"),
        (1.5 * HOUR, "went ahead by 90 minutes, from 2026-06-16 07:00:00 to 2026-06-16 08:30:00 UTC"),
        (timedelta(seconds=75), "went ahead by 75 seconds"),
        (-YEAR, "went back by 365 days, from 2026-06-16 07:00:00 to 2025-06-16 07:00:00 UTC"),
    ],
)
def test_people_are_told_of_a_clock_that_was_set(bot: Bot, by: timedelta, told: str) -> None:
    set_by(bot, by)
    (text,) = alarms(bot)
    assert told in text


def test_a_small_step_is_not_worth_a_message(bot: Bot) -> None:
    set_by(bot, TOLD_FROM - timedelta(seconds=1))
    set_by(bot, timedelta(seconds=1) - TOLD_FROM)
    assert alarms(bot) == []


@pytest.mark.parametrize("ahead", [HOUR, 20 * HOUR])
def test_what_a_clock_that_was_ahead_put_off_goes_on_when_it_is_right(bot: Bot, ahead: timedelta) -> None:
    set_by(bot, ahead)
    take_in(bot, CHIP)
    bot.channel.answer = lambda _key: Refused(reason="busy", retry_after=timedelta(minutes=10))
    assert alert(bot.deps) == 1
    deliver(bot.deps)
    bot.channel.answer = lambda _key: Sent()
    set_by(bot, -ahead)
    bot.clock.pass_by(timedelta(minutes=15))
    assert [report.feed.id for report in poll(bot.deps)] == [FEED.id]
    deliver(bot.deps)
    with bot.store.read() as tx:
        (sent,) = [each for each in tx.outbox.deliveries(state=None, limit=9) if each.kind == "alert"]
    assert (sent.state, sent.attempt) == (DeliveryState.SENT, 2)


def test_what_was_told_by_a_clock_that_was_ahead_leaves_the_budget_of_the_one_that_is_right(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    bot.deps = replace(bot.deps, alerts=(replace(rule, budget=1),))
    set_by(bot, 3 * HOUR)
    take_in(bot, CHIP)
    assert alert(bot.deps) == 1
    set_by(bot, -3 * HOUR)
    take_in(bot, CHIP, DEAL)
    assert alert(bot.deps) == 1


@pytest.mark.parametrize("ahead", [HOUR, 26 * HOUR, YEAR])
def test_a_digest_keeps_its_days_after_a_clock_that_was_ahead(bot: Bot, ahead: timedelta) -> None:
    """It is seven: the digest of eight is sent early by the wrong clock, and not again at eight."""
    compose_due(bot.deps)
    take_in(bot, CHIP)
    set_by(bot, ahead)
    assert compose_due(bot.deps) == 1
    set_by(bot, -ahead)
    take_in(bot, CHIP, DEAL)
    bot.clock.pass_by(HOUR)
    today = compose_due(bot.deps)
    assert today == (0 if ahead == HOUR else 1)
    bot.clock.pass_by(timedelta(days=1))
    assert today + compose_due(bot.deps) == 1, "what is new comes with the next slot that was not taken"
    ends = [digest.window.end for digest in bot.channel.digests]
    assert len(set(ends)) == len(ends)
