"""The wording of a status: always one screen, whatever there is to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.cli.screen import Daemon, DigestLine, Queue, Status, fitted, lines, near
from bot.model import Alarm, DigestGlance, FeedsGlance, Part, SickFeed
from tests.digests import words

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAEMON = Daemon(running=True, bind="127.0.0.1:1", troubles={}, since=NOW - timedelta(days=2, hours=4), pid=7)
STATUS = Status(
    at=NOW,
    config="config",
    data="data",
    daemon=DAEMON,
    readable=True,
    engine="SQLite 3",
    bytes=15_200_000,
    faults=(),
    keeps_items=timedelta(days=90),
    keeps_messages=timedelta(days=30),
)
DIGEST = DigestLine(
    name="daily",
    timezone="Europe/Berlin",
    next=NOW + timedelta(hours=21),
    last=DigestGlance(at=NOW - timedelta(hours=3), taken_at=NOW - timedelta(hours=2), stories=12),
    late=True,
)
QUEUE = Queue(
    channel="chat",
    configured=True,
    counts={"pending": 2, "dead": 1},
    disabled_at=None,
    paused_until=None,
    why="",
)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
counts = st.integers(0, 10**9)
results = st.dictionaries(st.sampled_from(["new", "unchanged", "failed"]), counts)
sick = st.builds(
    SickFeed,
    name=words,
    url=words,
    trouble=st.sampled_from(["gone", "failing", "silent", "rolled-over"]),
    since=st.none() | moments,
    reason=words,
)
feeds = st.builds(
    FeedsGlance,
    configured=counts,
    polled=counts,
    due=counts,
    upcoming=st.lists(st.tuples(words, moments), max_size=3).map(tuple),
    hour=results,
    day=results,
    troubles=st.dictionaries(st.sampled_from(["gone", "failing", "silent", "rolled-over"]), counts),
    worst=st.lists(sick, max_size=20).map(tuple),
)
glances = st.builds(DigestGlance, at=moments, taken_at=moments, stories=counts)
digests = st.builds(
    DigestLine,
    name=words,
    timezone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"]),
    next=st.none() | moments,
    last=st.none() | glances,
    late=st.booleans(),
)
queues = st.builds(
    Queue,
    channel=words,
    configured=st.booleans(),
    counts=st.dictionaries(st.sampled_from(["pending", "sending", "unknown", "dead"]), counts),
    disabled_at=st.none() | moments,
    paused_until=st.none() | moments,
    why=words,
)
alarms = st.builds(
    Alarm, part=st.sampled_from(Part), subject=words, cause=words, text=words, raised_at=moments
)
daemons = st.builds(
    Daemon,
    running=st.none() | st.booleans(),
    bind=st.just("127.0.0.1:8465") | st.just(""),
    troubles=st.none() | st.dictionaries(words, words, max_size=4),
    since=st.none() | moments,
    pid=st.none() | counts,
)
statuses = st.builds(
    Status,
    at=moments,
    config=words,
    data=words,
    daemon=daemons,
    readable=st.just(True),
    engine=words,
    bytes=counts,
    faults=st.lists(words, max_size=5).map(tuple),
    keeps_items=st.timedeltas(timedelta(0), timedelta(days=999)),
    keeps_messages=st.timedeltas(timedelta(0), timedelta(days=999)),
    changed=st.booleans(),
    feeds=feeds,
    items_hour=counts,
    items_day=counts,
    told_day=counts,
    digests=st.lists(digests, max_size=9).map(tuple),
    queues=st.lists(queues, max_size=9).map(tuple),
    alarms=st.lists(alarms, max_size=9).map(tuple),
)


@settings(deadline=None)
@given(status=statuses, width=st.integers(40, 200))
def test_whatever_there_is_to_say_it_is_one_screen(status: Status, width: int) -> None:
    shown = lines(status, width)
    assert len(shown) <= 24
    assert all(cell_len(line) <= width for line in shown)
    assert all(line.isprintable() for line in shown)


@given(line=words | st.text(), width=st.integers(2, 100))
def test_a_line_is_cut_to_its_room_and_says_so(line: str, width: int) -> None:
    shown = fitted(line, width)
    assert cell_len(shown) <= width
    assert shown.endswith("…") or cell_len(line) <= width or not shown


def shown(status: Status, part: str) -> str:
    return next(line for line in lines(status, 120) if line.startswith(part)).removeprefix(part).strip()


def test_a_daemon_with_since_when_and_readiness() -> None:
    assert shown(STATUS, "Daemon") == "running since 2026-11-20 05:30 UTC (2 d 4 h), ready"
    set_back = replace(STATUS, at=NOW - timedelta(days=3))
    assert shown(set_back, "Daemon") == "running since 2026-11-20 05:30 UTC, ready"
    unready = replace(DAEMON, troubles={"poll": "stuck"})
    assert shown(replace(STATUS, daemon=unready), "Daemon").endswith("NOT READY")
    mute = replace(DAEMON, troubles=None)
    assert shown(replace(STATUS, daemon=mute), "Daemon").endswith("but nothing answers at 127.0.0.1:1")
    closed = replace(DAEMON, running=None)
    assert shown(replace(STATUS, daemon=closed), "Daemon").startswith("can't be looked at")


def test_a_digest_in_its_own_zone() -> None:
    told = shown(replace(STATUS, digests=(DIGEST,)), "Digests")
    assert told == "daily  Mon 07:30 Europe/Berlin, in 21 h; last Sun 07:30: 12 stories, late"
    quiet = replace(DIGEST, next=None, last=None, late=False)
    assert shown(replace(STATUS, digests=(quiet,)), "Digests") == "daily  never again; none yet"


def test_a_channel_that_is_kept_waiting_comes_first() -> None:
    off = replace(QUEUE, channel="hook", disabled_at=NOW, why="404", counts={}, configured=False)
    status = replace(STATUS, queues=(QUEUE, off))
    assert shown(status, "Outbox").startswith("hook (not configured any more): nothing waits; disabled since")
    assert "          chat: 2 waiting, 1 dead" in lines(status, 120)
    paused = replace(QUEUE, paused_until=NOW + timedelta(minutes=7), why="429")
    assert shown(replace(STATUS, queues=(paused,)), "Outbox").endswith("; paused for 7 min: 429")


@pytest.mark.parametrize(
    ("bytes_", "told"), [(0, "0 kB"), (324_000, "324 kB"), (15_200_000, "15.2 MB"), (2 * 10**9, "2.0 GB")]
)
def test_sizes(bytes_: int, told: str) -> None:
    assert f"SQLite 3, {told}; texts are kept 90 d" in shown(replace(STATUS, bytes=bytes_), "Database")


def test_a_day_far_away_has_its_date() -> None:
    assert near(NOW, NOW, "UTC") == "Sun 09:30"
    assert near(NOW + timedelta(days=8), NOW, "Asia/Kathmandu") == "2026-11-30 15:15"
