"""What a poll changes: which items are new, which were edited, and what to remember of the feed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.cadence import backoff, next_poll, rhythm
from bot.core.text import digest, words
from bot.model import (
    Feed,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    Item,
    KnownItem,
    NotModified,
    PollPlan,
)

NOT_A_FEED = "not-a-feed"
"""Kind of the failure that stands for a body that could be fetched and not be read."""
GONE = "gone"
"""Kind of the failure that ends polling: the server answered 410."""

# A feed in which nothing happens is asked ever more rarely, until something does.
_SLOWING = 1.1


@dataclass(frozen=True, kw_only=True, slots=True)
class PollPolicy:
    """Bounds of polling, as configured."""

    min_interval: timedelta = timedelta(minutes=5)
    max_interval: timedelta = timedelta(hours=24)
    unknown_interval: timedelta = timedelta(hours=1)
    """For a feed whose items have no dates."""
    longest_backoff: timedelta = timedelta(hours=24)
    baseline_age: timedelta = timedelta(hours=24)
    """What a feed's first poll finds older than this (or undated) is known from then on, and not told."""


def body_hash(body: bytes) -> str:
    """What tells one body of a feed from another, for servers that send no validators."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def is_new_body(outcome: FetchOutcome, state: FeedState) -> bool:
    """Whether there is a body that wasn't taken in before, so that it is worth parsing."""
    return isinstance(outcome, Fetched) and body_hash(outcome.body) != state.body_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class _Visit:
    """What every outcome of a poll is judged with."""

    feed: Feed
    now: datetime
    jitter: float
    policy: PollPolicy


def plan_poll(
    feed: Feed,
    state: FeedState,
    outcome: FetchOutcome,
    items: tuple[Item, ...],
    known: Mapping[str, KnownItem],
    *,
    now: datetime,
    jitter: float,
    policy: PollPolicy,
    ttl: timedelta | None = None,
) -> PollPlan:
    """Decide what one poll changes; touches nothing.

    ``items`` are those of a new body, empty otherwise; ``known`` holds what the store has under any of
    their keys; ``jitter`` is from 0 to 1; ``ttl`` is the document's. A body that is no feed comes as
    ``FetchFailed(kind=NOT_A_FEED)``. A failure never forgets what is known: validators, body hash and
    items stay.
    """
    visit = _Visit(feed=feed, now=now, jitter=jitter, policy=policy)
    match outcome:
        case FetchFailed():
            return _failed(visit, state, outcome)
        case NotModified() if state.last_full_at is None:
            unasked = FetchFailed(
                kind="status", detail="304 Not Modified, but nothing was read yet", status=304
            )
            return _failed(visit, state, unasked)
        case NotModified():
            return _unchanged(visit, _well(state, now), outcome.fresh_for)
        case Fetched():
            read = replace(
                _well(state, now),
                etag=outcome.etag,
                modified=outcome.modified,
                body_hash=body_hash(outcome.body),
                last_full_at=now,
            )
            if read.body_hash == state.body_hash:
                return _unchanged(visit, read, outcome.fresh_for)
            if state.last_full_at is None:
                items = tuple(_baseline(item, visit) for item in items)
            return _taken_in(visit, read, items, known, max(outcome.fresh_for, ttl or timedelta(0)))


def _well(state: FeedState, now: datetime) -> FeedState:
    return replace(state, failures=0, failing_since=None, last_polled_at=now, last_ok_at=now)


def _baseline(item: Item, visit: _Visit) -> Item:
    """Mark what was old when its feed was first polled, or has no date to show that it wasn't."""
    old = item.published is None or item.published < visit.now - visit.policy.baseline_age
    return replace(item, baseline=old)


def _taken_in(
    visit: _Visit, state: FeedState, items: tuple[Item, ...], known: Mapping[str, KnownItem], wait: timedelta
) -> PollPlan:
    intake = _sorted_out(items, known)
    state = replace(state, rhythm=rhythm((item.published for item in items), visit.now) or state.rhythm)
    counts = f"{len(intake.new)} new, {len(intake.revised)} revised, {intake.unchanged} unchanged"
    return PollPlan(
        state=replace(state, next_poll_at=_due(visit, state, wait), last_result=counts),
        new=tuple(intake.new),
        revised=tuple(intake.revised),
        seen=intake.seen,
        unchanged=intake.unchanged,
        result="new" if intake.new else "unchanged",
    )


