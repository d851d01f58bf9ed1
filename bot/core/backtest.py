"""Stored verdicts against those that another judge would give: what would be told otherwise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nlargest

from bot.model import Item, Verdict


class Kind(StrEnum):
    """What would become of an item."""

    ADDED = "additional"
    """It matches a topic where it matched none, or one more."""
    DROPPED = "no longer"
    MOVED = "another topic"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """How one topic's verdict about an item changes; ``None``: there is none."""

    topic: str
    before: float | None
    after: float | None
    matched_before: bool
    matched_after: bool
    why: str = ""
    """The share that differs most, in words."""

    @property
    def decides(self) -> bool:
        return self.matched_before != self.matched_after


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An item that would match other topics than it does."""

    kind: Kind
    item: Item
    shifts: tuple[Shift, ...]
    """Of the topics in question, the widest first."""
    headline_only: bool = False
    """Its text was forgotten since: judged by its headline, it may be another decision for that alone."""

    @property
    def weight(self) -> float:
        """Distance between the scores, of the topic that changes most."""
        return max(abs((shift.after or 0.0) - (shift.before or 0.0)) for shift in self.shifts)


@dataclass(kw_only=True, slots=True)
class Tally:
    """What a backtest has found by now; holds the widest changes and counts the rest."""

    limit: int
    items: int = 0
    headline_only: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    topics: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """(topic id, whether it gains) → items."""
    matched_before: int = 0
    """Items that match a topic as it is stored."""
    matched_after: int = 0
    changes: list[Change] = field(default_factory=list)
    gaining: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Topic id → ids of all items that would match it in addition."""

    def add(self, changes: Iterable[Change]) -> None:
        """Count changes, and keep the widest ones of each kind."""
        for change in changes:
            self.kinds[change.kind] += 1
            self.topics.update((shift.topic, shift.matched_after) for shift in change.shifts if shift.decides)
            for shift in change.shifts:
                if shift.matched_after:
                    self.gaining[shift.topic].append(change.item.id)
            self.changes.append(change)
        if len(self.changes) > 2 * self.limit * len(Kind):
            self.changes = self.widest()

    def widest(self) -> list[Change]:
        """The widest changes of each kind, at most ``limit`` a kind."""
        return [
            change
            for kind in Kind
            for change in nlargest(
                self.limit,
                (each for each in self.changes if each.kind is kind),
                key=lambda change: (change.weight, change.item.id),
            )
        ]

    @property
    def changed(self) -> int:
        """Items that would match other topics."""
        return self.kinds.total()


def compare(
    item: Item, before: Sequence[Verdict], after: Sequence[Verdict], *, headline_only: bool = False
) -> Change | None:
    """What changes for an item; ``None`` where it matches the same topics as before.

    A topic without a verdict does not match.
    """
    old, new = _matched(before), _matched(after)
    gained, lost = new - old, old - new
    if not gained and not lost:
        return None
    kind = Kind.MOVED if gained and lost else Kind.ADDED if gained else Kind.DROPPED
    was, will = _by_topic(before), _by_topic(after)
    shifts = [_shift(topic, was.get(topic), will.get(topic)) for topic in sorted(gained | lost)]
    shifts.sort(key=lambda shift: -abs((shift.after or 0.0) - (shift.before or 0.0)))
    return Change(kind=kind, item=item, shifts=tuple(shifts), headline_only=headline_only)


def _matched(verdicts: Sequence[Verdict]) -> set[str]:
    return {verdict.topic_id for verdict in verdicts if verdict.matched}


def _by_topic(verdicts: Sequence[Verdict]) -> Mapping[str, Verdict]:
    return {verdict.topic_id: verdict for verdict in verdicts}


def _shift(topic: str, before: Verdict | None, after: Verdict | None) -> Shift:
    return Shift(
        topic=topic,
        before=before.score if before else None,
        after=after.score if after else None,
        matched_before=bool(before and before.matched),
        matched_after=bool(after and after.matched),
        why=_why(before, after),
    )


def _why(before: Verdict | None, after: Verdict | None) -> str:
    """``query −2.6 → +1.3: title: “custom chip”``; what differs most, as it is now."""
    if after is None:
        return "the topic is not watched any more"
    if before is None:
        return "there is no verdict of before"
    was = {share.signal: share.share for share in before.shares}
    will = {share.signal: share for share in after.shares}
    widest = max(
        sorted(was.keys() | will.keys()),
        key=lambda name: abs((will[name].share if name in will else 0.0) - was.get(name, 0.0)),
    )
    old, new = was.get(widest, 0.0), will[widest].share if widest in will else 0.0
    if old == new:
        return f"threshold {before.threshold:.2f} → {after.threshold:.2f}"
    return f"{widest} {old:+.1f} → {new:+.1f}" + (f": {will[widest].detail}" if widest in will else "")
