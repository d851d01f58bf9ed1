"""Messages that died of age: told by the next digest, by an alert, or by nobody twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import DeliveryState, Refused, Sent, Unanswered
from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.pipeline.conftest import Bot, entry


def told_by_alert(bot: Bot) -> Deps:
    """An alert in the outbox about one story, if a rule wants it; a digest follows every morning."""
    bot.publish(entry("n1", "Norvik tapes out a second chip of its own"))
    list(poll(bot.deps))
    triage(bot.deps)
    assert alert(bot.deps) == len(bot.deps.alerts)
    return bot.deps


def test_what_an_alert_could_not_tell_is_told_by_the_next_digest_and_by_no_alert(bot: Bot) -> None:
    deps = told_by_alert(bot)
    bot.channel.answer = lambda _key: Refused(reason="503")
    deliver(deps)
    bot.clock.pass_by(timedelta(hours=7))
    (settled,) = deliver(deps)
    assert settled.state is DeliveryState.EXPIRED
    assert settled.note.endswith("the next digest tells it")
    bot.channel.answer = lambda _key: Sent()
    assert alert(deps) == 0
    assert compose(deps, deps.digests["daily"], bot.clock.now()) == 1
    deliver(deps)
    assert [digest.kind for digest in bot.channel.digests] == ["alert", "digest"]
    assert bot.channel.digests[-1].stories[0].status == "NEW"
    assert compose(deps, deps.digests["daily"], bot.clock.now() + timedelta(hours=1)) == 0


@pytest.mark.parametrize("followed", [True, False])
def test_what_may_have_arrived_or_no_digest_follows_stays_a_dead_letter(bot: Bot, followed: bool) -> None:
    deps = told_by_alert(bot)
    bot.channel.retry = replace(bot.channel.retry, resend_unanswered=True)
    bot.channel.answer = lambda _key: Unanswered(reason="timeout") if followed else Refused(reason="503")
    deps = deps if followed else replace(deps, digests={})
    deliver(deps)
    bot.clock.pass_by(timedelta(hours=7))
    states_of = {each.state for each in deliver(deps)}
    assert states_of == {DeliveryState.DEAD}


def test_what_a_killed_process_may_have_sent_is_told_by_no_digest(bot: Bot) -> None:
    deps = told_by_alert(bot)
    bot.channel.retry = replace(bot.channel.retry, resend_unanswered=True)
    with bot.store.begin() as tx:
        tx.queue.serve("chat", bot.clock.now(), deps.pace.delivery_lease)
        tx.queue.begin(tx.queue.next("chat", bot.clock.now(), 1))  # and the process is killed here
    bot.clock.pass_by(timedelta(hours=7))
    (settled,) = deliver(deps)
    assert (settled.state, settled.unanswered) == (DeliveryState.DEAD, True)
    assert compose(deps, deps.digests["daily"], bot.clock.now()) == 0


def test_what_is_sent_again_by_hand_is_sent_though_it_is_old(bot: Bot) -> None:
    deps = told_by_alert(bot)
    bot.channel.answer = lambda _key: Unanswered(reason="timeout")
    deliver(deps)
    bot.clock.pass_by(timedelta(hours=9))
    with bot.store.begin() as tx:
        tx.outbox.retry(tx.outbox.keys(DeliveryState.UNKNOWN), bot.clock.now())
    bot.channel.answer = lambda _key: Sent()
    assert [each.state for each in deliver(deps)] == [DeliveryState.SENT]


def test_what_was_given_back_is_told_by_an_alert_again_once_no_digest_follows(bot: Bot) -> None:
    deps = told_by_alert(bot)
    bot.channel.answer = lambda _key: Refused(reason="503")
    deliver(deps)
    bot.clock.pass_by(timedelta(hours=7))
    assert [each.state for each in deliver(deps)] == [DeliveryState.EXPIRED]
    bot.channel.answer = lambda _key: Sent()
    deps = replace(deps, digests={})
    assert alert(deps) == 1
    assert [each.state for each in deliver(deps)] == [DeliveryState.SENT]
    assert alert(deps) == 0


@pytest.mark.parametrize("kind", ["alert", "digest"])
def test_what_was_given_back_after_weeks_is_told_by_the_next_digest(bot: Bot, kind: str) -> None:
    """A channel that was disabled for so long: what was tried is too old, and far out of the next window."""
    deps = told_by_alert(replace(bot, deps=replace(bot.deps, alerts=bot.deps.alerts * (kind == "alert"))))
    daily = deps.digests["daily"]
    if kind == "digest":
        assert compose(deps, daily, bot.clock.now()) == 1
    bot.channel.answer = lambda _key: Refused(reason="404", permanent=True, disables=True)
    deliver(deps)
    bot.clock.pass_by(timedelta(days=20))
    with bot.store.begin() as tx:
        tx.outbox.slot("daily", bot.clock.now() - timedelta(hours=1), bot.clock.now())
        tx.queue.enable("chat")
    bot.channel.answer = lambda _key: Sent()
    assert [each.state for each in deliver(deps)] == [DeliveryState.EXPIRED]
    assert compose(deps, daily, bot.clock.now()) == 1
    deliver(deps)
    assert [story.status for story in bot.channel.digests[-1].stories] == ["NEW"]
    assert compose(deps, daily, bot.clock.now() + timedelta(hours=1)) == 0
