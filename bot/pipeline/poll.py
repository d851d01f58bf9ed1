"""Poll: visit the feeds that are due, take in what is new, and decide when to come again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.core.budget import allowance, stretch
from bot.core.coverage import PAUSE
from bot.core.intake import NOT_A_FEED, is_new_body, plan_poll
from bot.core.watching import of_feed
from bot.errors import StoreError
from bot.model import (
    Feed,
    FeedState,
    Fetched,
    FetchFailed,
    FetchOutcome,
    PollPlan,
    Reading,
    ReadTask,
    Visit,
)
from bot.pipeline.alarm import note_observations
from bot.pipeline.deps import Deps
from bot.ports import Tx

_FAULT = FetchFailed(kind=NOT_A_FEED, detail="it could not be taken in for a fault of ours; see the log")


@dataclass(frozen=True, kw_only=True)
class PollReport:
    """One feed's poll, for the log and the command line."""

    feed: Feed
    plan: PollPlan
    reading: Reading | None = None
    """``None`` where there was no new body to read."""
    took: timedelta | None = None
    """As in ``Visit``."""


def poll(
    deps: Deps, feed_ids: Sequence[str] | None = None, strangers: set[str] | None = None
) -> Iterator[PollReport]:
    """Poll what is due, or just the feeds named. Reports each feed when it is written down.

    Feeds are claimed as places become free, so a slow one takes its own place and no other's time. No
    transaction is open while the network talks. Asked to end, it leaves what is under way and frees it. What
    can't be written down rests for the shortest interval: servers must not be asked again with every tick.

    ``strangers``: ids of feeds that are due and that this configuration doesn't have, from round to round. A
    command with a newer one brought them here; they are left alone.
    """
    due = _Round(deps, feed_ids, set() if strangers is None else strangers)
    rest = deps.poll_policy.min_interval
    try:
        for visits in deps.fetcher.fetch_all(due.draw, partial(_begin_to_read, deps)):
            yield from _take_in(deps, visits)
            due.ended(visits)
            if deps.stopping():
                break
        rest = timedelta(0)
    except (GeneratorExit, KeyboardInterrupt):
        rest = timedelta(0)
        raise
    finally:
        due.free(rest)


class _Round:
    """What one round has claimed and not yet written down."""

    def __init__(self, deps: Deps, feed_ids: Sequence[str] | None, strangers: set[str]) -> None:
        self._deps = deps
        self._strangers = strangers
        self._named = None if feed_ids is None else list(dict.fromkeys(feed_ids))
        self._under_way: set[str] = set()
        self._renew_at = deps.clock.now()
        self._begun = False

    def draw(self, places: int) -> Sequence[tuple[Feed, FeedState]]:
        """``ports.Draw``: claims up to so many feeds, and renews the leases of those that still wait."""
        deps, now = self._deps, self._deps.clock.now()
        if deps.stopping() or self._named == []:
            self._renew(now)
            return ()
        with deps.store.begin() as tx:
            if not self._begun:
                tx.coverage.note_pause(now, PAUSE)
                self._begun = True
            claimed = self._claim(tx, now, places)
        self._under_way.update(state.feed_id for state in claimed)
        self._renew(now)
        return [(deps.feeds[state.feed_id], state) for state in claimed]

    def ended(self, visits: Sequence[Visit]) -> None:
        self._under_way.difference_update(visit.feed.id for visit in visits)

    def free(self, rest: timedelta) -> None:
        """Give back what was claimed and came to no end; it is due after a rest."""
        if self._under_way:
            with self._deps.store.begin() as tx:
                tx.feeds.lease(list(self._under_way), self._deps.clock.now() + rest)

    def _claim(self, tx: Tx, now: datetime, places: int) -> Sequence[FeedState]:
        lease = self._deps.pace.poll_lease
        if self._named is None:
            budget = self._deps.poll_policy.polls_per_hour
            if budget is not None:
                polled = tx.feeds.polled_since(now - stretch(budget)[0])
                places = min(places, allowance(budget, polled, len(self._under_way)))
            due = self._claim_due(tx, now, places, likeliest=budget is not None) if places else ()
            return [state for state in due if state.feed_id not in self._under_way]
        some, self._named = self._named[:places], self._named[places:]
        return [state for state in tx.feeds.claim(some, now, lease) if state.feed_id in self._deps.feeds]

    def _claim_due(self, tx: Tx, now: datetime, places: int, *, likeliest: bool) -> Sequence[FeedState]:
        lease, feeds = self._deps.pace.poll_lease, self._deps.feeds
        self._strangers.difference_update(feeds)
        claimed: list[FeedState] = []
        while True:
            due = tx.feeds.claim_due(
                now, places - len(claimed), lease, likeliest=likeliest, leave=self._strangers
            )
            claimed += [state for state in due if state.feed_id in feeds]
            unknown = {state.feed_id for state in due}.difference(feeds)
            if not unknown:
                return claimed
            tx.feeds.lease(sorted(unknown), now)
            self._strangers.update(unknown)

    def _renew(self, now: datetime) -> None:
        """A feed may wait long for its host's turn: it stays ours until then."""
        lease = self._deps.pace.poll_lease
        if now < self._renew_at:
            return
        if self._under_way:
            with self._deps.store.begin() as tx:
                tx.feeds.lease(list(self._under_way), now + lease)
        self._renew_at = now + lease / 3


