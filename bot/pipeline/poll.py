"""Poll: fetch the feeds that are due, take in what is new, and decide when to come again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.core.intake import NOT_A_FEED, is_new_body, plan_poll
from bot.core.normalise import normalise
from bot.core.parse import parse
from bot.errors import FeedError
from bot.model import Feed, FeedDocument, FeedState, Fetched, FetchFailed, FetchOutcome, Item, PollPlan
from bot.pipeline.deps import Deps

CLAIM = 20
"""Feeds claimed at once: few, so that a lease is not spent on waiting."""

_FAULT = FetchFailed(kind=NOT_A_FEED, detail="it could not be read for a fault of ours; see the log")


@dataclass(frozen=True, kw_only=True)
class PollReport:
    """One feed's poll, for the log and the command line."""

    feed: Feed
    plan: PollPlan
    document: FeedDocument | None
    """``None`` where there was no new body to read."""


def poll(deps: Deps, feed_ids: Sequence[str] | None = None) -> Iterator[PollReport]:
    """Poll what is due, or just the feeds named. Reports each feed when it is done.

    Feeds are claimed as places become free, so a slow one takes its own place and no other's time. No
    transaction is open while the network talks.
    """
    jobs = _due(deps) if feed_ids is None else _named(deps, feed_ids)
    for feed, state, outcome in deps.fetcher.fetch_all(jobs):
        yield _take_in(deps, feed, state, outcome)


def _due(deps: Deps) -> Iterator[tuple[Feed, FeedState]]:
    while not deps.stopping():
        with deps.store.begin() as tx:
            claimed = tx.feeds.claim_due(deps.clock.now(), CLAIM, deps.pace.poll_lease)
        if not claimed:
            return
        yield from _jobs(deps, claimed)


def _named(deps: Deps, feed_ids: Sequence[str]) -> Iterator[tuple[Feed, FeedState]]:
    for start in range(0, len(feed_ids), CLAIM):
        if deps.stopping():
            return
        with deps.store.begin() as tx:
            some = feed_ids[start : start + CLAIM]
            claimed = tx.feeds.claim(some, deps.clock.now(), deps.pace.poll_lease)
        yield from _jobs(deps, claimed)


def _jobs(deps: Deps, claimed: Sequence[FeedState]) -> Iterator[tuple[Feed, FeedState]]:
    for state in claimed:
        if state.feed_id in deps.feeds:
            yield deps.feeds[state.feed_id], state


def _take_in(deps: Deps, feed: Feed, state: FeedState, outcome: FetchOutcome) -> PollReport:
    """Read the document outside, then decide and write down inside one transaction."""
    now = deps.clock.now()
    document: FeedDocument | None = None
    items: tuple[Item, ...] = ()
    if isinstance(outcome, Fetched) and is_new_body(outcome, state):
        read = deps.guard(f"reading feed {feed.url}", partial(_read, deps, feed, outcome, now)) or _FAULT
        if isinstance(read, FetchFailed):
            outcome = read
        else:
            document, items = read
    keys = [key for item in items for key in item.keys]
    with deps.store.begin() as tx:
        plan = plan_poll(
            feed,
            state,
            outcome,
            items,
            tx.items.known(keys),
            now=now,
            jitter=deps.clock.jitter(),
            policy=deps.poll_policy,
            ttl=document.ttl if document else None,
        )
        tx.items.add(plan.new)
        tx.items.revise(plan.revised)
        tx.items.remember(plan.seen, now)
        tx.feeds.save(plan.state)
    return PollReport(feed=feed, plan=plan, document=document)


def _read(
    deps: Deps, feed: Feed, fetched: Fetched, now: datetime
) -> tuple[FeedDocument, tuple[Item, ...]] | FetchFailed:
    try:
        document = parse(fetched.body, fetched.content_type, fetched.final_url, max_entries=deps.max_entries)
    except FeedError as error:
        return FetchFailed(kind=NOT_A_FEED, detail=str(error), status=fetched.status)
    document = replace(document, language=document.language or feed.language)
    return document, normalise(document, feed.id, fetched.final_url, now)
