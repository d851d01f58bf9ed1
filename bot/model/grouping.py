"""What grouping remembers between two runs: words, open stories, and where the clock stands.

Times are days since the epoch, as the articles' dates give them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class WordMemory:
    """A word of the stream, and the items that are found by it."""

    found_in: int = 0
    """Articles that have it."""
    capital: int = 0
    """Times that it stood inside a sentence with a capital."""
    small: int = 0
    """Times that it stood inside a sentence without one."""
    holders: str = ""
    """The newest items that are found by it, packed by ``core.postings``."""
    last: float = 0.0
    """When the newest of them was placed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemMemory:
    """A placed item, as much of it as later ones are compared with."""

    item_id: str
    story_id: str
    trace: bytes
    """Packed by ``core.traces``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryMemory:
    """A story that may still grow."""

    id: str
    first: float
    last: float
    """Its items' dates span from ``first`` to ``last``."""
    grown: float
    """When it grew last; it closes a window later."""
    opened: int = 0
    """Counts the stories in the order in which they were opened."""
    items: tuple[ItemMemory, ...] = ()
    """In the order in which they joined."""
    apart: frozenset[str] = frozenset()
    """Stories that a person split from it, or it from them: never to be merged again."""
    muted: bool = False
    """What a person wants to hear nothing of, grouping merges with nothing that is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupingState:
    """Where grouping stands. Everything else that it remembers is only valid with it."""

    format: int
    """Version of what is remembered: another one is made anew from the open stories."""
    turn: int = 0
    """Counts the runs that were stored: who began at another one than the last must begin again."""
    articles: int = 0
    """How many articles the words' counts stand for."""
    clock: float | None = None
    latest: float | None = None
    newest: str | None = None
    """Id of the item that was placed last."""
    opened: int = 0
    """How many stories were opened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupingChange:
    """What one run adds to what grouping remembers."""

    state: GroupingState
    faded: bool = False
    """All counts of words are halved, before those in ``words`` are set."""
    words: Mapping[str, WordMemory] = field(default_factory=dict)
    stories: Sequence[StoryMemory] = ()
    """Without their items."""
    items: Sequence[ItemMemory] = ()
    """The new ones of stories that are not rewritten, in the order they were placed."""
    rewritten: Sequence[StoryMemory] = ()
    """Stories that lost items or took over others: with all that they have now."""
    gone: Sequence[str] = ()
    """Stories that became part of others."""
