"""What another configuration would tell of what is stored."""

from __future__ import annotations

from dataclasses import replace

from bot.pipeline.alert import alert
from bot.pipeline.plan import at_once, by_then, tellable
from tests.pipeline.conftest import Bot
from tests.pipeline.test_digest import CHIP, DEAL, RAIN, daily, take_in
from tests.pipeline.test_outlook import story_of


def test_a_new_rule_would_tell_what_it_then_tells(bot: Bot) -> None:
    take_in(bot, CHIP, DEAL, RAIN)
    (rule,) = bot.deps.alerts
    deps = replace(bot.deps, alerts=(replace(rule, name="new", budget=1),))
    with bot.store.read() as tx:
        assert at_once(deps, tx, {"new"}) == {"new": 2}
        assert at_once(deps, tx, set()) == {}
    assert alert(deps) == 1
    with bot.store.read() as tx:
        assert at_once(deps, tx, {"new"}) == {"new": 0}


def test_a_digest_would_tell_what_it_then_tells(bot: Bot) -> None:
    take_in(bot, CHIP, DEAL, RAIN)
    with bot.store.read() as tx:
        assert by_then(bot.deps, tx, {"daily"}) == {"daily": 2}
        assert by_then(bot.deps, tx, set()) == {}
    assert daily(bot) == 1
    with bot.store.read() as tx:
        assert by_then(bot.deps, tx, {"daily"}) == {"daily": 0}


def test_only_stories_that_matched_nothing_are_more_to_tell(bot: Bot) -> None:
    take_in(bot, CHIP, RAIN)
    rain, chip = (story_of(bot, number).members[0].item.id for number in (3, 1))
    with bot.store.read() as tx:
        assert tellable(tx, {"rain": [rain, rain, chip]}, {"rain", "chips"}) == {"rain": 1}
        assert tellable(tx, {"rain": [rain], "wet": [rain]}, {"rain", "wet"}) == {"rain": 1}
        assert tellable(tx, {"rain": [rain]}, {"chips"}) == {}
        assert tellable(tx, {"rain": ["unknown"]}, {"rain"}) == {}
