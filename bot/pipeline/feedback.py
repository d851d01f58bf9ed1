"""Feedback: readers' answers are kept, put into effect, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

from bot.core.feedback import correct, revised, trials
from bot.core.profile import Judge
from bot.core.text import digest
from bot.model import Answer, Item, Verdict
from bot.pipeline.deps import Deps
from bot.ports import Tx

BATCH = 500
STILL_TOLD = timedelta(days=40)
"""Items first seen longer ago are in no message to come: a monthly digest looks back a month and a week.
Their verdicts stay as they were, unless answers have a share in them."""
_OVERLAP = timedelta(minutes=5)
"""How long a triage may take from looking at the clock to the end of its transaction."""


def adopted(tx: Tx) -> tuple[Answer, ...]:
    """The answers that have an effect."""
    return tuple(answer for answer in tx.feedback.answers() if answer.adopted)


def answer(deps: Deps, item: Item, topic_id: str, *, yes: bool, note: str = "") -> Answer:
    """Keep an answer; it is pending, and takes the place of a pending one about the same item and topic."""
    now = deps.clock.now()
    given = Answer(
        id=digest(["answer", item.id, topic_id, now.isoformat()]),
        item_id=item.id,
        topic_id=topic_id,
        yes=yes,
        note=note,
        title=item.title,
        summary=item.summary,
        body=item.body,
        language=item.language,
        answered_at=now,
    )
    with deps.store.begin() as tx:
        earlier = [each.id for each in tx.feedback.answers() if each.pending and _same(each, given)]
        tx.feedback.withdraw(earlier, now)
        tx.feedback.add(given)
    return given


def _same(one: Answer, other: Answer) -> bool:
    return (one.item_id, one.topic_id) == (other.item_id, other.topic_id)


def after_adopting(standing: Sequence[Answer], ids: Collection[str]) -> tuple[Answer, ...]:
    """What would have an effect if these pending answers were adopted, each in place of an earlier one."""
    new = [each for each in standing if each.pending and each.id in ids]
    kept = [each for each in standing if each.adopted and not any(_same(each, other) for other in new)]
    return (*kept, *new)


def topics_made_worse(deps: Deps, answers: Sequence[Answer]) -> list[str]:
    """Topics whose answers, predicted from each other, would be met worse than without any feedback."""
    return [topic for topic, trial in trials(deps.judge, answers).items() if trial.worse]


def adopt(deps: Deps, ids: Collection[str], advance: Callable[[int], None] = lambda _items: None) -> int:
    """Give pending answers their effect. Returns how many stored verdicts changed.

    From now on triage judges with them. Verdicts are revised of items that may still be told, and of those
    in which other answers had a share.
    """
    return _put_into_effect(deps, lambda standing: after_adopting(standing, ids), (), advance)


def withdraw(deps: Deps, ids: Collection[str], advance: Callable[[int], None] = lambda _items: None) -> int:
    """Take answers back. Returns how many stored verdicts changed.

    When all are withdrawn, the verdicts are those that there would be without any.
    """

    def kept(standing: Sequence[Answer]) -> tuple[Answer, ...]:
        return tuple(each for each in standing if each.adopted and each.id not in ids)

    return _put_into_effect(deps, kept, ids, advance)


def _put_into_effect(
    deps: Deps,
    choose: Callable[[Sequence[Answer]], tuple[Answer, ...]],
    gone: Collection[str],
    advance: Callable[[int], None],
) -> int:
    """``choose``: those of the standing answers that shall have an effect; other adopted ones are withdrawn.

    Verdicts are revised while nothing is held; what triage judged meanwhile, in the transaction itself.
    Where somebody else changed answers meanwhile, it is begun again.
    """
    while True:
        started = deps.clock.now()
        with deps.store.read() as tx:
            standing = tx.feedback.answers()
            effective = choose(standing)
            judge = correct(deps.judge, effective)
            changed: dict[tuple[str, str], Verdict] = {}
            for batch in _concerned(tx, started - STILL_TOLD):
                changed |= _changes(batch, judge)
                advance(len(batch))
        with deps.store.begin() as tx:
            if tx.feedback.answers() != standing:
                continue
            now = deps.clock.now()
            ended = [each.id for each in standing if each.adopted and each not in effective]
            tx.feedback.withdraw([*ended, *gone], now)
            tx.feedback.adopt([each.id for each in effective if each.pending], now)
            for batch in _pages(tx, judged_after=started - _OVERLAP):
                fresh = {item.id for item, _ in batch}
                changed = {key: verdict for key, verdict in changed.items() if key[0] not in fresh}
                changed |= _changes(batch, judge)
            tx.items.amend([*changed.values()])
            return len(changed)


def _concerned(tx: Tx, since: datetime) -> Iterator[Sequence[tuple[Item, Sequence[Verdict]]]]:
    """Items that may still be told, and those in whose verdicts answers have a share."""
    yield from _pages(tx, since=since)
    for batch in _pages(tx, corrected=True):
        yield [(item, verdicts) for item, verdicts in batch if item.seen_at <= since]


def _pages(
    tx: Tx,
    *,
    since: datetime | None = None,
    judged_after: datetime | None = None,
    corrected: bool = False,
) -> Iterator[Sequence[tuple[Item, Sequence[Verdict]]]]:
    last: Item | None = None
    while batch := tx.items.judged(
        since=since, judged_after=judged_after, corrected=corrected, after=last, limit=BATCH
    ):
        yield batch
        last = batch[-1][0]


def _changes(batch: Sequence[tuple[Item, Sequence[Verdict]]], judge: Judge) -> dict[tuple[str, str], Verdict]:
    return {
        (after.item_id, after.topic_id): after
        for item, verdicts in batch
        for before, after in zip(verdicts, revised(verdicts, item, judge), strict=True)
        if after != before
    }
