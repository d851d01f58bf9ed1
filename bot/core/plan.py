"""What another configuration would change: the one in force and the one of the files, held side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.inforce import ALERT, CHANNEL, DIGEST, FEEDS, TOPIC, digest_of, of_part
from bot.core.moments import weekday_clock
from bot.core.slots import next_slot
from bot.core.text import one_line
from bot.model import DigestSpec, Feed, InForce, Subscription

ADDED, REMOVED, CHANGED = "+", "−", "~"
_NOTHING = "none"
_TIMES = ("name", "schedule", "timezone")

Spelled = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Part → name → content, as ``core.inforce`` writes it down."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing that would be added, removed or otherwise."""

    sign: str
    name: str
    text: str = ""
    """What of it, in words."""


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def feed_changes(
    known: Sequence[Subscription], wanted: Sequence[Feed], in_force: Sequence[InForce]
) -> list[Change]:
    """Added, dropped, moved and changed feeds, by name.

    A feed that left and one that came count as one that moved where the new address is the one at which the
    old one is polled by now, or where both have the same title.
    """
    before = {each.feed_id: each for each in known}
    old = {each.feed_id: each for each in known if each.configured}
    new = {feed.id: feed for feed in wanted}
    gone = [each for feed_id, each in old.items() if feed_id not in new]
    came = [feed for feed_id, feed in new.items() if feed_id not in old]
    moved = _moves(gone, came)
    left = {each.feed_id for each, _ in moved}
    arrived = {feed.id for _, feed in moved}
    paced = of_part(in_force, FEEDS).get("paced")
    changes = [
        Change(sign=ADDED, name=_title(feed), text=_address(feed, before.get(feed.id)))
        for feed in came
        if feed.id not in arrived
    ]
    changes += [
        Change(sign=REMOVED, name=one_line(each.title) or each.configured_url, text=each.configured_url)
        for each in gone
        if each.feed_id not in left
    ]
    changes += [
        Change(sign=CHANGED, name=_title(feed), text=f"moved: {each.configured_url} → {feed.url}")
        for each, feed in moved
    ]
    for feed in wanted:
        stored = old.get(feed.id)
        told = [*_feed_differences(stored, feed, paced)] if stored else []
        if told:
            changes.append(Change(sign=CHANGED, name=_title(feed), text="; ".join(told)))
    return changes


def _moves(gone: Sequence[Subscription], came: Sequence[Feed]) -> list[tuple[Subscription, Feed]]:
    pairs, free = [], list(came)
    for each in gone:
        found = next((feed for feed in free if _is_same(each, feed)), None)
        if found is not None:
            free.remove(found)
            pairs.append((each, found))
    return pairs


def _is_same(known: Subscription, feed: Feed) -> bool:
    return feed.url == known.url or bool(feed.title and feed.title == known.title)


def _address(feed: Feed, known: Subscription | None) -> str:
    return f"{feed.url} (known from before)" if known else feed.url


def _feed_differences(known: Subscription, feed: Feed, paced: InForce | None) -> Iterator[str]:
    if known.title != feed.title:
        yield f"title “{one_line(known.title)}” → “{one_line(feed.title)}”"
    yield from _listed("tags", known.tags, feed.tags)
    if known.enabled != feed.enabled:
        yield "switched on" if feed.enabled else "switched off"
    if paced is None:
        return
    before = paced.content.get(feed.id) or {"every": None, "language": None}
    every = feed.every.total_seconds() if feed.every else None
    if before["every"] != every:
        yield f"every {_seconds(before['every'])} → {_seconds(every)}"
    if before["language"] != feed.language:
        yield f"language {before['language'] or _NOTHING} → {feed.language or _NOTHING}"


def _seconds(value: float | None) -> str:
    return "as it publishes" if value is None else f"{value / 60:g} min"


def _title(feed: Feed) -> str:
    return one_line(feed.title) or feed.url


# ── what is told ─────────────────────────────────────────────────────────────────────────────────