def _unchanged(visit: _Visit, state: FeedState, fresh_for: timedelta) -> PollPlan:
    slower = None if state.rhythm is None else min(state.rhythm * _SLOWING, visit.policy.max_interval)
    state = replace(state, rhythm=slower, last_result="unchanged")
    return PollPlan(state=replace(state, next_poll_at=_due(visit, state, fresh_for)), result="unchanged")


def _due(visit: _Visit, state: FeedState, wait: timedelta) -> datetime:
    """``every`` is the user's word and wins over the feed's rhythm, its hints and our bounds."""
    feed, policy = visit.feed, visit.policy
    if feed.every is not None:
        return next_poll(feed.id, visit.now, feed.every, timedelta(0), visit.jitter)
    usual = state.rhythm if state.rhythm is not None else policy.unknown_interval
    interval = min(max(usual, policy.min_interval), policy.max_interval)
    wait = min(max(wait, policy.min_interval), policy.max_interval)
    due = next_poll(feed.id, visit.now, interval, wait, visit.jitter)
    return min(due, visit.now + policy.max_interval)


def _failed(visit: _Visit, state: FeedState, outcome: FetchFailed) -> PollPlan:
    policy, failures = visit.policy, state.failures + 1
    base = max(visit.feed.every or policy.min_interval, policy.min_interval)
    pause = backoff(failures, base, policy.longest_backoff) * (1 + 0.1 * visit.jitter)
    wait = min(max(pause, outcome.retry_after or pause), policy.longest_backoff)
    gone = outcome.kind == GONE
    return PollPlan(
        state=replace(
            state,
            failures=failures,
            failing_since=state.failing_since or visit.now,
            last_polled_at=visit.now,
            next_poll_at=visit.now + wait,
            last_result=f"{outcome.kind}: {outcome.detail}"[:500],
            disabled=f"the publisher took it down for good ({outcome.detail})" if gone else state.disabled,
        ),
        result=outcome.kind if outcome.kind in (GONE, NOT_A_FEED) else "failed",
    )


@dataclass(kw_only=True, slots=True)
class _Intake:
    """Items of one document, sorted by what is known of them."""

    new: list[Item]
    revised: list[Item]
    seen: dict[str, str]
    unchanged: int = 0


def _sorted_out(items: tuple[Item, ...], known: Mapping[str, KnownItem]) -> _Intake:
    """An item is known by any of its keys, the strongest first; no two share what the store has.

    Only the feed that it was first seen in edits an item: two feeds that word one article differently would
    else take turns for ever.
    """
    intake = _Intake(new=[], revised=[], seen={})
    claimed: set[str] = set()
    for item in items:
        found = [known[key] for key in item.keys if key in known]
        match = next((k for k in found if k.item_id not in claimed and _same_article(item, k)), None)
        item_id = match.item_id if match else _fresh_id(item, found)
        strongest = known.get(item.keys[0]) if item.keys else None
        if item_id in claimed or (match is None and strongest and strongest.item_id in claimed):
            intake.unchanged += 1  # a second entry for an item that this document had already
            intake.seen.update((key, known[key].item_id) for key in item.keys if key in known)
            continue
        claimed.add(item_id)
        intake.seen.update((key, known[key].item_id if key in known else item_id) for key in item.keys)
        if match is None:
            intake.new.append(replace(item, id=item_id))
        elif match.content_hash != item.content_hash and match.feed_id == item.feed_id:
            intake.revised.append(replace(item, id=item_id))
        else:
            intake.unchanged += 1
    return intake


def _same_article(item: Item, known: KnownItem) -> bool:
    """Whether what a key found is this article, and not an earlier one whose guid the publisher uses again.

    Another address and a headline that shares no more than a quarter of its words is another article.
    """
    if not (item.canonical_url and known.canonical_url) or item.canonical_url == known.canonical_url:
        return True
    ours, theirs = set(words(item.title)), set(words(known.title))
    return len(ours & theirs) > len(ours | theirs) / 4


def _fresh_id(item: Item, found: Sequence[KnownItem]) -> str:
    """The item's own id, unless an earlier article has it under a guid that is used again."""
    if any(item.id == each.item_id for each in found):
        return digest((item.id, item.canonical_url))
    return item.id
