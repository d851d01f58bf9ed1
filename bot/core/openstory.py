"""A story that may still grow: what it is compared by, and how much of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.resemblance import Common
from bot.core.traces import Trace, pack
from bot.model.grouping import ItemMemory, StoryMemory

_FOUNDERS, _NEWEST, _TOO_MANY = 8, 120, 192
"""Items of a story that are compared with: the first and the newest ones. More than a word finds (see
``core.postings``), since what is found and not kept is of no use."""
_LOOKED_AT = 8
"""Items by which two stories are held against each other."""


@dataclass(slots=True)
class OpenStory:
    """A story that may still grow."""

    id: str
    first: float
    last: float
    grown: float
    """When it grew last."""
    opened: int
    """Counts the stories in the order in which they were opened."""
    traces: dict[str, Trace] = field(default_factory=dict)
    """Of its items, in the order in which they joined; of a big story, the first and the newest."""
    shed: list[str] = field(default_factory=list)
    """Items that were in memory and are compared with no more."""
    apart: frozenset[str] = frozenset()
    """Stories that a person split from it, or it from them."""
    muted: bool = False
    common: Common | None = None
    """What they say together, where it is ready."""

    def newest(self) -> Sequence[Trace]:
        """The newest items: those by which it is held against another story."""
        return list(self.traces.values())[-_LOOKED_AT:]

    def days_from(self, day: float) -> float:
        """Distance of a day to the span that the story's items cover."""
        return max(self.first - day, day - self.last, 0.0)

    def add(self, item_id: str, kept: Trace, day: float, now: float) -> None:
        self.first, self.last, self.grown = min(self.first, day), max(self.last, day), now
        self.traces[item_id] = kept
        if self.common is not None:
            self.common.add(kept.outline())

    def take_over(self, other: OpenStory) -> None:
        """Make all of another story part of this one."""
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        self.grown = max(self.grown, other.grown)
        self.traces |= other.traces
        self.shed += other.shed
        self.apart |= other.apart - {self.id}
        self.common = None

    def lighten(self) -> list[str]:
        """Keep the first items and the newest ones where there are too many. Returns those left out.

        Not at every item: what the others say together must be added up again.
        """
        if len(self.traces) <= _TOO_MANY:
            return []
        items = list(self.traces)
        left_out = items[_FOUNDERS : len(items) - _NEWEST]
        for item_id in left_out:
            del self.traces[item_id]
        self.shed += left_out
        self.common = None
        return left_out


def span(story: OpenStory) -> StoryMemory:
    """A story as the store keeps it, without its items."""
    return StoryMemory(
        id=story.id, first=story.first, last=story.last, grown=story.grown, opened=story.opened
    )


def packed(item_id: str, story: OpenStory) -> ItemMemory:
    """An item of a story as the store keeps it."""
    return ItemMemory(item_id=item_id, story_id=story.id, trace=pack(story.traces[item_id]))