def _begin_to_read(
    deps: Deps, feed: Feed, state: FeedState, outcome: FetchOutcome
) -> Future[Reading | FetchFailed] | None:
    """``ports.Read``: a body that wasn't taken in before goes to the reader."""
    if not isinstance(outcome, Fetched) or not is_new_body(outcome, state):
        return None
    return deps.reader.submit(
        ReadTask(
            feed_id=feed.id,
            body=outcome.body,
            content_type=outcome.content_type,
            base_url=outcome.final_url,
            now=deps.clock.now(),
            language=feed.language,
            max_entries=deps.max_entries,
            seen=b"" if state.read_whole else state.seen,
        )
    )


def _take_in(deps: Deps, visits: Sequence[Visit]) -> Sequence[PollReport]:
    """Decide and write down what came of visits, all in one transaction.

    A fault in one of them costs that one: each is then tried alone, and the culprit counts as failed.
    Raises StoreError.
    """
    if not visits:
        return ()
    together = deps.guard(f"taking in {len(visits)} feeds", partial(_apply, deps, visits))
    if isinstance(together, StoreError):
        raise together
    return together if together is not None else [_alone(deps, visit) for visit in visits]


def _alone(deps: Deps, visit: Visit) -> PollReport:
    """Raises StoreError."""
    done = deps.guard(f"taking in feed {visit.feed.id}", partial(_apply, deps, [visit]))
    if done is None:
        done = _apply(deps, [replace(visit, outcome=_FAULT, reading=None)])
    if isinstance(done, StoreError):
        raise done
    return done[0]


def _apply(deps: Deps, visits: Sequence[Visit]) -> list[PollReport] | StoreError:
    """Trouble with the database is no feed's fault: it comes back as a value, past the guard."""
    try:
        with deps.store.begin() as tx:
            reports = [_decide(deps, tx, visit) for visit in visits]
            tx.feeds.save([report.plan.state for report in reports])
            tx.feeds.note([notice for report in reports for notice in report.plan.notices])
            plans = [report.plan for report in reports]
            observations = [each for plan in plans for each in of_feed(plan.state, plan.notices)]
            note_observations(tx, observations, deps.clock.now())
    except StoreError as error:
        return error
    return reports


def _decide(deps: Deps, tx: Tx, visit: Visit) -> PollReport:
    now = deps.clock.now()
    keys = [key for item in visit.reading.items for key in item.keys] if visit.reading else []
    known = tx.items.known(keys) if keys else {}
    plan = plan_poll(visit, known, now=now, jitter=deps.clock.jitter(), policy=deps.poll_policy)
    tx.items.add(plan.new)
    tx.items.revise(plan.revised)
    added = {key for item in plan.new for key in item.keys}.difference(known)
    tx.items.remember({key: plan.seen[key] for key in plan.seen if key not in added}, now)
    return PollReport(feed=visit.feed, plan=plan, reading=visit.reading, took=visit.took)
