from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.drift import Kind
from bot.model import Item, Judgement
from bot.pipeline.drift import drifts
from bot.pipeline.triage import judge_item
from tests.pipeline.conftest import Bot

DAY = timedelta(days=1)


def judged(bot: Bot, days: int, titles: Sequence[str]) -> None:
    """So many items a day, each with one of the titles in turn and in no story with others."""
    for day in range(days):
        items = [
            Item(
                id=f"{bot.clock.at:%m%d}{number:04}",
                feed_id="harbor",
                url="",
                canonical_url="",
                title=f"{titles[number % len(titles)]} {day} {number}",
                seen_at=bot.clock.now(),
                content_hash=f"{day}-{number}",
            )
            for number in range(20)
        ]
        judgements = [
            Judgement(
                item_id=item.id, content_hash=item.content_hash, verdicts=judge_item(bot.deps.judge, item)
            )
            for item in items
        ]
        with bot.store.begin() as tx:
            tx.items.add(items)
            tx.items.judge(judgements, bot.clock.now())
        bot.clock.pass_by(DAY)


RAIN, CHIP = "Rain falls in Ostren again", "Norvik tapes out its own chip"
NEARLY = "Rain stops the turbine hall of an accelerator"


def test_a_stream_that_stays_the_same_does_not_drift(bot: Bot) -> None:
    judged(bot, 20, (RAIN, RAIN, CHIP))
    (drift,) = drifts(bot.deps)
    assert drift.topic_id == "chips"
    assert drift.reference
    assert (drift.recent.scores.items, drift.reference.scores.items) == (120, 280)
    assert drift.stability is not None
    assert drift.stability < 0.1
    assert drift.alarms == ()
    assert drift.recent.unknown


def test_another_stream_does(bot: Bot) -> None:
    judged(bot, 10, (RAIN, RAIN, CHIP))
    judged(bot, 7, (RAIN, NEARLY, NEARLY))
    (drift,) = drifts(bot.deps)
    assert {Kind.SCORES, Kind.WORDS} <= {alarm.kind for alarm in drift.alarms}


def test_in_the_first_week_nothing_can_be_said(bot: Bot) -> None:
    assert drifts(bot.deps)[0].reference is None
    judged(bot, 5, (RAIN, CHIP))
    (drift,) = drifts(bot.deps)
    assert (drift.recent.scores.items, drift.reference, drift.alarms) == (100, None, ())
