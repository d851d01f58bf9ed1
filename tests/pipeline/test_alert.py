from dataclasses import replace
from datetime import timedelta

from bot.pipeline.alert import alert
from tests.pipeline.conftest import Bot, entry
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


def test_beyond_its_budget_an_alert_says_how_many_wait_for_the_digest(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, alerts=(replace(rule, budget=1),))
    take_in(bot, CHIP, DEAL, entry("4", "Halden cancels its training silicon", "The team of 90 moves on."))
    assert alert(deps) == 1
    receipt = bot.channel.digests[0].receipt
    assert receipt is not None
    assert receipt.held_back == 2
    assert alert(deps) == 0
    assert daily(bot) == 1
    assert len(bot.channel.digests[-1].stories) == 2


def test_a_rule_takes_its_score_into_account(bot: Bot) -> None:
    (rule,) = bot.deps.alerts
    take_in(bot, CHIP)
    assert alert(replace(bot.deps, alerts=(replace(rule, min_score=1.0),))) == 0
    assert alert(bot.deps) == 1
