"""Rows of stories that are put together or taken apart, shared by the stores that see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from bot.core.parts import Part
from bot.model import StoryEdit
from bot.storage.dialects import batches
from bot.storage.schema import items, kept_apart, placements, redirects, stories, story_edits

_EDIT = tuple(each.name for each in fields(StoryEdit))


def survivors(connection: Connection, story_ids: Collection[str]) -> Mapping[str, str]:
    """Where those of the stories went that became part of others."""
    found: dict[str, str] = {}
    for some in batches(sorted(story_ids)):
        query = select(redirects.c.story_id, redirects.c.survivor).where(redirects.c.story_id.in_(some))
        found.update((row.story_id, row.survivor) for row in connection.execute(query))
    return found


def parts(connection: Connection, story_ids: Collection[str]) -> Mapping[str, Mapping[str, Part]]:
    """What those of the stories that are made of several are made of, by id; the story itself comes first."""
    found: dict[str, dict[str, Part]] = defaultdict(dict)
    for some in batches(sorted(story_ids)):
        query = select(redirects).where(redirects.c.survivor.in_(some)).order_by(redirects.c.story_id)
        for row in connection.execute(query):
            of_story = found[row.survivor]
            texts = min(row.survivor_texts, of_story.get(row.survivor, Part(texts=row.survivor_texts)).texts)
            of_story[row.survivor] = Part(texts=texts)
            of_story[row.story_id] = Part(texts=row.texts, since=row.at)
    return found


def names(connection: Connection, story_id: str) -> Sequence[str]:
    """All ids by which a story is known: its own first."""
    return list(parts(connection, [story_id]).get(story_id, [story_id]))


def note(connection: Connection, edit: StoryEdit) -> None:
    """Keep what was done to a story."""
    row = {name: getattr(edit, name) for name in _EDIT} | {"kind": edit.kind.value}
    connection.execute(insert(story_edits), row)


def absorb(connection: Connection, edit: StoryEdit) -> None:
    """Make ``edit.other`` part of ``edit.story_id``: items move, and whoever asks for it is led there."""
    into, other = edit.story_id, edit.other
    led = {"survivor": into, "survivor_texts": _texts(connection, into), "at": edit.at}
    connection.execute(update(redirects).where(redirects.c.survivor == other).values(led))
    own = {"story_id": other, "texts": _texts(connection, other)}
    connection.execute(insert(redirects), own | led)
    _move(connection, placements.c.story_id == other, other, into)
    _respan(connection, into)
    _keep_apart(connection, into, _apart(connection, other))
    connection.execute(
        delete(kept_apart).where(or_(kept_apart.c.story_id == other, kept_apart.c.other == other))
    )
    note(connection, edit)


def divide(
    connection: Connection,
    edit: StoryEdit,
    roots: Mapping[str, str | None],
    parts_moved: Mapping[str, Collection[str]],
) -> None:
    """Make the items of the edit a story of their own, ``edit.other``, never to be merged with the rest.

    ``roots``: ``copy_of`` of items, on both sides, whose text is another one's now. ``parts_moved``: parts
    that go as a whole, with their items; they keep what was told of them.
    """
    into, new = edit.story_id, edit.other
    (span,) = connection.execute(
        select(stories.c.first_seen, stories.c.last_seen).where(stories.c.id == into)
    )
    connection.execute(insert(stories), {"id": new, **span._mapping})
    for some in batches(edit.items):
        inside = and_(placements.c.item_id.in_(some), placements.c.story_id == into)
        _move(connection, inside, into, new)
    for item_id, root in roots.items():
        connection.execute(update(placements).where(placements.c.item_id == item_id).values(copy_of=root))
    for story_id in (into, new):
        _respan(connection, story_id)
    _lead_parts(connection, into, new, parts_moved)
    _keep_apart(connection, new, {into, *_apart(connection, into)})
    note(connection, edit)


def _move(connection: Connection, which: ColumnElement[bool], source: str, target: str) -> None:
    """Put placements into another story, with a note where they were placed."""
    first = func.coalesce(placements.c.placed_in, source)
    connection.execute(update(placements).where(which).values(story_id=target, placed_in=first))


def _texts(connection: Connection, story_id: str) -> int:
    """Texts that a story has of those which were placed in it, not in its parts."""
    own = and_(placements.c.story_id == story_id, func.coalesce(placements.c.placed_in, story_id) == story_id)
    query = select(func.count()).where(own, placements.c.copy_of.is_(None))
    return connection.scalar(query) or 0


def _respan(connection: Connection, story_id: str) -> None:
    """A story is seen when its items are."""
    query = (
        select(func.min(items.c.seen_at), func.max(items.c.seen_at))
        .join(placements, placements.c.item_id == items.c.id)
        .where(placements.c.story_id == story_id)
    )
    first, last = connection.execute(query).one()
    span = {"first_seen": first, "last_seen": last}
    connection.execute(update(stories).where(stories.c.id == story_id).values(span))


def _lead_parts(
    connection: Connection, old: str, new: str, parts_moved: Mapping[str, Collection[str]]
) -> None:
    """Lead the parts of ``old`` all of whose items moved on to ``new``."""
    inside = select(placements.c.item_id).where(placements.c.story_id == new, placements.c.copy_of.is_(None))
    originals = {*connection.scalars(inside)}
    for part, own in parts_moved.items():
        moved = update(redirects).where(redirects.c.story_id == part, redirects.c.survivor == old)
        connection.execute(moved.values(survivor=new, survivor_texts=len(originals - {*own})))


def _apart(connection: Connection, story_id: str) -> set[str]:
    return set(connection.scalars(select(kept_apart.c.other).where(kept_apart.c.story_id == story_id)))


def _keep_apart(connection: Connection, story_id: str, others: Collection[str]) -> None:
    """Note that a story is none of the others."""
    missing = set(others) - _apart(connection, story_id) - {story_id}
    rows: list[dict[str, Any]] = []
    for other in sorted(missing):
        rows += [{"story_id": story_id, "other": other}, {"story_id": other, "other": story_id}]
    if rows:
        connection.execute(insert(kept_apart), rows)
