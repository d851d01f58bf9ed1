"""Stories: which items belong together, and whole stories with all that was decided about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    exists,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from bot.core.urls import host
from bot.model import GROUPING, EditKind, Item, Member, Placement, Story, StoryEdit, Verdict
from bot.storage.dialects import Dialect, batches
from bot.storage.items import ITEM_COLUMNS, item_of, occurs, on_topic, verdicts_of
from bot.storage.merges import absorb, survivors
from bot.storage.schema import feeds, items, placements, stories, story_edits, verdicts

PRIMARY = "primary"
"""The tag of feeds whose publisher is a party to what it reports."""

_AT_ONCE = 500
"""Rows in memory where all of them would be too many."""
_PLACEMENT = tuple(each.name for each in fields(Placement))
_PLACEMENT_COLUMNS = tuple(placements.c[name] for name in _PLACEMENT)
# Names that `Item` has as well would shadow each other in a row.
_FEED_COLUMNS = (feeds.c.title.label("feed_title"), feeds.c.tags.label("feed_tags"))
_STORY_COLUMNS = (stories.c.first_seen, stories.c.last_seen, stories.c.muted_at)


class SqlStories:
    """``ports.StoryStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def open_items(self, since: datetime) -> Iterator[tuple[Item, Placement]]:
        """Placed items of stories last seen after ``since``, in the order they were placed."""
        query = (
            select(*ITEM_COLUMNS, *_PLACEMENT_COLUMNS)
            .join(placements, placements.c.item_id == items.c.id)
            .join(stories, stories.c.id == placements.c.story_id)
            .where(stories.c.last_seen > since)
            .order_by(placements.c.position)
        )
        rows = self._connection.execute(query.execution_options(yield_per=_AT_ONCE))
        return ((item_of(row), _placement_of(row)) for row in rows)

    def place(self, placed: Sequence[Placement], now: datetime) -> None:
        """Add items to their stories, opening those that are new. An item stays where it was placed first.

        A story is seen when its items are: ``first_seen`` and ``last_seen`` span their first sights.
        Raises ``LookupError`` where an item is not stored.
        """
        # Two that place at once would both find the same items unplaced.
        self._dialect.hold(self._connection, "placements")
        first: dict[str, Placement] = {}
        for each in placed:
            first.setdefault(each.item_id, each)
        seen = self._unplaced(list(first))
        new = self._led([each for each in first.values() if each.item_id in seen])
        if not new:
            return
        spans: dict[str, list[datetime]] = defaultdict(list)
        for each in new:
            spans[each.story_id].append(seen[each.item_id])
        self._stretch({story_id: (min(times), max(times)) for story_id, times in spans.items()})
        # Executed row by row, so the positions that the engine counts follow the order given.
        self._connection.execute(
            insert(placements),
            [{name: getattr(each, name) for name in _PLACEMENT} | {"placed_at": now} for each in new],
        )
        for each in new:
            for other in each.merges:
                absorb(self._connection, _merge(each, other, now))

    def _led(self, placed: Sequence[Placement]) -> Sequence[Placement]:
        """None may go into a story that became part of another one: nobody would see it there."""
        led = survivors(self._connection, {each.story_id for each in placed})
        return [replace(each, story_id=led.get(each.story_id, each.story_id)) for each in placed]

    def placement(self, item_id: str) -> Placement | None:
        """Where an item was placed."""
        row = self._connection.execute(
            select(*_PLACEMENT_COLUMNS).where(placements.c.item_id == item_id)
        ).one_or_none()
        return None if row is None else _placement_of(row)

    def unplaced(self, item_ids: Sequence[str]) -> Collection[str]:
        """Those of the items that are in no story yet."""
        return self._unplaced(item_ids).keys()

    def touched(self, topics: Sequence[str], window_start: datetime) -> Sequence[Story]:
        """Stories with an item first seen after ``window_start`` and a matched verdict for one of the topics.

        Also those that were put together, taken apart or unmuted since, however old: nobody may have heard of
        them.
        Whole stories, first seen first: all members, each with its matched verdicts. The two conditions
        may hold for different members: a follow-up too short to match by itself touches its story.
        """
        lately = (
            select(placements.c.story_id)
            .join(items, items.c.id == placements.c.item_id)
            .where(or_(items.c.seen_at > window_start, items.c.judged_at > window_start))
        )
        edited = (
            select(each).where(story_edits.c.at > window_start)
            for each in (story_edits.c.story_id, story_edits.c.other)
        )
        query = (
            select(stories.c.id)
            .where(stories.c.id.in_(union_all(lately, *edited)), _has_verdict(topics))
            .order_by(stories.c.first_seen, stories.c.id)
        )
        return self._whole(query)

    def get(self, story_id: str) -> Story | None:
        """A whole story; the one that it became part of where it did."""
        story_id = survivors(self._connection, [story_id]).get(story_id, story_id)
        return next(iter(self._whole(select(stories.c.id).where(stories.c.id == story_id))), None)

    def search(
        self, *, topic: str | None, since: datetime | None, words: Sequence[str], limit: int
    ) -> Sequence[Story]:
        """Stories last seen after ``since``, newest first, in which one item has all the words."""
        query = select(stories.c.id).where(exists().where(placements.c.story_id == stories.c.id))
        if words:
            query = query.where(_has_member(occurs(words)))
        if topic is not None:
            matched = placements.c.item_id == verdicts.c.item_id
            query = query.where(
                stories.c.id.in_(
                    select(placements.c.story_id).join(verdicts, matched).where(on_topic([topic]))
                )
            )
        if since is not None:
            query = query.where(stories.c.last_seen > since)
        return self._whole(query.order_by(stories.c.last_seen.desc(), stories.c.id).limit(limit))

    def _unplaced(self, item_ids: Sequence[str]) -> Mapping[str, datetime]:
        """Item id → its first sight, for those of the items that have no place yet."""
        seen: dict[str, datetime] = {}
        stored = 0
        query = select(items.c.id, items.c.seen_at, placements.c.position).outerjoin(placements)
        for some in batches(item_ids):
            for row in self._connection.execute(query.where(items.c.id.in_(some))):
                stored += 1
                if row.position is None:
                    seen[row.id] = row.seen_at
        if stored < len(item_ids):
            raise LookupError(f"{len(item_ids) - stored} of the items to place are not stored")
        return seen

    def _stretch(self, spans: Mapping[str, tuple[datetime, datetime]]) -> None:
        """Open these stories, or stretch those that are there, to what was seen (first, last)."""
        stored: dict[str, Row[Any]] = {}
        for some in batches(sorted(spans)):
            rows = self._connection.execute(select(stories).where(stories.c.id.in_(some)))
            stored.update((row.id, row) for row in rows)
        opened = [
            {"id": story_id, "first_seen": first, "last_seen": last}
            for story_id, (first, last) in spans.items()
            if story_id not in stored
        ]
        if opened:
            self._connection.execute(insert(stories), opened)
        for story_id, known in stored.items():
            first, last = spans[story_id]
            wider = {"first_seen": min(first, known.first_seen), "last_seen": max(last, known.last_seen)}
            self._connection.execute(update(stories).where(stories.c.id == story_id).values(wider))

    def _whole(self, query: Select[Any]) -> Sequence[Story]:
        """The stories whose ids ``query`` gives, in its order: three statements for 500 stories."""
        story_ids: Sequence[str] = self._connection.scalars(query).all()
        rows: dict[str, list[Row[Any]]] = defaultdict(list)
        for some in batches(story_ids):
            for row in self._connection.execute(_members().where(placements.c.story_id.in_(some))):
                rows[row.story_id].append(row)
        item_ids = [row.item_id for some in rows.values() for row in some]
        matched = verdicts_of(self._connection, item_ids, matched=True)
        return [
            Story(
                id=story_id,
                members=tuple(_member_of(row, matched.get(row.item_id, ())) for row in rows[story_id]),
                first_seen=rows[story_id][0].first_seen,
                last_seen=rows[story_id][0].last_seen,
                muted=rows[story_id][0].muted_at is not None,
            )
            for story_id in story_ids
        ]


