"""Grouping against the store: of all that is remembered, only what a batch of items touches is in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from bot.core.recollection import Recollection
from bot.core.stories import Grouper, StoryPolicy
from bot.core.text import digest
from bot.core.traces import FORMAT
from bot.core.urls import host
from bot.model import Article, Exemplar, Item, Placement
from bot.pipeline.deps import Deps, unguarded
from bot.ports import Guard, Tx


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


def example(exemplar: Exemplar) -> Article:
    """An article of the corpus as grouping reads it, for its words only."""
    return Article(id=f"corpus/{exemplar.id}", title=exemplar.title, body=exemplar.text)


def begin(tx: Tx, policy: StoryPolicy) -> Grouper | None:
    """A grouper that goes on where the store stands; ``None`` where it must be made ready first."""
    state = tx.grouping.state()
    if state is None or state.format != FORMAT:
        return None
    return Grouper(policy, Recollection(policy.window, state))


def make_ready(deps: Deps) -> None:
    """Have the store remember the open stories: at first, and where this version remembers other things.

    The corpus tells which words are common in the field.
    """
    grouper = Grouper(deps.story_policy)
    grouper.learn(map(example, deps.exemplars.values()))
    with deps.store.begin() as tx:
        tx.grouping.hold(0)
        if begin(tx, deps.story_policy) is not None:
            return
        tx.grouping.clear()
        for item, placement in tx.stories.open_items(deps.clock.now() - deps.story_policy.window):
            grouper.restore(article(item), placement)
        tx.grouping.store(grouper.memory.changes())


def group(tx: Tx, grouper: Grouper, items: Sequence[Item], guard: Guard = unguarded) -> Sequence[Placement]:
    """Place items in the order given, each with the stories in mind that it may join.

    The batch is read as a whole before its first item is placed: the first poll of many feeds then knows
    which names are common.
    """
    articles = [article(item) for item in items]
    memory = grouper.memory
    _recall_words(tx, memory, memory.missing_words(articles))
    grouper.learn(articles)
    _recall_stories(tx, memory, memory.missing_items(articles))
    placements = []
    for one in articles:
        # Those before it in the batch may have moved others among its candidates.
        _recall_stories(tx, memory, memory.missing_items([one]))
        placed = guard(f"placing item {one.id}", partial(grouper.place, one))
        placements.append(placed or _alone(one.id))
    return placements


def _recall_stories(tx: Tx, memory: Recollection, item_ids: Collection[str]) -> None:
    if item_ids:
        memory.recall_stories(item_ids, tx.grouping.stories(item_ids))
        _recall_words(tx, memory, memory.missing_words())


def _recall_words(tx: Tx, memory: Recollection, words: Collection[str]) -> None:
    if words:
        memory.recall_words(words, tx.grouping.words(words))


def _alone(item_id: str) -> Placement:
    """A story of its own, so that what can't be compared is still told."""
    return Placement(item_id=item_id, story_id=digest(("alone", item_id)), opens=True, because="stands alone")
