"""Backtest: stored items are judged otherwise, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from bot.core.advice import keep_advice
from bot.core.backtest import Tally, compare
from bot.core.feedback import revised
from bot.core.profile import Judge
from bot.model import Item, Verdict
from bot.pipeline.deps import Deps
from bot.pipeline.triage import judge_item

BATCH = 500

Judging: TypeAlias = Callable[[Item, Sequence[Verdict]], Sequence[Verdict]]
"""An item and its stored verdicts → what they would be."""


def anew(judge: Judge) -> Judging:
    """Every signal read again, but for the advisor's: what it said is kept, and nobody is asked."""
    return lambda item, stored: keep_advice(stored, judge_item(judge, item))


def with_feedback(judge: Judge) -> Judging:
    """The stored shares, with the effect of what ``judge`` has learned in place of earlier effects."""
    return lambda item, stored: revised(stored, item, judge)


def backtest(
    deps: Deps,
    judging: Judging,
    *,
    since: datetime | None,
    limit: int,
    advance: Callable[[int], None] = lambda _items: None,
) -> Tally:
    """Judge every judged item first seen after ``since`` and compare with what is stored.

    Some hundred items at a time are in memory. ``limit``: changes of each kind that the tally names; it
    counts them all.
    """
    forgotten = deps.clock.now() - deps.retention.items
    tally = Tally(limit=limit)
    last: Item | None = None
    while True:
        # One transaction a batch: a long one would keep SQLite from tidying up its log.
        with deps.store.read() as tx:
            batch = tx.items.judged(since=since, after=last, limit=BATCH)
        if not batch:
            return tally
        for item, stored in batch:
            _count(tally, item, stored, judging(item, stored), forgotten)
        last = batch[-1][0]
        advance(len(batch))


def _count(
    tally: Tally, item: Item, before: Sequence[Verdict], after: Sequence[Verdict], forgotten: datetime
) -> None:
    headline_only = item.seen_at < forgotten and not item.summary and not item.body
    tally.items += 1
    tally.headline_only += headline_only
    tally.matched_before += any(verdict.matched for verdict in before)
    tally.matched_after += any(verdict.matched for verdict in after)
    change = compare(item, before, after, headline_only=headline_only)
    if change is not None:
        tally.add([change])
