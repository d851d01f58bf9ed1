"""What people do to stories: which text is whose once a story is split, and what grouping remembers then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.core import text
from bot.core.traces import pack, unpack
from bot.model import EditKind, ItemMemory, Placing, Story, StoryEdit, StoryMemory


def split_id(story_id: str, items: Collection[str], number: int) -> str:
    """Id of a story that is split off; ``number``: of edits before, so that the same twice makes two."""
    return text.digest(["split", story_id, str(number), *sorted(items)])


def homes(placings: Mapping[str, Placing], history: Sequence[StoryEdit]) -> Mapping[str, frozenset[str]]:
    """The items of a story by the story they were in before it was put together; one may be in several.

    ``placings`` and ``history``: of its items and of all its parts. What was split off from a part is that
    part's no more.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for item_id, placing in placings.items():
        found[placing.story_id].add(item_id)
    for edit in history:
        if edit.kind is EditKind.SPLIT:
            found[edit.story_id].difference_update(edit.items)
            found[edit.other].update(placings.keys() & {*edit.items})
    return {name: frozenset(items) for name, items in found.items() if items}


def roots_apart(story: Story, moved: Collection[str]) -> Mapping[str, str | None]:
    """``copy_of`` of the items that copied a text which is now on the other side.

    The first of them on each side is the original there (``None``), and the others are copies of it: what a
    person held apart are two reports, however alike.
    """
    side = {member.item.id: member.item.id in moved for member in story.members}
    first: dict[tuple[str, bool], str] = {}
    roots: dict[str, str | None] = {}
    for member in story.members:
        item_id, root = member.item.id, member.placement.copy_of
        if root is None or side.get(root) == side[item_id]:
            continue
        original = first.setdefault((root, side[item_id]), item_id)
        roots[item_id] = None if original == item_id else original
    return roots


def remembered_apart(
    memory: StoryMemory, new: str, moved: Collection[str], roots: Mapping[str, str | None], opened: int
) -> tuple[StoryMemory, StoryMemory]:
    """What is remembered of a story without the items that moved, and of the new one that they make."""
    items = [_rooted(item, roots) for item in memory.items]
    rest = tuple(item for item in items if item.item_id not in moved)
    apart = tuple(replace(item, story_id=new) for item in items if item.item_id in moved)
    return replace(memory, items=rest), replace(memory, id=new, opened=opened, items=apart)


def remembered_together(story_id: str, memories: Sequence[StoryMemory]) -> StoryMemory:
    """What is remembered of several open stories that are one: the items of ``story_id`` come first."""
    ordered = sorted(memories, key=lambda memory: (memory.id != story_id, memory.opened))
    return StoryMemory(
        id=story_id,
        first=min(memory.first for memory in memories),
        last=max(memory.last for memory in memories),
        grown=max(memory.grown for memory in memories),
        opened=ordered[0].opened,
        items=tuple(replace(item, story_id=story_id) for memory in ordered for item in memory.items),
    )


def _rooted(item: ItemMemory, roots: Mapping[str, str | None]) -> ItemMemory:
    if item.item_id not in roots:
        return item
    kept = replace(unpack(item.trace), root=roots[item.item_id] or item.item_id)
    return replace(item, trace=pack(kept))
