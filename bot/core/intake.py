"""What a poll changes: which items are new, which were edited, and what to remember of the feed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import care
from bot.core.cadence import backoff, interval, next_poll, rhythm
from bot.core.identity import Sorted, sort_out
from bot.core.seen import SIZE as HASH
from bot.model import (
    Feed,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    Held,
    Item,
    KnownItem,
    Notice,
    NotModified,
    PollPlan,
    Reading,
    Visit,
)

NOT_A_FEED = "not-a-feed"
"""Kind of the failure that stands for a body that could be fetched and not be read."""
UNREADABLE = "unreadable"
"""Kind of the failure that stands for a body whose reading was stopped beyond its time or memory."""
BLOCKED = "blocked"
"""Kind of the failure that stands for a bot wall: the server answers, but not to programs."""
GONE = "gone"
"""Kind of the failure that ends polling: the server answered 410."""

_HELD = "held"
_TELLING = frozenset({NOT_A_FEED, UNREADABLE, BLOCKED, GONE})
_SPREAD = 0.1
# What is due at once would be drawn again in the same round.
_SOONEST = timedelta(minutes=1)
MOST_TIMES = 50
"""Times of items that a feed's rhythm is made from."""
_MOST_SEEN = 5_000 * HASH
"""Bytes of entry hashes kept of a feed whose server sends only what is new."""


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
    polls_per_hour: int | None = None
    """Requests an hour that all feeds share; ``None`` without a budget."""


def is_new_body(outcome: FetchOutcome, state: FeedState) -> bool:
    """Whether there is a body that wasn't taken in before, so that it is worth reading."""
    return isinstance(outcome, Fetched) and outcome.body_hash != state.body_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class _Poll:
    """What every outcome is judged with."""

    feed: Feed
    before: FeedState
    now: datetime
    jitter: float
    policy: PollPolicy


def plan_poll(
    visit: Visit, known: Mapping[str, KnownItem], *, now: datetime, jitter: float, policy: PollPolicy
) -> PollPlan:
    """Decide what one poll changes; touches nothing.

    ``known`` holds what the store has under any key of the items read; ``jitter`` is from 0 to 1. A failure
    never forgets what is known: validators, body hash, entries seen and items stay.
    """
    poll = _Poll(feed=visit.feed, before=visit.state, now=now, jitter=jitter, policy=policy)
    match visit.outcome:
        case Held() as held:
            return _held(poll, held)
        case FetchFailed() as failure:
            return _failed(poll, failure)
        case NotModified() if visit.state.last_full_at is None:
            unasked = "304 Not Modified, but nothing was read yet"
            return _failed(poll, FetchFailed(kind="status", detail=unasked, status=304))
        case NotModified(fresh_for=fresh_for, moved_to=moved_to):
            return _unchanged(poll, _well(poll, moved_to), fresh_for)
        case Fetched() as fetched:
            state, notices = _well(poll, fetched.moved_to)
            state = replace(
                state,
                etag=fetched.etag,
                modified=fetched.modified,
                body_hash=fetched.body_hash,
                last_full_at=poll.before.last_full_at if fetched.delta else now,
            )
            if visit.reading is None:
                return _unchanged(poll, (state, notices), fetched.fresh_for)
            return _taken_in(poll, (state, notices), fetched, visit.reading, known)


# ── nothing was read ─────────────────────────────────────────────────────────────────────────────


def _held(poll: _Poll, held: Held) -> PollPlan:
    """No failure of the feed, but it can't be read meanwhile: after a day people have to know."""
    wait = max(held.wait * (1 + _SPREAD * poll.jitter), _SOONEST)
    reason = f"{_HELD}: {held.reason}"[:500]
    state = replace(
        poll.before,
        next_poll_at=poll.now + min(wait, poll.policy.longest_backoff),
        failing_since=poll.before.failing_since or poll.now,
        last_result=reason,
    )
    state, notices = care.fail(poll.feed, state, reason, poll.now)
    return PollPlan(state=state, result=_HELD, notices=notices)


def _failed(poll: _Poll, outcome: FetchFailed) -> PollPlan:
    reason = f"{outcome.kind}: {outcome.detail}"[:500]
    state = replace(
        poll.before,
        failures=poll.before.failures + 1,
        failing_since=poll.before.failing_since or poll.now,
        last_polled_at=poll.now,
        last_result=reason,
    )
    if outcome.kind == GONE:
        state, notices = care.retire(poll.feed, state, outcome.detail, poll.now)
    else:
        state, notices = care.fail(poll.feed, state, reason, poll.now)
    return PollPlan(
        state=replace(state, next_poll_at=poll.now + _pause(poll, state, outcome.retry_after)),
        result=outcome.kind if outcome.kind in _TELLING else "failed",
        notices=notices,
    )


def _pause(poll: _Poll, state: FeedState, retry_after: timedelta | None) -> timedelta:
    """How long to leave a failing feed alone: ever longer, up to a day, but never for good.

    A pause that would go beyond the first day of failing ends with it, so that people hear of it in time.
    """
    policy, since = poll.policy, state.failing_since or poll.now
    base = max(poll.feed.every or policy.min_interval, policy.min_interval)
    pause = backoff(state.failures, base, policy.longest_backoff) * (1 + _SPREAD * poll.jitter)
    told = since + care.FAILS_AFTER - poll.now
    if timedelta(0) < told < pause:
        pause = max(told, base)
    return min(max(pause, retry_after or pause), policy.longest_backoff)


