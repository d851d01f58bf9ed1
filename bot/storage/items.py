"""Items, the identities by which they are known again, and their verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.core.correction import CORRECTED
from bot.core.text import fold
from bot.model import Item, Judgement, KnownItem, Verdict, Window
from bot.storage.columns import Utc
from bot.storage.dialects import Dialect, batches
from bot.storage.schema import KEPT, identities, items, verdicts

SHORTEST_PREFIX = 6

_ITEM = tuple(each.name for each in fields(Item))
_VERDICT = tuple(each.name for each in fields(Verdict))
# First sight stays what it was; the rest of a revised item is taken from the publisher.
_FIRST_SIGHT = {"id", "seen_at", "published", "baseline"}
_REVISABLE = tuple(name for name in _ITEM if name not in _FIRST_SIGHT)

_DERIVED = {"item_id", "worded"}
_KNOWN = (*(each.name for each in fields(KnownItem) if each.name not in _DERIVED), "worded")
_WORDED = or_(items.c.summary != "", items.c.body != "")
_KNOWN_COLUMNS = (*(items.c[name] for name in _KNOWN[:-1]), _WORDED)
ITEM_COLUMNS = tuple(items.c[name] for name in _ITEM)
_NEWEST = func.coalesce(items.c.published, items.c.seen_at)


class SqlItems:
    """``ports.ItemStore``."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def known(self, keys: Iterable[str]) -> Mapping[str, KnownItem]:
        """Identity key → what is stored under it; unknown keys are absent.

        Other writers that ask wait until this transaction ends: else two feeds with the same article,
        polled at once, would both find it new.
        """
        self._dialect.hold(self._connection, "identities")
        found: dict[str, KnownItem] = {}
        query = select(identities.c.key, identities.c.item_id, *_KNOWN_COLUMNS).join(items)
        for some in batches(sorted(set(keys))):
            for key, item_id, *known in self._connection.execute(query.where(identities.c.key.in_(some))):
                found[key] = KnownItem(item_id=item_id, **dict(zip(_KNOWN, known, strict=True)))
        return found

    def add(self, new: Sequence[Item]) -> None:
        """Store items with their identities. An id or key that is there already is left alone."""
        if not new:
            return
        rows = [{name: getattr(item, name) for name in _ITEM} | _derived(item) for item in new]
        self._connection.execute(
            self._dialect.add(items), [{**row, "revised": 0, "kept": True} for row in rows]
        )
        keys = {key: item for item in reversed(new) for key in item.keys}
        if keys:
            self._connection.execute(
                self._dialect.add(identities),
                [
                    {"key": key, "item_id": item.id, "last_seen_at": item.seen_at}
                    for key, item in sorted(keys.items(), key=lambda pair: pair[0])
                ],
            )

    def revise(self, changed: Sequence[Item]) -> None:
        """Replace the text of stored items (same id) and have them judged again.

        When they were first seen stays, and a date of publication only ever becomes an earlier one: an edit
        does not make an article new. It belongs to the feed that brings it as it is now. What was taken for
        old stays so, unless the revised item says it isn't.
        """
        if not changed:
            return
        revisable = {name: bindparam(f"new_{name}", type_=items.c[name].type) for name in _REVISABLE}
        statement = (
            update(items)
            .where(items.c.id == bindparam("which"))
            .values(
                **revisable,
                folded=bindparam("new_folded"),
                published=_earlier(items.c.published, bindparam("new_published", type_=Utc())),
                baseline=and_(items.c.baseline, bindparam("new_baseline")),
                revised=items.c.revised + 1,
                judged_at=None,
                kept=True,
            )
        )
        rows = [{name: getattr(item, name) for name in _ITEM} | _derived(item) for item in changed]
        self._connection.execute(
            statement, [{"which": row["id"]} | {f"new_{name}": row[name] for name in row} for row in rows]
        )

    def remember(self, seen: Mapping[str, str], now: datetime) -> None:
        """Note that these identity keys (key → item id) were published now. The first owner keeps a key."""
        if seen:
            # Sorted: two writers that lock rows in different orders would wait for each other for ever.
            self._connection.execute(
                self._dialect.put(identities, key="key", update=["last_seen_at"]),
                [{"key": key, "item_id": seen[key], "last_seen_at": now} for key in sorted(seen)],
            )

    def unjudged(self, limit: int) -> Sequence[Item]:
        """Items without verdicts: those that were new when they came before those that were old already.

        Oldest first by (published or seen, text, id): an id follows from the feed that had the article
        first, which is chance, and grouping goes by this order.
        """
        order = (items.c.baseline, _NEWEST, items.c.content_hash, items.c.id)
        waiting = select(items.c.id).where(items.c.judged_at.is_(None))
        first = waiting.order_by(*order).limit(limit).subquery()
        query = select(*ITEM_COLUMNS).join(first, first.c.id == items.c.id)
        return [item_of(row) for row in self._connection.execute(query.order_by(*order))]

    def judge(self, judgements: Sequence[Judgement], now: datetime) -> Collection[str]:
        """Store items' verdicts in place of earlier ones and count them as judged. Returns their ids.

        Leaves alone what was edited since it was read: its text waits for a judgement of its own.
        """
        if not judgements:
            return ()
        current = self._unedited(judgements)
        known = [each for each in judgements if each.item_id in current]
        if not known:
            return ()
        for some in batches(sorted(current)):
            self._connection.execute(
                update(items).where(items.c.id.in_(some)).values(judged_at=now, kept=True)
            )
            self._connection.execute(delete(verdicts).where(verdicts.c.item_id.in_(some)))
        rows = [
            {name: getattr(verdict, name) for name in _VERDICT} | {"judged_at": now}
            for each in known
            for verdict in each.verdicts
        ]
        if rows:
            self._connection.execute(insert(verdicts), rows)
        return current

    def _unedited(self, judgements: Sequence[Judgement]) -> Collection[str]:
        """Ids of the items that still have the text that was judged; nobody edits them until the end."""
        read = {each.item_id: each.content_hash for each in judgements}
        found: set[str] = set()
        for some in batches(sorted(read)):
            query = select(items.c.id, items.c.content_hash).where(items.c.id.in_(some)).with_for_update()
            found.update(
                row.id for row in self._connection.execute(query) if row.content_hash == read[row.id]
            )
        return found

    def prune(self, before: datetime, limit: int) -> int:
        """Forget the texts, and the verdicts that did not match, of judged items first seen before.

        The row stays with its hash: an article that comes back unchanged is known and unchanged. Up to
        ``limit``, the oldest first. Returns how many.
        """
        old = select(items.c.id, items.c.title).where(KEPT, items.c.seen_at < before)
        rows = self._connection.execute(old.order_by(items.c.seen_at).limit(limit)).all()
        for some in batches([row.id for row in rows]):
            idle = and_(verdicts.c.item_id.in_(some), verdicts.c.matched.is_(False))
            self._connection.execute(delete(verdicts).where(idle))
        if rows:
            bare = update(items).where(items.c.id == bindparam("which"))
            self._connection.execute(
                bare.values(summary="", body="", folded=bindparam("new_folded"), kept=False),
                [{"which": row.id, "new_folded": _folded(row.title, "")} for row in rows],
            )
        return len(rows)

    def get(self, reference: str) -> Item | None:
        """By id, address (the newest item that has it), or unique id prefix of at least six characters."""
        if not reference:
            # The address of items without a link.
            return None
        exact = or_(items.c.id == reference, items.c.url == reference, items.c.canonical_url == reference)
        query = (
            select(*ITEM_COLUMNS).where(exact).order_by(items.c.id != reference, _NEWEST.desc(), items.c.id)
        )
        row = self._connection.execute(query.limit(1)).one_or_none()
        if row is None and (item_id := self._by_prefix(reference)) is not None:
            row = self._connection.execute(select(*ITEM_COLUMNS).where(items.c.id == item_id)).one()
        return None if row is None else item_of(row)

    def verdicts(self, item_id: str) -> Sequence[Verdict]:
        """All verdicts of an item, matched or not, best score first."""
        return verdicts_of(self._connection, [item_id]).get(item_id, ())

    def judged_at(self, item_id: str) -> datetime | None:
        """When an item was judged last, be it without a verdict; ``None`` where it waits."""
        at: datetime | None = self._connection.scalar(select(items.c.judged_at).where(items.c.id == item_id))
        return at

    def search(
        self, *, topic: str | None, since: datetime | None, words: Sequence[str], limit: int
    ) -> Sequence[tuple[Item, Sequence[Verdict]]]:
        """Items first seen after ``since``, newest first by (published or seen), with what matched."""
        query = select(*ITEM_COLUMNS).where(occurs(words)).order_by(_NEWEST.desc(), items.c.id).limit(limit)
        if since is not None:
            query = query.where(items.c.seen_at > since)
        if topic is not None:
            query = query.where(exists().where(verdicts.c.item_id == items.c.id, on_topic([topic])))
        found = [item_of(row) for row in self._connection.execute(query)]
        matched = verdicts_of(self._connection, [item.id for item in found], matched=True)
        return [(item, matched.get(item.id, ())) for item in found]

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
        query = select(*ITEM_COLUMNS).where(_judged_since(since)).order_by(items.c.seen_at, items.c.id)
        if after is not None:
            later = and_(items.c.seen_at == after.seen_at, items.c.id > after.id)
            query = query.where(items.c.seen_at >= after.seen_at, or_(items.c.seen_at > after.seen_at, later))
        if judged_after is not None:
            query = query.where(items.c.judged_at > judged_after)
        if corrected:
            marked = verdicts.c.profile_version.contains(CORRECTED, autoescape=True)
            query = query.where(exists().where(verdicts.c.item_id == items.c.id, marked))
        found = [item_of(row) for row in self._connection.execute(query.limit(limit))]
        known = verdicts_of(self._connection, [item.id for item in found])
        return [(item, known.get(item.id, ())) for item in found]

    def missed(
        self, topics: Sequence[str], window: Window, least: float, limit: int
    ) -> Sequence[tuple[Item, Verdict]]:
        """Items of a window, new when they came, that reached ``least`` of a threshold and not all of it.

        The nearest first. An item that was vetoed may be among them, since its score would do.
        """
        part = verdicts.c.score / verdicts.c.threshold
        query = (
            select(*ITEM_COLUMNS, *(verdicts.c[name].label(f"of_{name}") for name in _VERDICT))
            .join(verdicts, verdicts.c.item_id == items.c.id)
            .where(
                items.c.seen_at > window.start,
                items.c.seen_at <= window.end,
                items.c.baseline.is_(False),
                verdicts.c.topic_id.in_(topics),
                verdicts.c.matched.is_(False),
                verdicts.c.threshold > 0,
                part >= least,
            )
            .order_by(part.desc(), items.c.id, verdicts.c.topic_id)
            .limit(limit)
        )
        return [
            (item_of(row), Verdict(**{name: row._mapping[f"of_{name}"] for name in _VERDICT}))
            for row in self._connection.execute(query)
        ]

    def count_judged(self, since: datetime | None) -> int:
        """Judged items first seen after ``since``."""
        return self._connection.scalar(select(func.count()).where(_judged_since(since))) or 0

    def amend(self, changed: Sequence[Verdict]) -> None:
        """Replace stored verdicts without counting their items as judged again: nothing is told for it."""
        if not changed:
            return
        amendable = [name for name in _VERDICT if name not in ("item_id", "topic_id")]
        statement = (
            update(verdicts)
            .where(verdicts.c.item_id == bindparam("of_item"), verdicts.c.topic_id == bindparam("on_topic"))
            .values({name: bindparam(f"new_{name}", type_=verdicts.c[name].type) for name in amendable})
        )
        rows = [
            {"of_item": each.item_id, "on_topic": each.topic_id}
            | {f"new_{name}": getattr(each, name) for name in amendable}
            for each in changed
        ]
        self._connection.execute(statement, rows)

    def count_since(self, since: datetime) -> int:
        """Items first seen after ``since``."""
        return self._connection.scalar(select(func.count()).where(items.c.seen_at > since)) or 0

    def beginning(self, prefix: str, limit: int) -> Sequence[Item]:
        """Items whose ids begin so; of many, a few."""
        query = select(*ITEM_COLUMNS).where(_begins(prefix)).order_by(items.c.id).limit(limit)
        return [item_of(row) for row in self._connection.execute(query)]

    def _by_prefix(self, prefix: str) -> str | None:
        if len(prefix) < SHORTEST_PREFIX:
            return None
        found = self._connection.scalars(select(items.c.id).where(_begins(prefix)).limit(2)).all()
        return found[0] if len(found) == 1 else None


