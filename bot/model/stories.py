"""Stories: items about one event, and what was told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.feeds import Item
from bot.model.judging import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """The part of an item that grouping looks at."""

    id: str
    title: str
    summary: str = ""
    body: str = ""
    source: str = ""
    """Host name of the publisher."""
    published: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Which story an item joined or opened."""

    item_id: str
    story_id: str
    opens: bool
    copy_of: str | None = None
    """Id of the item whose text this one repeats."""
    similarity: float = 0.0
    because: str = ""
    merges: tuple[str, ...] = ()
    """Ids of stories that became part of this one by the item."""


class EditKind(StrEnum):
    MERGE = "merge"
    SPLIT = "split"
    MUTE = "mute"
    UNMUTE = "unmute"


GROUPING = "grouping"
"""Who merged stories where no person did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryEdit:
    """What changed a story beside items that joined it."""

    kind: EditKind
    story_id: str
    other: str = ""
    """The story that became part of it, or that was split off."""
    items: tuple[str, ...] = ()
    """Those split off; of a merge by grouping, the item by which it came to light."""
    at: datetime
    by: str
    """A person's name, or :data:`GROUPING`."""
    because: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placing:
    """When an item was placed, and where: its story may have become part of another since."""

    at: datetime
    story_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An item inside a story, with its placement and the verdicts that matched."""

    item: Item
    placement: Placement
    verdicts: tuple[Verdict, ...] = ()
    source: str = ""
    primary: bool = False
    """Published by a party to the event (its feed is tagged ``primary``)."""
    tags: tuple[str, ...] = ()
    """Of its feed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Items about one event. ``members`` in order of first sight."""

    id: str
    members: tuple[Member, ...]
    first_seen: datetime
    last_seen: datetime
    muted: bool = False
    """A person wants to hear nothing of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a story states in figures and names; compared to see whether there is news in it."""

    parties: tuple[str, ...] = ()
    chips: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateDecision:
    """Whether a story had news for a channel that had been told it, and why."""

    channel: str
    story_id: str
    at: datetime
    revision: int
    """The telling that it was compared with."""
    material: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """What a channel was last told of a story."""

    channel: str
    story_id: str
    revision: int
    """1 for the first telling, then one more an update. Of a note that it waits: minus the one before."""
    told_at: datetime
    origin: str
    """Name of the digest or alert rule that told it."""
    title: str
    """Its headline when it was first told: every later telling keeps it, since mail threads by subject."""
    sources: int
    """Independent sources it had then, without those that cite others of them."""
    facts: Facts
