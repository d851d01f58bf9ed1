"""What grouping remembers: words with the items found by them, open stories with their items' traces."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    Row,
    Table,
    delete,
    insert,
    select,
    update,
)

from bot.model import GroupingChange, GroupingState, ItemMemory, StoryMemory, WordMemory
from bot.storage.columns import Words
from bot.storage.dialects import Dialect, batches
from bot.storage.schema import kept_apart, metadata, stories

# What grouping remembers of the open stories, so that it need not read them again. All of it can be made
# anew from the items; days are those of the articles' dates, so times here are numbers.
grouping = Table(
    "grouping",
    metadata,
    # One row.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("articles", Integer, nullable=False),
    Column("clock", Double),
    Column("latest", Double),
    Column("newest", Words),
    Column("opened", Integer, nullable=False),
)

words = Table(
    "words",
    metadata,
    # A hash: PostgreSQL refuses index entries beyond 2,704 bytes, and hostile feeds have such words.
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("found_in", Integer, nullable=False),
    Column("capital", Integer, nullable=False),
    Column("small", Integer, nullable=False),
    Column("holders", Words, nullable=False),
    Column("last", Double, nullable=False),
)

open_stories = Table(
    "open_stories",
    metadata,
    Column("story_id", Words, ForeignKey("stories.id"), primary_key=True),
    Column("first", Double, nullable=False),
    Column("last", Double, nullable=False),
    Column("grown", Double, nullable=False),
    Column("opened", Integer, nullable=False),
)

traces = Table(
    "traces",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("item_id", Words, ForeignKey("items.id"), nullable=False, unique=True),
    Column(
        "story_id", Words, ForeignKey("open_stories.story_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("trace", LargeBinary, nullable=False),
)

_THE_ROW = 1
_STATE = tuple(each.name for each in fields(GroupingState))
_COUNTS = ("found_in", "capital", "small")
_WORD = (*_COUNTS, "holders", "last")
_SPAN = ("first", "last", "grown", "opened")
_OPEN = select(open_stories, stories.c.muted_at).join(stories, stories.c.id == open_stories.c.story_id)


class SqlGrouping:
    """``ports.GroupingStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def state(self) -> GroupingState | None:
        """Where grouping stands; ``None`` before anything was stored."""
        row = self._connection.execute(select(*(grouping.c[name] for name in _STATE))).one_or_none()
        return None if row is None else GroupingState(**row._mapping)

    def words(self, asked: Collection[str]) -> Mapping[str, WordMemory]:
        """Word → what is remembered of it; unknown words are absent."""
        by_key = {_key(word): word for word in asked}
        found: dict[str, WordMemory] = {}
        query = select(words.c.key, *(words.c[name] for name in _WORD))
        for some in batches(sorted(by_key)):
            for key, *known in self._connection.execute(query.where(words.c.key.in_(some))):
                found[by_key[key]] = WordMemory(**dict(zip(_WORD, known, strict=True)))
        return found

    def stories(self, item_ids: Collection[str]) -> Sequence[StoryMemory]:
        """The whole stories that these items are in, of those that were not forgotten."""
        names: set[str] = set()
        for some in batches(sorted(item_ids)):
            names.update(
                self._connection.scalars(select(traces.c.story_id).where(traces.c.item_id.in_(some)))
            )
        members: dict[str, list[ItemMemory]] = defaultdict(list)
        apart: dict[str, set[str]] = defaultdict(set)
        spans: list[Row[Any]] = []
        for some in batches(sorted(names)):
            query = select(traces.c.item_id, traces.c.story_id, traces.c.trace)
            inside = query.where(traces.c.story_id.in_(some)).order_by(traces.c.position)
            for row in self._connection.execute(inside):
                members[row.story_id].append(ItemMemory(**row._mapping))
            for pair in self._connection.execute(select(kept_apart).where(kept_apart.c.story_id.in_(some))):
                apart[pair.story_id].add(pair.other)
            spans += self._connection.execute(_OPEN.where(open_stories.c.story_id.in_(some)))
        return [
            StoryMemory(
                id=row.story_id,
                items=tuple(members[row.story_id]),
                apart=frozenset(apart[row.story_id]),
                muted=row.muted_at is not None,
                **{name: row._mapping[name] for name in _SPAN},
            )
            for row in spans
        ]

    def hold(self, turn: int) -> bool:
        """Keep others from storing until this transaction ends.

        ``False`` where another run was stored since the one that began at ``turn``.
        """
        self._dialect.hold(self._connection, "grouping")
        state = self.state()
        return state is None or state.turn == turn

    def store(self, change: GroupingChange) -> None:
        """Remember what a run of grouping changed; its items' stories are stored already."""
        if change.faded:
            self._connection.execute(update(words).values({name: words.c[name] // 2 for name in _COUNTS}))
        state = {name: getattr(change.state, name) for name in _STATE}
        self._put(grouping, "id", [state | {"id": _THE_ROW, "turn": change.state.turn + 1}])
        self._put(words, "key", [_row(word, known) for word, known in change.words.items()])
        self._put(
            open_stories,
            "story_id",
            [
                {"story_id": story.id} | {name: getattr(story, name) for name in _SPAN}
                for story in change.stories
            ],
        )
        self._rewrite(change.rewritten, change.gone)
        self._add(change.items)

    def _rewrite(self, whole: Sequence[StoryMemory], gone: Sequence[str]) -> None:
        """Replace all that is remembered of these stories; the ``gone`` went into them."""
        for some in batches(sorted({*gone, *(story.id for story in whole)})):
            self._connection.execute(delete(traces).where(traces.c.story_id.in_(some)))
        for some in batches(sorted(gone)):
            self._connection.execute(delete(open_stories).where(open_stories.c.story_id.in_(some)))
        for story in whole:
            self._add(story.items)

    def _add(self, items: Sequence[ItemMemory]) -> None:
        if items:
            columns = ("item_id", "story_id", "trace")
            rows = [{name: getattr(item, name) for name in columns} for item in items]
            self._connection.execute(insert(traces), rows)

    def forget(self, window: float, limit: int) -> int:
        """Drop what no item can be compared with any more: ``window`` days without growth.

        Up to so many stories; returns how many that closes.
        """
        state = self.state()
        if state is None or state.clock is None:
            return 0
        oldest = state.clock - window
        grown = open_stories.c.grown
        idle = select(open_stories.c.story_id).where(grown < oldest).order_by(grown).limit(limit)
        closed = self._connection.execute(delete(open_stories).where(open_stories.c.story_id.in_(idle)))
        if closed.rowcount < limit:
            self._forget_words(oldest)
        return closed.rowcount

    def _forget_words(self, oldest: float) -> None:
        idle = update(words).where(words.c.last < oldest, words.c.holders != "")
        self._connection.execute(idle.values(holders=""))
        uncounted = [words.c[name] == 0 for name in _COUNTS]
        self._connection.execute(delete(words).where(words.c.holders == "", *uncounted))

    def clear(self) -> None:
        """Forget everything, so that it can be made anew."""
        for table in (traces, open_stories, words, grouping):
            self._connection.execute(delete(table))

    def _put(self, table: Any, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            names = [name for name in rows[0] if name != key]
            self._connection.execute(self._dialect.put(table, key=key, update=names), rows)


def _key(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big", signed=True)


def _row(word: str, known: WordMemory) -> dict[str, Any]:
    return {
        "key": _key(word),
        "found_in": known.found_in,
        "capital": known.capital,
        "small": known.small,
        "holders": known.holders,
        "last": known.last,
    }
