"""The database's stories: what belongs together, and what grouping remembers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.model import (
    GroupingChange,
    GroupingState,
    Item,
    Placement,
    Placing,
    Story,
    StoryEdit,
    StoryMemory,
    WordMemory,
)


class StoryStore(Protocol):
    def open_items(self, since: datetime) -> Iterator[tuple[Item, Placement]]:
        """Placed items of stories last seen after ``since``, in the order they were placed."""
        ...

    def place(self, placements: Sequence[Placement], now: datetime) -> None:
        """Add items to their stories, opening those that are new, and put together what they merge."""
        ...

    def placement(self, item_id: str) -> Placement | None: ...

    def unplaced(self, item_ids: Sequence[str]) -> Collection[str]:
        """Those of the items that are in no story yet."""
        ...

    def touched(self, topics: Sequence[str], window_start: datetime) -> Sequence[Story]:
        """Stories with an item seen or judged after ``window_start`` and a match for one of the topics.

        Whole stories: all members, each with its matched verdicts.
        """
        ...

    def get(self, story_id: str) -> Story | None:
        """By its id, or that of a story which became part of it."""
        ...

    def search(
        self, *, topic: str | None, since: datetime | None, words: Sequence[str], limit: int
    ) -> Sequence[Story]: ...


class StoryEdits(Protocol):
    """What was done to stories beside items joining them."""

    def find(self, reference: str) -> Sequence[str]:
        """Stories, as they are now, by an id or its beginning; also by one that became part of another."""
        ...

    def merge(self, edit: StoryEdit) -> None:
        """Make ``edit.other`` part of ``edit.story_id``."""
        ...

    def split(self, edit: StoryEdit, roots: Mapping[str, str | None], *, told: bool) -> None:
        """Make items of ``edit.story_id`` a story of their own, ``edit.other``.

        ``roots``: items whose text is another one's now, ``None`` for their own. ``told``: what was told of
        the whole counts for both; else the new one is untold, but for what was told before it was merged.
        """
        ...

    def mute(self, edit: StoryEdit) -> None:
        """Mute a story, or end that."""
        ...

    def history(self, story_id: str) -> Sequence[StoryEdit]:
        """What was done to a story and to those that are part of it, oldest first."""
        ...

    def placings(self, story_id: str) -> Mapping[str, Placing]:
        """Item id → when it was placed, and in which story then."""
        ...


class GroupingStore(Protocol):
    """What grouping remembers of open stories; all of it can be made anew from their items."""

    def state(self) -> GroupingState | None:
        """Where grouping stands; ``None`` before anything was stored."""
        ...

    def words(self, asked: Collection[str]) -> Mapping[str, WordMemory]:
        """Word → what is remembered of it; unknown words are absent."""
        ...

    def stories(self, item_ids: Collection[str]) -> Sequence[StoryMemory]:
        """The whole stories that these items are in, of those that were not forgotten."""
        ...

    def hold(self, turn: int) -> bool:
        """Keep others from storing until this transaction ends.

        ``False`` where another run was stored since the one that began at ``turn``.
        """
        ...

    def store(self, change: GroupingChange) -> None:
        """Remember what a run of grouping changed. Its placements are stored before, in this transaction."""
        ...

    def forget(self, window: float, limit: int) -> int:
        """Drop up to so many stories that did not grow for ``window`` days, and what finds them.

        Returns how many.
        """
        ...

    def clear(self) -> None:
        """Forget everything, so that it can be made anew."""
        ...
