"""People's edits of stories: split, merged, muted. Each is one transaction; grouping knows of it at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.core.editing import homes, remembered_apart, remembered_together, roots_apart, split_id
from bot.model import EditKind, GroupingChange, GroupingState, Story, StoryEdit, StoryMemory
from bot.pipeline.deps import Deps
from bot.ports import Tx


def merge(deps: Deps, tx: Tx, story: Story, others: Sequence[Story], *, by: str, because: str = "") -> None:
    """Make the others part of a story, whatever kept them apart. Whether it is muted stays as it is."""
    state = _held(tx)
    memories = _memories(tx, [story, *others])
    for other in others:
        tx.edits.merge(
            StoryEdit(
                kind=EditKind.MERGE,
                story_id=story.id,
                other=other.id,
                at=deps.clock.now(),
                by=by,
                because=because,
            )
        )
    whole = [remembered_together(story.id, memories)] if memories else []
    _remember(tx, state, whole, gone=[other.id for other in others])


def split(
    deps: Deps,
    tx: Tx,
    story: Story,
    items: Collection[str],
    *,
    by: str,
    because: str = "",
    told: bool = False,
) -> str:
    """Take some, not all, of a story's items apart from the others. Returns the new story of the two.

    That is theirs, unless all that the story was before others were merged into it are among them: those keep
    its id and what was told of it, and the others are the new one. ``told``: channels that were told of the
    whole are not told of the new one; else it is as good as new.
    """
    state = _held(tx)
    own = homes(tx.edits.placings(story.id), tx.edits.history(story.id)).get(story.id)
    if own and own <= {*items}:
        items = {member.item.id for member in story.members} - {*items}
    memories = _memories(tx, [story])
    new = split_id(story.id, items, len(tx.edits.history(story.id)))
    roots = roots_apart(story, items)
    edit = StoryEdit(
        kind=EditKind.SPLIT,
        story_id=story.id,
        other=new,
        items=tuple(member.item.id for member in story.members if member.item.id in items),
        at=deps.clock.now(),
        by=by,
        because=because,
    )
    tx.edits.split(edit, roots, told=told)
    if state is not None:
        state = replace(state, opened=state.opened + 1)
        opened = state.opened
        memories = [
            part for memory in memories for part in remembered_apart(memory, new, items, roots, opened)
        ]
    _remember(tx, state, memories)
    return new


def mute(deps: Deps, tx: Tx, story: Story, *, muted: bool, by: str, because: str = "") -> None:
    """Tell nothing of a story, nor of what joins it later; or tell it again."""
    state = _held(tx)
    kind = EditKind.MUTE if muted else EditKind.UNMUTE
    tx.edits.mute(StoryEdit(kind=kind, story_id=story.id, at=deps.clock.now(), by=by, because=because))
    _remember(tx, state)


def _held(tx: Tx) -> GroupingState | None:
    """Where grouping stands; nobody else moves it until the transaction ends."""
    tx.grouping.hold(0)
    return tx.grouping.state()


def _memories(tx: Tx, stories: Sequence[Story]) -> Sequence[StoryMemory]:
    """What grouping remembers of those that are open."""
    return tx.grouping.stories([member.item.id for story in stories for member in story.members])


def _remember(
    tx: Tx, state: GroupingState | None, whole: Sequence[StoryMemory] = (), gone: Sequence[str] = ()
) -> None:
    """Store it as a turn of its own: whoever groups meanwhile begins again."""
    if state is not None:
        tx.grouping.store(GroupingChange(state=state, stories=whole, rewritten=whole, gone=gone))
