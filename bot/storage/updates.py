"""Whether told stories had news, and why: a row for each decision that differs from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Table, func, insert, select

from bot.model import Telling, UpdateDecision
from bot.storage.columns import Frozen, Utc, Words
from bot.storage.dialects import Dialect, batches
from bot.storage.merges import names
from bot.storage.pruning import forget
from bot.storage.schema import metadata, tellings

# No foreign key to stories: what was decided is told of longer than a merged story has a row.
decisions = Table(
    "update_decisions",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("channel", Words, nullable=False),
    Column("story_id", Words, nullable=False),
    Column("at", Utc, nullable=False, index=True),
    # The telling that it was compared with.
    Column("revision", Integer, nullable=False),
    Column("material", Boolean, nullable=False),
    Column("reasons", Frozen(tuple), nullable=False),
    Index(None, "story_id", "channel"),
)

_DECISION = tuple(each.name for each in fields(UpdateDecision))
_COLUMNS = tuple(decisions.c[name] for name in _DECISION)


class SqlUpdates:
    """``ports.UpdateStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def record(self, decided: Sequence[UpdateDecision]) -> int:
        """Write down those that differ from the last one of their channel and story. Returns how many."""
        last = self._last([each.story_id for each in decided])
        new = [each for each in decided if last.get((each.channel, each.story_id)) != _substance(each)]
        if new:
            rows = [{name: getattr(each, name) for name in _DECISION} for each in new]
            self._connection.execute(insert(decisions), rows)
        return len(new)

    def heard(self, channel: str, since: datetime, limit: int) -> Sequence[Telling]:
        """The last telling of each story that the channel was told after ``since``, newest first."""
        query = (
            select(tellings)
            .where(tellings.c.channel == channel, tellings.c.told_at > since, tellings.c.revision > 0)
            .order_by(tellings.c.told_at.desc(), tellings.c.story_id, tellings.c.revision.desc())
        )
        last: dict[str, Telling] = {}
        for row in self._connection.execute(query.limit(limit)):
            last.setdefault(row.story_id, Telling(**row._mapping))
        return list(last.values())

    def of_story(self, story_id: str) -> Sequence[UpdateDecision]:
        """Oldest first, all channels."""
        query = (
            select(*_COLUMNS)
            .where(decisions.c.story_id.in_(names(self._connection, story_id)))
            .order_by(decisions.c.position)
        )
        return [UpdateDecision(**row._mapping) for row in self._connection.execute(query)]

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many that were decided before. Returns how many."""
        return forget(self._connection, decisions, decisions.c.at, before, limit)

    def _last(self, story_ids: Sequence[str]) -> dict[tuple[str, str], tuple[int, bool, tuple[str, ...]]]:
        found = {}
        for some in batches(sorted(set(story_ids))):
            latest = (
                select(func.max(decisions.c.position))
                .where(decisions.c.story_id.in_(some))
                .group_by(decisions.c.channel, decisions.c.story_id)
            )
            for row in self._connection.execute(select(*_COLUMNS).where(decisions.c.position.in_(latest))):
                found[row.channel, row.story_id] = _substance(UpdateDecision(**row._mapping))
        return found


def _substance(decision: UpdateDecision) -> tuple[int, bool, tuple[str, ...]]:
    return (decision.revision, decision.material, decision.reasons)
