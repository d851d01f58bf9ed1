"""Triage: new and edited items get their verdicts and their place in a story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.classify import classify
from bot.core.features import extract
from bot.core.profile import Judge
from bot.core.stories import Grouper
from bot.core.urls import host
from bot.model import Article, Item, Verdict
from bot.pipeline.deps import Deps
from bot.ports import Tx

BATCH = 200


@dataclass(frozen=True, kw_only=True)
class TriageReport:
    items: int = 0
    matched: int = 0
    stories: int = 0
    """Stories opened."""


def triage(deps: Deps) -> TriageReport:
    """Judge and place everything that waits, in transactions of a few hundred items.

    Verdicts and placement of an item are one transaction: after a crash it is either done or waits.
    """
    grouper: Grouper | None = None
    items = matched = stories = 0
    while not deps.stopping():
        with deps.store.begin() as tx:
            now = deps.clock.now()
            batch = tx.items.unjudged(BATCH)
            if not batch:
                break
            grouper = grouper or _restore(deps, tx, now)
            for item in batch:
                verdicts = judge_item(deps.judge, item)
                tx.items.judge(item.id, verdicts, now)
                matched += any(verdict.matched for verdict in verdicts)
                stories += _place(tx, grouper, item, now)
            items += len(batch)
    return TriageReport(items=items, matched=matched, stories=stories)


def judge_item(judge: Judge, item: Item) -> tuple[Verdict, ...]:
    """One verdict a topic."""
    features = extract(
        item.id,
        title=item.title,
        summary=item.summary,
        body=item.body,
        language=item.language,
        published=item.published,
        lexicon=judge.lexicon,
    )
    return classify(features, judge)


def article(item: Item) -> Article:
    """The part of an item that grouping looks at."""
    return Article(
        id=item.id,
        title=item.title,
        summary=item.summary,
        body=item.body,
        source=host(item.url),
        published=item.published or item.seen_at,
    )


def _restore(deps: Deps, tx: Tx, now: datetime) -> Grouper:
    """The open stories, as the store remembers them."""
    grouper = Grouper(deps.story_policy)
    for item, placement in tx.stories.open_items(now - deps.story_policy.window):
        grouper.restore(article(item), placement)
    return grouper


def _place(tx: Tx, grouper: Grouper, item: Item, now: datetime) -> bool:
    """Place an item that has no place yet; an edited one keeps its own. True where it opens a story."""
    if tx.stories.placement(item.id) is not None:
        return False
    placement = grouper.place(article(item))
    tx.stories.place([placement], now)
    return placement.opens