def _begins(prefix: str) -> ColumnElement[bool]:
    return func.substr(items.c.id, 1, len(prefix), type_=items.c.id.type) == prefix


def item_of(row: Row[Any]) -> Item:
    """The item in a row that has at least ``ITEM_COLUMNS``."""
    return Item(**{name: row._mapping[items.c[name]] for name in _ITEM})


def verdicts_of(
    connection: Connection, item_ids: Sequence[str], *, matched: bool = False
) -> Mapping[str, tuple[Verdict, ...]]:
    """Item id → its verdicts, best score first; only those that matched where asked."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    query = select(*(verdicts.c[name] for name in _VERDICT)).order_by(
        verdicts.c.score.desc(), verdicts.c.topic_id
    )
    if matched:
        query = query.where(verdicts.c.matched)
    for some in batches(item_ids):
        for row in connection.execute(query.where(verdicts.c.item_id.in_(some))):
            found[row.item_id].append(Verdict(**row._mapping))
    return {item_id: tuple(some) for item_id, some in found.items()}


def _judged_since(since: datetime | None) -> ColumnElement[bool]:
    judged = items.c.judged_at.is_not(None)
    return judged if since is None else and_(judged, items.c.seen_at > since)


def on_topic(topics: Sequence[str]) -> ColumnElement[bool]:
    """The verdict matched one of these topics."""
    return and_(verdicts.c.matched, verdicts.c.topic_id.in_(topics))


def occurs(words: Sequence[str]) -> ColumnElement[bool]:
    """Every word stands in the item's title or summary, in whatever case, also as a part of a longer one."""
    return and_(True, *(items.c.folded.contains(fold(word), autoescape=True) for word in words))


def _earlier(stored: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """The earlier of two dates of which either may be missing."""
    return case((or_(stored.is_(None), new < stored), new), else_=stored)


def _derived(item: Item) -> dict[str, str]:
    return {"folded": _folded(item.title, item.summary)}


def _folded(title: str, summary: str) -> str:
    return f"{fold(title)}\n{fold(summary)}"
