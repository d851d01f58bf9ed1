from dataclasses import replace
from datetime import timedelta

from bot.core.backtest import Kind
from bot.core.feedback import correct
from bot.core.profile import build_profiles
from bot.model import Topic
from bot.pipeline import backtest as stage
from bot.pipeline.backtest import anew, backtest, with_feedback
from bot.pipeline.feedback import adopt
from tests.pipeline.conftest import Bot, entry
from tests.pipeline.test_feedback import NEWS, intake, judged, say, verdicts

__all__ = ["judged"]


def test_the_judge_that_judged_changes_nothing(judged: Bot) -> None:
    seen: list[int] = []
    tally = backtest(judged.deps, anew(judged.deps.judge), since=None, limit=9, advance=seen.append)
    assert (tally.items, tally.changed, sum(seen)) == (4, 0, 4)
    assert (
        tally.matched_before == tally.matched_after == sum(each.matched for each in verdicts(judged).values())
    )


def test_another_query_says_what_it_would_tell(judged: Bot) -> None:
    rain = build_profiles([Topic(id="chips", title="Chips", query="rain")], (), ())
    before = verdicts(judged)
    tally = backtest(judged.deps, anew(rain), since=None, limit=9)
    assert tally.kinds == {Kind.ADDED: 1, Kind.DROPPED: sum(each.matched for each in before.values())}
    assert not before["4"].matched
    (added,) = [change for change in tally.changes if change.kind is Kind.ADDED]
    assert added.item.title == "Rain in Ostren"
    assert verdicts(judged) == before


def test_only_what_was_seen_later_is_judged_batch_by_batch(judged: Bot) -> None:
    judged.clock.pass_by(timedelta(days=1))
    intake(judged, *NEWS, *(entry(f"x{number}", f"Chip {number}") for number in range(stage.BATCH + 3)))
    began = judged.clock.now() - timedelta(hours=1)
    tally = backtest(judged.deps, anew(judged.deps.judge), since=began, limit=9)
    assert tally.items == stage.BATCH + 3


def test_items_without_their_text_are_counted(judged: Bot) -> None:
    judged.clock.pass_by(timedelta(days=100))
    with judged.store.begin() as tx:
        tx.items.prune(judged.clock.now() - judged.deps.retention.items, 500)
    tally = backtest(judged.deps, anew(judged.deps.judge), since=None, limit=9)
    assert (tally.items, tally.headline_only) == (4, 4)


def test_feedback_alone_foretells_what_adopting_does(judged: Bot) -> None:
    strict = build_profiles([Topic(id="chips", title="Chips", query="chip", threshold=0.9)], (), ())
    deps = replace(judged.deps, judging=lambda: strict)
    given = say(judged, "2", yes=False)
    with judged.store.read() as tx:
        learned = correct(strict, tx.feedback.answers())
    tally = backtest(deps, with_feedback(learned), since=None, limit=9)
    before = verdicts(judged)
    adopt(deps, [given])
    after = verdicts(judged)
    changed = [guid for guid in before if before[guid].matched != after[guid].matched]
    assert [change.item.url[-1] for change in tally.changes] == changed