def digest_changes(
    in_force: Sequence[InForce], wanted: Mapping[str, DigestSpec], spelled: Spelled, now: datetime
) -> list[Change]:
    """Digests that come, go or change, with their next slots before and after."""
    known = of_part(in_force, DIGEST)
    changes = []
    for name, spec in wanted.items():
        slot = _slot(spec, now)
        if name not in known:
            text = f"first on {slot}; {', '.join(spec.topics)}; to {', '.join(spec.channels)}"
            changes.append(Change(sign=ADDED, name=name, text=text))
            continue
        told = [*_differences(known[name].content, spelled[DIGEST][name], skip=_TIMES)]
        old = digest_of(known[name])
        before = _slot(old, now) if old else "an unknown time"
        if old is None or (old.schedule, old.timezone) != (spec.schedule, spec.timezone):
            told.insert(0, f"next on {before} → {slot}" if before != slot else f"other times, next on {slot}")
        if told:
            changes.append(Change(sign=CHANGED, name=name, text="; ".join(told)))
    for name, each in known.items():
        if name not in wanted:
            old = digest_of(each)
            text = f"would have come on {_slot(old, now)}" if old else ""
            changes.append(Change(sign=REMOVED, name=name, text=text))
    return changes


def part_changes(
    in_force: Sequence[InForce], part: str, wanted: Mapping[str, Mapping[str, Any]]
) -> list[Change]:
    """Alerts, channels, topics or tables of settings that come, go or change."""
    known = of_part(in_force, part)
    changes = [
        Change(sign=ADDED, name=name, text=_described(part, content))
        for name, content in wanted.items()
        if name not in known
    ]
    changes += [Change(sign=REMOVED, name=name) for name in known if name not in wanted]
    for name, content in wanted.items():
        if name in known and (told := [*_described_differences(part, known[name].content, content)]):
            changes.append(Change(sign=CHANGED, name=name, text="; ".join(told)))
    return changes


def _described(part: str, content: Mapping[str, Any]) -> str:
    if part == ALERT:
        return f"{', '.join(content['topics'])}; to {', '.join(content['channels'])}"
    return str(content["type"]) if part == CHANNEL else ""


def _described_differences(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if part == CHANNEL:
        if before.get("type") != after.get("type"):
            yield f"type {before.get('type')} → {after.get('type')}"
        elif before != after:
            yield "its options or the mail server changed"
    elif part == TOPIC:
        if before != after:
            yield "judged otherwise: its query, its examples, entities or the corpus changed"
    else:
        yield from _differences(before, after)


def _slot(spec: DigestSpec, now: datetime) -> str:
    slot = next_slot(spec, now)
    return weekday_clock(slot, ZoneInfo(spec.timezone)) if slot else "no day any more"


# ── fields ───────────────────────────────────────────────────────────────────────────────────────


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any], skip: Iterable[str] = ("name",), above: str = ""
) -> Iterator[str]:
    """``topics +labs −deals``, ``max_stories 20 → 30``: field by field; of tables inside tables too."""
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if name in skip or old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, (), f"{above}{name}.")
        elif isinstance(old, list) and isinstance(new, list):
            yield from _listed(above + name, old, new)
        else:
            yield f"{above}{name} {_spell(old)} → {_spell(new)}"


def _listed(name: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    """What came and went; nothing but the order: the whole list."""
    came = [f"+{each}" for each in after if each not in before]
    went = [f"−{each}" for each in before if each not in after]
    if came or went:
        yield f"{name} {' '.join([*came, *went])}"
    elif list(before) != list(after):
        yield f"{name} in another order: {', '.join(map(str, after))}"


def _spell(value: Any) -> str:
    """A value as the files have it; spans of time come as ISO 8601 (``P1DT12H``)."""
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith("P") and value[-1:] in "DHMSW":
        return value[1:].replace("T", " ").strip().lower()
    return " ".join(map(_spell, value)) if isinstance(value, list) else str(value)
