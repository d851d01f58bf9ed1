"""Feeds, clocks, disks and time zones, each judged by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.ailments import (
    FEED_REMEDIES,
    SETTLED,
    clock_finding,
    disk_finding,
    feed_finding,
    growth_finding,
    zones_finding,
)
from bot.fetch import FAILURES
from bot.model import Feed, FeedState, Fetched, FetchFailed, FetchOutcome, Held, Level, Visit

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
URL = "https://harbor.example/rss"


def visit(outcome: FetchOutcome) -> Visit:
    state = FeedState(feed_id="f", url=URL, next_poll_at=NOW)
    return Visit(feed=Feed(id="f", url=URL), state=state, outcome=outcome)


@pytest.mark.parametrize("kind", [*FAILURES, "unreadable"])
def test_every_way_a_poll_fails_has_its_remedy(kind: str) -> None:
    finding = feed_finding(visit(FetchFailed(kind=kind, detail="so it is")))
    assert finding.found == f"{kind}: so it is"
    assert finding.remedy == FEED_REMEDIES[kind]
    assert finding.level is (Level.WARNING if kind == "throttled" else Level.FAULT)
    assert (finding.host, finding.unreached) == ("harbor.example", kind == "dns")


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "a login"), (403, "contact"), (404, "discover"), (500, "later")]
)
def test_what_a_server_answers_makes_another_remedy(status: int, remedy: str) -> None:
    failed = FetchFailed(kind="status", detail=f"HTTP {status}", status=status)
    assert remedy in feed_finding(visit(failed)).remedy


def test_a_feed_that_is_well_gone_back_or_left_alone() -> None:
    fetched = Fetched(body=b"", body_hash="", content_type="", final_url=URL, ahead=timedelta(hours=1))
    assert (feed_finding(visit(fetched)).level, feed_finding(visit(fetched)).ahead) == (
        Level.FINE,
        timedelta(hours=1),
    )
    back = feed_finding(visit(fetched), "HTTP 410 Gone")
    assert (back.level, "it answers" in back.found) == (Level.WARNING, True)
    gone = feed_finding(visit(FetchFailed(kind="gone", detail="HTTP 410 Gone")), "HTTP 410 Gone")
    assert (gone.level, "polled no more" in gone.found) == (Level.WARNING, True)
    held = feed_finding(visit(Held(wait=timedelta(minutes=1), reason="harbor.example asked for fewer")))
    assert (held.level, held.found) == (Level.WARNING, "not asked: harbor.example asked for fewer")


def test_what_a_server_says_stays_on_one_line_and_short() -> None:
    found = feed_finding(visit(FetchFailed(kind="tls", detail="a\nb\x1b[31m " + "c" * 900))).found
    assert found.startswith("tls: a b[31m ccc")
    assert len(found) <= 200


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        ([], "not known whether it is right"),
        ([0, 0.5, 1], "right, by 3 servers"),
        ([0, 0, 600], "right, by 3 servers"),
        ([61], "61 minutes behind 1 server"),
        ([-3, -3, 0], "3 minutes ahead of 3 servers"),
        ([-60 * 30], "30 hours ahead of"),
        ([60 * 24 * 9], "9 days behind"),
    ],
)
def test_the_clock_in_the_middle_counts(minutes: list[float], told: str) -> None:
    finding = clock_finding([timedelta(minutes=each) for each in minutes])
    assert told in finding.found
    assert (finding.level is Level.FINE) == told.startswith("right")


@given(st.lists(st.floats(-60, 60), min_size=3), st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_one_clock_that_is_wrong_makes_no_finding(seconds: list[float], wrong: timedelta) -> None:
    ahead = [timedelta(seconds=each) for each in seconds]
    assert clock_finding([*ahead, wrong]).level is Level.FINE


def test_a_disk_is_almost_full_below_what_the_settings_want() -> None:
    assert disk_finding(500, 1000, 500).level is Level.FINE
    assert disk_finding(499, 1000, 500).level is Level.FAULT
    assert (
        "1.5 GB of 10.0 GB free, and 2.0 GB should be" in disk_finding(1_500_000_000, 10**10, 2 * 10**9).found
    )


@pytest.mark.parametrize(
    ("filling", "free", "found"),
    [
        (timedelta(days=9), 900, None),
        (timedelta(days=9), 899, "wants 1 kB more"),
        (SETTLED - timedelta(seconds=1), 0, None),
        (timedelta(days=90), 0, None),
        (timedelta(days=900), 0, None),
    ],
)
def test_a_database_that_will_outgrow_its_disk(filling: timedelta, free: int, found: str | None) -> None:
    finding = growth_finding(100, free, filling, timedelta(days=90))
    assert (finding is not None and (found or "-") in finding.found) == (found is not None)


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("2026a", Level.FINE),
        ("2024b", Level.FINE),
        ("2023d", Level.WARNING),
        ("2023.4", Level.WARNING),
        ("", Level.FINE),
    ],
)
def test_time_zones_grow_old(version: str, level: Level) -> None:
    assert zones_finding(version, date(2026, 11, 22)).level is level
