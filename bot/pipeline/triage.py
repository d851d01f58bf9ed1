"""Triage: new and edited items get their verdicts and their place in a story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.core.classify import classify
from bot.core.features import extract
from bot.core.profile import Judge
from bot.core.stories import Grouper
from bot.core.text import digest
from bot.core.urls import host
from bot.model import Article, Exemplar, Item, Placement, Verdict
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

    A batch is read as a whole before its first item is placed: the first poll of many feeds then knows which
    names are common. An edited item keeps its place.

    Verdicts and placement of an item are one transaction: after a crash it is either done or waits. An item
    that can't be judged for a fault of ours is set aside without verdicts, and the others go on.
    """
    grouper: Grouper | None = None
    items = matched = stories = 0
    while not deps.stopping():
        with deps.store.read() as tx:
            if not tx.items.unjudged(1):
                break
            # Outside the writing transaction: it may take seconds, and nobody else could write meanwhile.
            grouper = grouper or _restore(deps, tx, deps.clock.now())
        with deps.store.begin() as tx:
            now = deps.clock.now()
            batch = tx.items.unjudged(BATCH)
            unplaced = [item for item in batch if tx.stories.placement(item.id) is None]
            grouper.learn(map(article, unplaced))
            for item in batch:
                verdicts = deps.guard(f"judging item {item.id}", partial(judge_item, deps.judge, item)) or ()
                tx.items.judge(item.id, verdicts, now)
                matched += any(verdict.matched for verdict in verdicts)
            stories += _place(deps, tx, grouper, unplaced, now)
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
    """The open stories, as the store remembers them; the corpus tells which words are common in the field."""
    grouper = Grouper(deps.story_policy)
    grouper.learn(map(example, deps.exemplars.values()))
    for item, placement in tx.stories.open_items(now - deps.story_policy.window):
        grouper.restore(article(item), placement)
    return grouper


def example(exemplar: Exemplar) -> Article:
    """An article of the corpus as grouping reads it, for its words only."""
    return Article(id=f"corpus/{exemplar.id}", title=exemplar.title, body=exemplar.text)


def _alone(item: Item) -> Placement:
    """A story of its own, so that what can't be compared is still told."""
    return Placement(item_id=item.id, story_id=digest(("alone", item.id)), opens=True, because="stands alone")


def _place(deps: Deps, tx: Tx, grouper: Grouper, items: Sequence[Item], now: datetime) -> int:
    """Place items in the order given. Returns how many stories they open."""
    placements = [
        deps.guard(f"placing item {item.id}", partial(grouper.place, article(item))) or _alone(item)
        for item in items
    ]
    tx.stories.place(placements, now)
    return sum(placement.opens for placement in placements)