def _members() -> Select[Any]:
    return (
        select(*ITEM_COLUMNS, *_PLACEMENT_COLUMNS, *_FEED_COLUMNS, *_STORY_COLUMNS)
        .join(placements, placements.c.item_id == items.c.id)
        .join(stories, stories.c.id == placements.c.story_id)
        .outerjoin(feeds, feeds.c.feed_id == items.c.feed_id)
        .order_by(items.c.seen_at, placements.c.position)
    )


def _has_member(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        placements.c.story_id == stories.c.id, items.c.id == placements.c.item_id, condition
    )


def _has_verdict(topics: Sequence[str]) -> ColumnElement[bool]:
    """Whether a member matched one of the topics."""
    return exists().where(
        placements.c.story_id == stories.c.id,
        verdicts.c.item_id == placements.c.item_id,
        verdicts.c.matched,
        # Not the bare column: SQLite would go through all verdicts of the topics for each story.
        func.coalesce(verdicts.c.topic_id, "").in_(topics),
    )


def _placement_of(row: Row[Any]) -> Placement:
    stored = {name: row._mapping[placements.c[name]] for name in _PLACEMENT}
    return Placement(**stored | {"merges": stored["merges"] or ()})  # of old rows nothing is known


def _merge(placed: Placement, other: str, now: datetime) -> StoryEdit:
    return StoryEdit(
        kind=EditKind.MERGE,
        story_id=placed.story_id,
        other=other,
        items=(placed.item_id,),
        at=now,
        by=GROUPING,
        because=placed.because,
    )


def _member_of(row: Row[Any], matched: tuple[Verdict, ...]) -> Member:
    item = item_of(row)
    return Member(
        item=item,
        placement=_placement_of(row),
        verdicts=matched,
        source=host(item.url).removeprefix("www.") or row.feed_title or item.feed_id,
        primary=PRIMARY in (row.feed_tags or ()),
        tags=row.feed_tags or (),
    )
