"""What people do to stories: merged, split and muted, with who and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from sqlalchemy import Connection, func, insert, or_, select, update

from bot.core.editing import homes
from bot.model import EditKind, Placing, StoryEdit, Telling
from bot.storage.dialects import Dialect
from bot.storage.merges import absorb, divide, names, note, survivors
from bot.storage.outbox import SqlOutbox
from bot.storage.schema import placements, stories, story_edits, tellings

_EDIT = tuple(story_edits.c[each.name] for each in fields(StoryEdit))
_TELLING = tuple(each.name for each in fields(Telling))
_SEVERAL = 20


class SqlEdits:
    """``ports.StoryEdits``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def find(self, reference: str) -> Sequence[str]:
        """Stories, as they are now, by an id or its beginning; also by one that became part of another."""
        query = select(stories.c.id).where(stories.c.id.startswith(reference, autoescape=True))
        found: Sequence[str] = self._connection.scalars(query.order_by(stories.c.id).limit(_SEVERAL)).all()
        if reference in found:
            found = [reference]
        led = survivors(self._connection, found)
        return list(dict.fromkeys(led.get(story_id, story_id) for story_id in found))

    def merge(self, edit: StoryEdit) -> None:
        """Make ``edit.other`` part of ``edit.story_id``."""
        absorb(self._connection, edit)

    def split(self, edit: StoryEdit, roots: Mapping[str, str | None], *, told: bool) -> None:
        """Make items of ``edit.story_id`` a story of their own, ``edit.other``.

        ``roots``: items whose text is another one's now, ``None`` for their own. ``told``: what was told of
        the whole counts for both; else the new one is untold, but for what was told before it was merged.
        """
        if told:
            self._tell_alike(edit.story_id, edit.other)
        parts = homes(self.placings(edit.story_id), self.history(edit.story_id))
        moved = {part: own for part, own in parts.items() if own <= {*edit.items}}
        divide(self._connection, edit, roots, moved)

    def mute(self, edit: StoryEdit) -> None:
        """Mute a story, or end that."""
        at = edit.at if edit.kind is EditKind.MUTE else None
        self._connection.execute(update(stories).where(stories.c.id == edit.story_id).values(muted_at=at))
        note(self._connection, edit)

    def history(self, story_id: str) -> Sequence[StoryEdit]:
        """What was done to a story and to those that are part of it, oldest first."""
        known = names(self._connection, story_id)
        concerned = or_(story_edits.c.story_id.in_(known), story_edits.c.other.in_(known))
        rows = self._connection.execute(select(*_EDIT).where(concerned).order_by(story_edits.c.position))
        return [replace(StoryEdit(**row._mapping), kind=EditKind(row.kind)) for row in rows]

    def placings(self, story_id: str) -> Mapping[str, Placing]:
        """Item id → when it was placed, and in which story then."""
        origin = func.coalesce(placements.c.placed_in, placements.c.story_id).label("origin")
        query = select(placements.c.item_id, placements.c.placed_at, origin)
        rows = self._connection.execute(query.where(placements.c.story_id == story_id))
        return {row.item_id: Placing(at=row.placed_at, story_id=row.origin) for row in rows}

    def _tell_alike(self, story_id: str, other: str) -> None:
        """Have ``other`` count as told what ``story_id`` does, on every channel."""
        known = names(self._connection, story_id)
        query = select(tellings.c.channel).where(tellings.c.story_id.in_(known)).distinct()
        outbox = SqlOutbox(self._connection, self._dialect)
        for channel in self._connection.scalars(query.order_by(tellings.c.channel)).all():
            told = replace(outbox.told(channel, [story_id])[story_id], story_id=other)
            self._connection.execute(insert(tellings), {name: getattr(told, name) for name in _TELLING})
