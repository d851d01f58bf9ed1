"""The database: one protocol a store, and the transaction over all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import (
    Advice,
    AdviceKey,
    AdviceOutcome,
    AdviceRecord,
    Answer,
    Borderline,
    Delivery,
    DeliveryState,
    Feed,
    FeedState,
    GroupingChange,
    GroupingState,
    Item,
    Judgement,
    KnownItem,
    Notice,
    Placement,
    ScoreTally,
    Settlement,
    Story,
    StoryMemory,
    Telling,
    Verdict,
    Window,
    WordMemory,
)


class FeedStore(Protocol):
    def sync(self, feeds: Sequence[Feed], now: datetime) -> None:
        """Give every configured feed a state; a feed that left the configuration is polled no more."""
        ...

    def set_right(self, now: datetime) -> None:
        """Make due what was polled in the future, by a clock that was wrong."""
        ...

    def claim_due(
        self, now: datetime, limit: int, lease: timedelta, *, likeliest: bool = False
    ) -> Sequence[FeedState]:
        """Take up to ``limit`` feeds that are due; nobody else gets them until the lease ends.

        The longest due come first, or those in which a new item is ``likeliest``.
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

    def note(self, notices: Sequence[Notice]) -> None:
        """Keep what people should know of feeds."""
        ...

    def notices(self, since: datetime) -> Sequence[Notice]:
        """What was noted after ``since``, oldest first."""
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

    def verdicts(self, item_id: str) -> Sequence[Verdict]: ...

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

    def prune(self, before: datetime) -> int:
        """Forget the texts, and the verdicts that did not match, of judged items first seen before.

        Headline, address and identity stay: an article that comes back is known again. Returns how many.
        """
        ...


class StoryStore(Protocol):
    def open_items(self, since: datetime) -> Iterator[tuple[Item, Placement]]:
        """Placed items of stories last seen after ``since``, in the order they were placed."""
        ...

    def place(self, placements: Sequence[Placement], now: datetime) -> None:
        """Add items to their stories, opening those that are new."""
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

    def get(self, story_id: str) -> Story | None: ...

    def search(
        self, *, topic: str | None, since: datetime | None, words: Sequence[str], limit: int
    ) -> Sequence[Story]: ...


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

    def forget(self, window: float) -> int:
        """Drop stories that did not grow for ``window`` days, and what finds them. Returns how many."""
        ...

    def clear(self) -> None:
        """Forget everything, so that it can be made anew."""
        ...


class Outbox(Protocol):
    def told(self, channel: str, story_ids: Sequence[str]) -> Mapping[str, Telling]:
        """Story id → what the channel was last told of it."""
        ...

    def add(self, deliveries: Sequence[Delivery], tellings: Sequence[Telling]) -> int:
        """Write deliveries and what they tell. A key that is there already is left alone.

        Returns how many deliveries are new.
        """
        ...

    def claim(self, now: datetime, limit: int, lease: timedelta) -> Sequence[Delivery]:
        """Lease due deliveries; a lease, not a delete, and not yet an attempt.

        One whose lease ran out comes again; ``interrupted`` where an attempt had begun and never reported.
        """
        ...

    def release(self) -> int:
        """End all leases: for a process that knows it is the only one. Returns how many."""
        ...

    def begin_attempt(self, key: str, attempt: int) -> bool:
        """Note, before the first byte goes out, that an attempt begins (state ``sending``).

        ``attempt``: as claimed. ``False`` where somebody else began one since, or ended it: then don't send.
        """
        ...

    def settle(self, settlement: Settlement) -> None: ...

    def deliveries(
        self, *, state: DeliveryState | None, limit: int, story_id: str | None = None
    ) -> Sequence[Delivery]:
        """Newest first; ``story_id`` keeps those that told that story."""
        ...

    def retry(self, keys: Sequence[str], now: datetime) -> int:
        """Make dead or unknown deliveries pending again. Returns how many."""
        ...

    def told_since(self, channel: str, origin: str, since: datetime) -> int:
        """How many stories this origin told the channel after ``since`` (for the alert budget)."""
        ...

    def prune(self, before: datetime) -> int:
        """Drop what was sent or died before. What was told stays remembered. Returns how many."""
        ...

    def slot(self, digest: str, at: datetime, now: datetime) -> bool:
        """Take the digest slot ``at``; ``False`` where it was taken before."""
        ...

    def last_slot(self, digest: str) -> datetime | None: ...

    def last_composed(self, digest: str, channel: str, before: datetime) -> datetime | None:
        """The latest slot before ``before`` for which the channel got a message of this digest."""
        ...


class FeedbackStore(Protocol):
    """What readers answered; nothing is ever dropped."""

    def add(self, answer: Answer) -> None: ...

    def answers(self, *, withdrawn: bool = False) -> tuple[Answer, ...]:
        """Pending and adopted ones, or with those that were withdrawn, in the order of answering.

        In a writing transaction they stay as they are until it ends.
        """
        ...

    def adopt(self, ids: Sequence[str], now: datetime) -> None: ...

    def withdraw(self, ids: Sequence[str], now: datetime) -> None: ...


class AdviceStore(Protocol):
    """What advisors were asked and said."""

    def in_question(
        self, where: Sequence[Borderline], advisor: str, *, since: datetime, tries: int, limit: int
    ) -> Sequence[tuple[Item, Verdict]]:
        """Verdicts without advice on items judged after ``since``, newest first.

        Leaves out what this advisor was asked ``tries`` times without a useful answer.
        """
        ...

    def known(self, key: AdviceKey) -> Advice | None: ...

    def record(self, advisor: str, since: datetime) -> AdviceRecord:
        """Counts what was asked after ``since``, whoever was; others that ask wait until this ends."""
        ...

    def begin(self, key: AdviceKey, now: datetime) -> int:
        """Note, before the question goes out, that it is asked. Returns its number."""
        ...

    def end(self, number: int, outcome: AdviceOutcome, until: datetime | None = None) -> None:
        """Note what came of a question, and until when no other one is asked."""
        ...

    def prune(self, before: datetime) -> int:
        """Drop what was asked before. Returns how many."""
        ...


class DriftStore(Protocol):
    """Stored verdicts in numbers. Leaves out items that were already old when their feed was polled first."""

    def begins(self, where: Borderline, since: datetime) -> datetime | None:
        """First sight of the oldest item after ``since`` with a verdict of that topic and profile."""
        ...

    def tally(self, where: Borderline, edges: Sequence[float], window: Window) -> ScoreTally:
        """Count the scores of items first seen in a window; ``edges`` part the bins, lowest first."""
        ...

    def sample(self, where: Borderline, window: Window, limit: int) -> Sequence[Item]:
        """Some items of a window whose score is in question or above; always the same ones."""
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
    def outbox(self) -> Outbox: ...
    @property
    def feedback(self) -> FeedbackStore: ...
    @property
    def advice(self) -> AdviceStore: ...
    @property
    def drift(self) -> DriftStore: ...


class Store(Protocol):
    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        ...

    def read(self) -> AbstractContextManager[Tx]:
        """A transaction that sees one moment of the database, waits for no writer and can't write."""
        ...