def _well(poll: _Poll, moved_to: str | None) -> care.Noticed:
    """The state after an answer that is none of the failures."""
    state, notices = care.answer(poll.feed, poll.before, poll.now)
    state, moved = care.follow(poll.feed, state, moved_to, poll.now)
    well = replace(state, failures=0, failing_since=None, last_polled_at=poll.now, last_ok_at=poll.now)
    return well, notices + moved


def _unchanged(poll: _Poll, noticed: care.Noticed, fresh_for: timedelta) -> PollPlan:
    state, notices = noticed
    state, silent = care.listen(poll.feed, state, poll.now)
    state = _scheduled(poll, state, fresh_for, quiet=state.quiet + 1, result="unchanged")
    return PollPlan(state=state, result="unchanged", notices=notices + silent)


# ── a body was read ──────────────────────────────────────────────────────────────────────────────


def _taken_in(
    poll: _Poll,
    noticed: care.Noticed,
    fetched: Fetched,
    reading: Reading,
    known: Mapping[str, KnownItem],
) -> PollPlan:
    found = sort_out(reading.items, known, poll.policy.baseline_age)
    new = found.new
    if poll.before.last_new_at is None:  # the first poll, or none yet found an entry
        new = [_baseline(item, poll) for item in new]
    unchanged = len(found.unchanged) + reading.skipped
    counts = f"{len(new)} new, {len(found.revised)} revised, {unchanged} unchanged"
    if reading.document.left_out:
        counts += f", {reading.document.left_out} left out"
    state, notices = noticed
    if reading.document.left_out and new:
        # The rest is read next time, also where the server says that nothing has changed.
        state = replace(state, etag=None, modified=None, body_hash=None)
    state = _remembering(poll, state, fetched, reading, found)
    state, cared = _cared(poll, state, fetched, len(found.fresh), len(reading.items) + reading.skipped)
    quiet = 0 if found.fresh else state.quiet + 1
    return PollPlan(
        state=_scheduled(poll, state, fetched.fresh_for, quiet=quiet, result=counts),
        new=tuple(new),
        revised=tuple(found.revised),
        seen=found.seen,
        unchanged=unchanged,
        result="new" if new else "unchanged",
        notices=notices + cared,
    )


def _baseline(item: Item, poll: _Poll) -> Item:
    """Mark what was old when its feed was first polled, or has no date to show that it wasn't."""
    old = item.published is None or item.published < poll.now - poll.policy.baseline_age
    return replace(item, baseline=old)


def _remembering(
    poll: _Poll, state: FeedState, fetched: Fetched, reading: Reading, found: Sorted
) -> FeedState:
    """What the document itself leaves in the state."""
    return replace(
        state,
        seen=_with_older(reading.seen, state.seen) if fetched.delta else reading.seen,
        read_whole=reading.whole,
        hints=reading.document.hints,
        published=_times(poll, reading.items, found.fresh),
        # The first entries count even where other feeds had all of them: what follows is no baseline.
        last_new_at=poll.now
        if found.fresh or (reading.items and not state.last_new_at)
        else state.last_new_at,
    )


def _with_older(new: bytes, old: bytes) -> bytes:
    """Entry hashes of both, the new ones first, each once, within bounds."""
    both = new + old
    hashes = dict.fromkeys(both[at : at + HASH] for at in range(0, len(both), HASH))
    return b"".join(hashes)[:_MOST_SEEN]


def _times(poll: _Poll, items: Sequence[Item], fresh: Sequence[Item]) -> tuple[datetime, ...]:
    """The newest times of a feed's items. An undated one counts as published when it was first seen.

    Not so in the first document: what stands there undated may be of any age. Where no times are
    remembered, those of known items will do.
    """
    first, known = poll.before.last_new_at is None, poll.before.published
    counted = fresh if known else items
    times = [min(item.published or poll.now, poll.now) for item in counted if item.published or not first]
    return tuple(sorted({*times, *known}, reverse=True)[:MOST_TIMES])


def _cared(
    poll: _Poll, state: FeedState, fetched: Fetched, fresh: int, entries: int
) -> tuple[FeedState, tuple[Notice, ...]]:
    """What the document shows of the feed's condition."""
    if not fresh:
        state, notices = care.listen(poll.feed, state, poll.now)
    else:
        state, notices = care.speak(poll.feed, state, poll.now)
    comparable = poll.before.last_new_at and poll.before.body_hash and not fetched.delta
    if not comparable:
        return state, notices
    state, rolled = care.overlap(
        poll.feed, state, poll.before, entries=entries, known=entries - fresh, now=poll.now
    )
    return state, notices + rolled


def _scheduled(poll: _Poll, state: FeedState, fresh_for: timedelta, *, quiet: int, result: str) -> FeedState:
    """With its next poll. ``every`` is the user's word and wins over rhythm, hints and our bounds."""
    feed, policy, now = poll.feed, poll.policy, poll.now
    usual = rhythm(state.published, now) or state.rhythm
    if feed.every is not None:
        due = next_poll(feed.id, now, feed.every, timedelta(0), poll.jitter)
    else:
        pause = interval(usual, quiet, policy)
        wait = max(fresh_for, policy.min_interval)
        due = next_poll(feed.id, now, pause, wait, poll.jitter, state.hints, policy.max_interval)
    return replace(state, rhythm=usual, quiet=quiet, next_poll_at=due, last_result=result)
