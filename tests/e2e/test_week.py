"""A week of 2,000 feeds under a clock that runs fast: nothing missed, nothing twice, nobody pressed."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.model import FeedState, Item, Notice
from bot.pipeline.poll import poll
from tests.e2e.laboratory import laboratory
from tests.e2e.simulated import (
    DAY,
    GONE_FROM,
    HOUR,
    SICK_UNTIL,
    THROTTLED_FOR,
    WEEK,
    ReaderHere,
    SimulatedFetcher,
    Site,
    busiest_hour,
    by_host,
    populate,
    twice,
)

pytestmark = pytest.mark.slow

FEEDS, SEED = 2_000, 20261122
BEGAN = datetime.fromisoformat("2026-06-16T07:00:00Z")
SHORTEST_TICK, LONGEST_TICK = timedelta(minutes=2), timedelta(minutes=14)
"""Between two rounds: drawn anew each time, so that nothing is in step with them."""
SHORTEST, LONGEST = timedelta(minutes=5), DAY
"""Bounds of polling as shipped."""
SPREAD = 0.1
"""Part of an interval that chance may add."""


@dataclass(frozen=True, kw_only=True)
class Week:
    sites: Sequence[Site]
    stored: Sequence[int]
    """Numbers of the stories in the database, one an item."""
    items: Sequence[Item]
    states: Mapping[str, FeedState]
    notices: Sequence[Notice]
    revised: Counter[str]
    """Kind of publisher → edits that were taken in."""

    def of(self, *kinds: str) -> list[Site]:
        return [site for site in self.sites if site.kind in kinds]

    def told(self, site: Site) -> list[str]:
        return [notice.kind for notice in self.notices if notice.feed_id == site.feed.id]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    sites = populate(SEED, BEGAN, FEEDS)
    by_id = {site.feed.id: site for site in sites}
    revised: Counter[str] = Counter()
    chance = random.Random(SEED)
    began = time.process_time()
    with laboratory(tmp_path_factory.mktemp("week")) as lab:
        lab.clock.at = BEGAN
        with lab.visitor(*(site.feed for site in sites)) as visitor:
            deps = replace(visitor.deps, fetcher=SimulatedFetcher(by_id, lab.clock), reader=ReaderHere())
            while lab.clock.at < BEGAN + WEEK:
                for report in poll(deps):
                    revised[by_id[report.feed.id].kind] += len(report.plan.revised)
                lab.clock.pass_by(SHORTEST_TICK + (LONGEST_TICK - SHORTEST_TICK) * chance.random())
            with deps.store.read() as tx:
                states, notices = tx.feeds.states(), tx.feeds.notices(BEGAN - DAY)
            items = visitor.items()
    asks = sum(len(site.asks) for site in sites)
    print(f"{asks} polls, {len(items)} items, {time.process_time() - began:.0f} CPU seconds")
    stored = [int(re.findall(r"^Story (\d+) ", item.title)[0]) for item in items]
    yield Week(sites=sites, stored=stored, items=items, states=states, notices=notices, revised=revised)


# ── items ──


def test_no_item_of_a_fetched_document_is_missed(week: Week) -> None:
    served = {number for site in week.sites for number in site.served}
    assert len(served) > 8_000
    assert served - set(week.stored) == set()


def test_no_item_is_stored_twice(week: Week) -> None:
    assert twice(week.stored) == []


def test_nothing_is_stored_that_no_document_held(week: Week) -> None:
    assert set(week.stored) <= {number for site in week.sites for number in site.served}


def test_edits_are_taken_in_and_nothing_else_counts_as_one(week: Week) -> None:
    assert week.revised["editing"] > 100
    assert [kind for kind, count in week.revised.items() if count and kind != "editing"] == []


def test_few_stories_pass_unseen(week: Week) -> None:
    """Of all that came out, in documents that were fetched or not; sick and retired publishers apart."""
    missed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for site in week.sites:
        if not (site.habit.falls_sick or site.habit.goes):
            out = {number for at, number in site.stories if BEGAN < at < BEGAN + WEEK - DAY}
            total[site.kind] += len(out)
            missed[site.kind] += len(out - site.served)
    print(f"unseen: {dict(missed)} of {dict(total)}")
    assert sum(missed.values()) <= 0.01 * sum(total.values())


# ── manners ──


def gaps(site: Site) -> list[timedelta]:
    return [later.at - earlier.at for earlier, later in pairwise(site.asks)]


def test_no_feed_is_asked_more_often_than_its_bounds_allow(week: Week) -> None:
    assert [site.feed.id for site in week.sites if min(gaps(site), default=LONGEST) < SHORTEST] == []


def test_every_feed_is_asked_at_least_once_a_day(week: Week) -> None:
    """Also while it fails; one that is gone is asked no more."""
    late = [
        site.feed.id
        for site in week.sites
        if not site.habit.goes
        and max([*gaps(site), BEGAN + WEEK - site.asks[-1].at]) > LONGEST * (1 + SPREAD) + LONGEST_TICK
    ]
    assert late == []


def test_what_is_gone_is_asked_once_more_and_never_again(week: Week) -> None:
    for site in week.of("gone"):
        assert Counter(ask.answer for ask in site.asks)["gone"] == 1
        assert site.asks[-1].at >= BEGAN + GONE_FROM
        assert week.states[site.feed.id].disabled


def test_a_feed_that_fails_is_asked_ever_more_rarely(week: Week) -> None:
    for site in week.of("sick"):
        failed = [ask.at for ask in site.asks if ask.answer == "failed"]
        assert 3 <= len(failed) <= 14, site.feed.id
        # At the end of a day of failing it is asked out of turn, so that people hear of it in time.
        first_day = [at for at in failed if at < failed[0] + DAY]
        pauses = [later - earlier for earlier, later in pairwise(first_day)]
        # Doubled each time; the bot's ticks and chance blur that, the short ones beyond recognition.
        long = [pause for pause in pauses if pause >= 2 * HOUR]
        assert len(long) >= 2
        assert all(later >= earlier * 1.6 for earlier, later in pairwise(long)), pauses


def test_a_feed_that_asks_for_rest_gets_it(week: Week) -> None:
    for site in week.of("throttling"):
        rests = [
            later.at - earlier.at for earlier, later in pairwise(site.asks) if earlier.answer == "throttled"
        ]
        assert min(rests, default=THROTTLED_FOR) >= THROTTLED_FOR


def test_no_host_is_pressed(week: Week) -> None:
    """A host with a hundred feeds: after the first round no hour sees more than four times the mean."""
    for host, asks in by_host(week.sites).items():
        settled = [ask for ask in asks if ask.at > BEGAN + HOUR]
        mean = len(settled) / (WEEK / HOUR)
        assert busiest_hour(settled) <= max(12, 4 * mean), host


# ── what people are told ──


def test_each_is_told_once(week: Week) -> None:
    every = Counter((notice.feed_id, notice.kind) for notice in week.notices)
    assert [key for key, count in every.items() if count > 1] == []


def test_what_happened_is_told_and_nothing_else(week: Week) -> None:
    expected = {"moved": ["moved"], "gone": ["gone"], "sick": ["failing", "recovered"]}
    wrong = []
    for site in week.sites:
        # What comes in bursts may outrun the few entries that a document shows; then that is said.
        told = [kind for kind in week.told(site) if kind not in ("rolled-over",)]
        if told != expected.get(site.kind, []) and site.kind not in ("bursty", "busy"):
            wrong.append((site.feed.id, told))
    assert wrong == []


def test_a_moved_feed_is_asked_at_its_new_address_and_keeps_its_items(week: Week) -> None:
    for site in week.of("moved"):
        assert week.states[site.feed.id].url == site.new_address
        assert site.asks[-1].url == site.new_address


def test_a_feed_that_recovered_is_polled_as_before(week: Week) -> None:
    for site in week.of("sick"):
        state = week.states[site.feed.id]
        assert (state.failures, state.trouble) == (0, "")
        assert site.asks[-1].at > BEGAN + SICK_UNTIL
