from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.feedback import is_corrected
from bot.model import Item, Verdict
from bot.pipeline.feedback import (
    STILL_TOLD,
    adopt,
    adopted,
    after_adopting,
    answer,
    topics_made_worse,
    withdraw,
)
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.pipeline.conftest import FEED, Bot, entry

NEWS = (
    entry("1", "Norvik sells potato chips at the harbour", "A bag of potato chips costs two euros."),
    entry("2", "More potato chips at the harbour", "Another bag of potato chips, another stall."),
    entry("3", "An accelerator is taped out", "The silicon goes to the foundry."),
    entry("4", "Rain in Ostren", "It rained all day."),
)


@pytest.fixture
def judged(bot: Bot) -> Bot:
    """Four items with verdicts."""
    intake(bot, *NEWS)
    return bot


def intake(bot: Bot, *entries: str) -> None:
    bot.publish(*entries)
    list(poll(bot.deps, [FEED.id]))
    triage(bot.deps)


def item(bot: Bot, guid: str) -> Item:
    with bot.store.read() as tx:
        found = tx.items.get(f"https://harbor.example/{guid}")
    assert found is not None
    return found


def verdicts(bot: Bot) -> Mapping[str, Verdict]:
    """Last part of the address → the verdict stored."""
    with bot.store.read() as tx:
        return {item.url[-1]: each for item, some in tx.items.judged(limit=99) for each in some}


def say(bot: Bot, guid: str, *, yes: bool) -> str:
    bot.clock.pass_by(timedelta(seconds=1))
    return answer(bot.deps, item(bot, guid), "chips", yes=yes).id


def test_a_pending_answer_changes_nothing(judged: Bot) -> None:
    before = verdicts(judged)
    say(judged, "1", yes=False)
    intake(judged, *NEWS, entry("5", "Potato chips at the harbour again", "A bag of potato chips."))
    after = verdicts(judged)
    assert {guid: after[guid] for guid in before} == before
    assert not is_corrected(after["5"])


def test_an_adopted_answer_changes_what_is_stored_and_what_comes(judged: Bot) -> None:
    before = verdicts(judged)
    changed = adopt(judged.deps, [say(judged, "1", yes=False)])
    after = verdicts(judged)
    assert changed == 2
    assert after["1"].score < before["1"].score
    assert after["2"].score < before["2"].score
    assert (after["3"], after["4"]) == (before["3"], before["4"])
    intake(judged, *NEWS, entry("5", "Potato chips at the harbour again", "A bag of potato chips."))
    assert is_corrected(verdicts(judged)["5"])


def test_withdrawal_restores_every_verdict_also_those_judged_meanwhile(judged: Bot) -> None:
    before = verdicts(judged)
    first, second = say(judged, "1", yes=False), say(judged, "3", yes=True)
    adopt(judged.deps, [first, second])
    news = (*NEWS, entry("5", "Potato chips at the harbour again", "A bag of potato chips."))
    intake(judged, *news)
    assert verdicts(judged) != before
    withdraw(judged.deps, [first])
    withdraw(judged.deps, [second])
    after = verdicts(judged)
    assert {guid: after[guid] for guid in before} == before
    assert not is_corrected(after["5"])


def test_withdrawal_restores_verdicts_of_items_whose_text_is_gone(judged: Bot) -> None:
    before = verdicts(judged)
    given = say(judged, "1", yes=False)
    adopt(judged.deps, [given])
    judged.clock.pass_by(timedelta(days=100))
    with judged.store.begin() as tx:
        tx.items.prune(judged.clock.now() - timedelta(days=90), 500)
    kept = verdicts(judged)
    assert set(kept) < set(before)
    withdraw(judged.deps, [given])
    assert verdicts(judged) == {guid: before[guid] for guid in kept}


def test_what_can_not_be_told_any_more_keeps_its_verdict(judged: Bot) -> None:
    before = verdicts(judged)
    judged.clock.pass_by(STILL_TOLD + timedelta(minutes=6))
    assert adopt(judged.deps, [say(judged, "1", yes=False)]) == 0
    assert verdicts(judged) == before


def test_what_adopting_changes_does_not_count_as_news(judged: Bot) -> None:
    judged.clock.pass_by(timedelta(days=1))
    adopt(judged.deps, [say(judged, "3", yes=False)])
    with judged.store.read() as tx:
        assert not tx.stories.touched(["chips"], judged.clock.now() - timedelta(hours=1))


def test_a_new_answer_takes_the_place_of_a_pending_one(judged: Bot) -> None:
    say(judged, "1", yes=True)
    last = say(judged, "1", yes=False)
    with judged.store.read() as tx:
        assert [each.id for each in tx.feedback.answers()] == [last]
        assert len(tx.feedback.answers(withdrawn=True)) == 2


def test_an_adopted_answer_holds_until_its_successor_is_adopted(judged: Bot) -> None:
    first = say(judged, "1", yes=True)
    adopt(judged.deps, [first])
    second = say(judged, "1", yes=False)
    with judged.store.read() as tx:
        standing = tx.feedback.answers()
        assert [each.id for each in adopted(tx)] == [first]
    assert [each.id for each in after_adopting(standing, [second])] == [second]
    adopt(judged.deps, [second])
    with judged.store.read() as tx:
        assert [each.id for each in adopted(tx)] == [second]


def test_a_batch_is_judged_again_where_answers_took_effect_meanwhile(judged: Bot) -> None:
    """The answer is adopted while the batch is judged: by the guard that is around each item."""
    given = say(judged, "1", yes=False)
    before = judged.deps.guard
    adopted_once: list[int] = []

    def guard(what: str, work):  # type: ignore[no-untyped-def]
        if what.startswith("judging") and not adopted_once:
            adopted_once.append(adopt(judged.deps, [given]))
        return before(what, work)

    judged.publish(*NEWS, entry("5", "Potato chips at the harbour again", "A bag of potato chips."))
    list(poll(judged.deps, [FEED.id]))
    assert triage(replace(judged.deps, guard=guard)).items == 1
    assert is_corrected(verdicts(judged)["5"])


def test_contradicting_answers_make_their_topic_worse(judged: Bot) -> None:
    say(judged, "1", yes=False)
    with judged.store.read() as tx:
        assert topics_made_worse(judged.deps, tx.feedback.answers()) == []
    say(judged, "2", yes=True)
    with judged.store.read() as tx:
        assert topics_made_worse(judged.deps, tx.feedback.answers()) == ["chips"]
