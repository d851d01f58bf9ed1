"""Triage: new and edited items get their verdicts and their place in a story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.core.classify import classify
from bot.core.features import features_of
from bot.core.feedback import correct
from bot.core.profile import Judge
from bot.core.stories import Grouper
from bot.model import Answer, Item, Judgement, Placement, Verdict
from bot.pipeline.deps import Deps
from bot.pipeline.feedback import adopted
from bot.pipeline.grouping import begin, group, make_ready

BATCH = 500
_IN_MEMORY = 12_000
"""Items that a grouper may hold before the next batch begins with a fresh one: some 120 MB."""


@dataclass(frozen=True, kw_only=True)
class TriageReport:
    items: int = 0
    matched: int = 0
    stories: int = 0
    """Stories opened."""
    placed: int = 0
    """Items that joined or opened one."""
    verdicts: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    """Topic and whether it matched → how many."""


def triage(deps: Deps, got_on: Callable[[], None] = lambda: None) -> TriageReport:
    """Judge and place everything that waits, a few hundred items at a time. An edited item keeps its place.

    ``got_on`` is called after each of these times: with a thousand new feeds it may be long until the last.

    Nothing is held while items are judged and placed; then one transaction writes verdicts and placements of
    a batch: after a crash an item is either done or waits. Where somebody else placed items meanwhile, or
    answers took effect, the batch is begun again.

    An item that can't be judged for a fault of ours is set aside without verdicts, and the others go on.
    """
    report = TriageReport()
    grouper: Grouper | None = None
    while not deps.stopping():
        with deps.store.read() as tx:
            batch = tx.items.unjudged(BATCH)
            ready = begin(tx, deps.story_policy) if grouper is None else grouper
            answers = adopted(tx)
        if not batch:
            break
        if ready is None:
            make_ready(deps)
            continue
        judge = correct(deps.judge, answers)
        judgements = [_judged(deps, judge, item) for item in batch]
        with deps.store.read() as tx:
            unplaced = tx.stories.unplaced([item.id for item in batch])
            placements = group(tx, ready, [item for item in batch if item.id in unplaced], deps.guard)
        done = _store(deps, ready, judgements, placements, answers)
        if done is not None:
            report = _sum(report, done)
            got_on()
        grouper = ready if done is not None and ready.memory.size < _IN_MEMORY else None
    return report


def judge_item(judge: Judge, item: Item) -> tuple[Verdict, ...]:
    """One verdict a topic."""
    return classify(features_of(item, judge.lexicon), judge)


def _judged(deps: Deps, judge: Judge, item: Item) -> Judgement:
    verdicts = deps.guard(f"judging item {item.id}", partial(judge_item, judge, item)) or ()
    return Judgement(item_id=item.id, content_hash=item.content_hash, verdicts=verdicts)


def _store(
    deps: Deps,
    grouper: Grouper,
    judgements: Sequence[Judgement],
    placements: Sequence[Placement],
    answers: Sequence[Answer],
) -> TriageReport | None:
    """Write down what was decided.

    ``None``, and nothing is, where meanwhile somebody else placed items or answers took effect.
    """
    change = grouper.memory.changes()
    now = deps.clock.now()
    with deps.store.begin() as tx:
        if not tx.grouping.hold(change.state.turn) or adopted(tx) != answers:
            return None
        if placements:
            tx.stories.place(placements, now)
            tx.grouping.store(change)
        judged = tx.items.judge(judgements, now)
    if placements:
        grouper.memory.stored()
    verdicts = Counter(
        (verdict.topic_id, verdict.matched)
        for each in judgements
        if each.item_id in judged
        for verdict in each.verdicts
    )
    return TriageReport(
        items=len(judged),
        matched=sum(count for (_, matched), count in verdicts.items() if matched),
        stories=sum(placement.opens for placement in placements),
        placed=len(placements),
        verdicts=verdicts,
    )


def _sum(one: TriageReport, other: TriageReport) -> TriageReport:
    return TriageReport(
        items=one.items + other.items,
        matched=one.matched + other.matched,
        stories=one.stories + other.stories,
        placed=one.placed + other.placed,
        verdicts=Counter(one.verdicts) + Counter(other.verdicts),
    )
