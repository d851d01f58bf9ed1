"""The database: feeds, items, and the transaction over all stores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import (
    Feed,
    FeedState,
    Item,
    Judgement,
    KnownItem,
    Notice,
    Reach,
    Verdict,
    Window,
)
from bot.ports.census import CensusStore
from bot.ports.coverage import CoverageStore
from bot.ports.looking import GlanceStore, InForceStore
from bot.ports.opinions import AdviceStore, DriftStore, FeedbackStore, UpdateStore
from bot.ports.outbox import AlertStore, Outbox
from bot.ports.queue import AlarmStore, DeliveryQueue
from bot.ports.stories import GroupingStore, StoryEdits, StoryStore
from bot.ports.subscribers import UnsubscriptionStore


class FeedStore(Protocol):
    def sync(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Give every configured feed a state; a feed that left the configuration is polled no more."""
        ...

    def set_right(self, now: datetime, back: timedelta = timedelta(0)) -> None:
        """Make due what a clock that was ahead put off. ``back``: by how much it was set back just now."""
        ...

    def claim_due(
        self,
        now: datetime,
        limit: int,
        lease: timedelta,
        *,
        likeliest: bool = False,
        leave: Collection[str] = (),
    ) -> Sequence[FeedState]:
        """Take up to ``limit`` feeds that are due; nobody else gets them until the lease ends.

        The longest due come first, or those in which a new item is ``likeliest``. Those of ``leave`` stay.
        """
        ...

    def polled_since(self, since: datetime) -> int:
        """How many feeds were polled last after ``since``."""
        ...

    def claim(self, feed_ids: Sequence[str], now: datetime, lease: timedelta) -> Sequence[FeedState]:
        """Take these feeds whether due or not."""
        ...

    def release(self, now: datetime) -> int:
        """End all leases: for a process that knows it is the only one. Returns how many."""
        ...

    def lease(self, feed_ids: Sequence[str], until: datetime) -> None:
        """Move the end of these leases: of feeds that the caller has claimed. Now gives them back."""
        ...

    def save(self, states: Sequence[FeedState]) -> None:
        """Write feeds' states and end their leases."""
        ...

    def reach(self, before: datetime) -> Reach:
        """How many feeds can't be read; ``lasting`` counts those that fail since ``before`` or longer."""
        ...

    def note(self, notices: Sequence[Notice]) -> None:
        """Keep what people should know of feeds."""
        ...

    def notices(self, since: datetime) -> Sequence[Notice]:
        """What was noted after ``since``, oldest first."""
        ...

    def forget_notices(self, before: datetime, limit: int) -> int:
        """Drop up to so many of what was noted before. Returns how many."""
        ...

    def states(self) -> Mapping[str, FeedState]:
        """All states by feed id."""
        ...


class ItemStore(Protocol):
    def known(self, keys: Iterable[str]) -> Mapping[str, KnownItem]:
        """Identity key → what is stored under it; unknown keys are absent."""
        ...

    def add(self, items: Sequence[Item]) -> None: ...

    def revise(self, items: Sequence[Item]) -> None:
        """Replace the text of stored items (same id) and have them judged again."""
        ...

    def remember(self, seen: Mapping[str, str], now: datetime) -> None:
        """Note that these identity keys (key → item id) were published now."""
        ...

    def unjudged(self, limit: int) -> Sequence[Item]:
        """Items without verdicts: those that were new when they came before those that were old already.

        Oldest first by (published or seen, id).
        """
        ...

    def judge(self, judgements: Sequence[Judgement], now: datetime) -> Collection[str]:
        """Store items' verdicts in place of earlier ones and count them as judged. Returns their ids.

        Leaves alone what was edited since it was read.
        """
        ...

    def get(self, reference: str) -> Item | None:
        """By id, unique id prefix of at least six characters, publisher's or canonical address."""
        ...

    def beginning(self, prefix: str, limit: int) -> Sequence[Item]:
        """Items whose ids begin so; of many, a few."""
        ...

    def verdicts(self, item_id: str) -> Sequence[Verdict]: ...

    def judged_at(self, item_id: str) -> datetime | None:
        """When an item was judged last, be it without a verdict; ``None`` where it waits."""
        ...

    def search(
        self, *, topic: str | None, since: datetime | None, words: Sequence[str], limit: int
    ) -> Sequence[tuple[Item, Sequence[Verdict]]]:
        """Newest first, with the verdicts that matched. ``words`` must all occur in title or summary."""
        ...

    def judged(
        self,
        *,
        since: datetime | None = None,
        judged_after: datetime | None = None,
        corrected: bool = False,
        after: Item | None = None,
        limit: int,
    ) -> Sequence[tuple[Item, Sequence[Verdict]]]:
        """Judged items first seen after ``since``, oldest first, those behind ``after``; all their verdicts.

        ``corrected``: only those in whose verdicts answers have a share.
        """
        ...

    def missed(
        self, topics: Sequence[str], window: Window, least: float, limit: int
    ) -> Sequence[tuple[Item, Verdict]]:
        """Items of a window, new when they came, that reached ``least`` of a threshold and not all of it."""
        ...

    def count_judged(self, since: datetime | None) -> int: ...

    def amend(self, changed: Sequence[Verdict]) -> None:
        """Replace stored verdicts without counting their items as judged again."""
        ...

    def count_since(self, since: datetime) -> int:
        """Items first seen after ``since``."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Forget the texts, and the verdicts that did not match, of up to so many items first seen before.

        Headline, address and identity stay: an article that comes back is known again. Returns how many.
        """
        ...


class Tx(Protocol):
    """One transaction over all stores."""

    @property
    def feeds(self) -> FeedStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def stories(self) -> StoryStore: ...
    @property
    def grouping(self) -> GroupingStore: ...
    @property
    def edits(self) -> StoryEdits: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def queue(self) -> DeliveryQueue: ...
    @property
    def alarms(self) -> AlarmStore: ...
    @property
    def alerts(self) -> AlertStore: ...
    @property
    def updates(self) -> UpdateStore: ...
    @property
    def unsubscriptions(self) -> UnsubscriptionStore: ...
    @property
    def feedback(self) -> FeedbackStore: ...
    @property
    def advice(self) -> AdviceStore: ...
    @property
    def drift(self) -> DriftStore: ...
    @property
    def coverage(self) -> CoverageStore: ...
    @property
    def census(self) -> CensusStore: ...
    @property
    def in_force(self) -> InForceStore: ...
    @property
    def glance(self) -> GlanceStore: ...


class Store(Protocol):
    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        ...

    def unhurried(self) -> AbstractContextManager[Tx]:
        """As ``begin``, for work that can wait: it gives others time to write before it returns."""
        ...

    def tidy(self) -> bool:
        """Give a little of the room that is free back to the disk. Whether there is more."""
        ...

    def read(self) -> AbstractContextManager[Tx]:
        """A transaction that sees one moment of the database, waits for no writer and can't write."""
        ...
