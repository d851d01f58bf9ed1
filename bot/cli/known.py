"""What a word on the command line refers to: an item, a story, a delivery, a topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Delivery, Item, Story
    from bot.ports import Tx

SHORTEST = 6
"""Characters of an id from which its beginning will do."""
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Everything that a word may mean; mostly one thing or nothing."""

    items: tuple[Item, ...] = ()
    stories: tuple[Story, ...] = ()
    deliveries: tuple[Delivery, ...] = ()

    def __len__(self) -> int:
        return len(self.items) + len(self.stories) + len(self.deliveries)

    def __str__(self) -> str:
        """One a line, a few of many."""
        from bot.core.telling import title_of

        lines = [f"item {each.id}  {each.title}" for each in self.items]
        lines += [f"story {each.id}  {title_of(each)}" for each in self.stories]
        lines += [f"delivery {each.key}  {each.message.subject}" for each in self.deliveries]
        more = [f"and {len(lines) - _NAMED} more"] * (len(lines) > _NAMED)
        return "\n".join(f"  {line}" for line in [*lines[:_NAMED], *more])


def candidates(tx: Tx, reference: str) -> Candidates:
    """What has this id, address or key; else what begins so, from six characters on."""
    from bot.core.urls import canonical

    item = tx.items.get(reference) or tx.items.get(canonical(reference))
    if item is not None and reference in (item.id, item.url, item.canonical_url):
        return Candidates(items=(item,))
    story_ids = tx.edits.find(reference) if reference else ()
    exact = tx.stories.get(reference) if reference in story_ids else None
    if exact is not None:
        return Candidates(stories=(exact,))
    if item is not None and not item.id.startswith(reference):
        return Candidates(items=(item,))  # by an address with other parameters
    if len(reference) < SHORTEST:
        return Candidates()
    stories = [tx.stories.get(each) for each in story_ids]
    return Candidates(
        items=tuple(tx.items.beginning(reference, _NAMED + 1)),
        stories=tuple(each for each in stories if each is not None),
        deliveries=tuple(tx.outbox.keyed(reference)),
    )


def known_item(tx: Tx, reference: str) -> Item:
    """An item by its id, the beginning of it, or an address. Raises UsageError."""
    from bot.core.urls import canonical

    item = tx.items.get(reference) or tx.items.get(canonical(reference))
    if item is None:
        raise UsageError(unknown_item(reference))
    return item


def unknown_item(reference: str) -> str:
    """That nothing has this id or address, and how to find what does."""
    return (
        f'no item is known by "{reference}"; write its address, or six or more characters of its id; '
        "find one with: chipwatch items WORD"
    )


def known_story(tx: Tx, reference: str) -> Story:
    """A story by its id or the beginning of it, or those of one that became part of it. Raises UsageError."""
    found = tx.edits.find(reference) if reference else ()
    story = tx.stories.get(found[0]) if len(found) == 1 else None
    if story is not None and (len(reference) >= SHORTEST or reference == story.id):
        return story
    problem = (
        f'"{reference}" fits several stories' if len(found) > 1 else f'no story is known by "{reference}"'
    )
    raise UsageError(
        f"{problem}; write six or more characters of its id; find one with: chipwatch stories WORD"
    )


def known_topic(application: Application, topic: str) -> str | None:
    """A topic that is watched; ``None`` where none is named. Raises UsageError."""
    from bot.documents import unknown

    if topic and topic not in application.deps.topics:
        raise UsageError(unknown("topic", topic, list(application.deps.topics)))
    return topic or None
