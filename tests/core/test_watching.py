from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core import care
from bot.core.alarms import NETWORK, Observation, Over, identity
from bot.core.drift import Drift, Sight
from bot.core.watching import (
    ALMOST_FULL,
    TROUBLES,
    of_drift,
    of_feed,
    of_network,
    of_no_room,
    of_room,
    of_topic,
    topic_speaks,
)
from bot.model import Alarm, Feed, FeedState, Notice, Part, Reach, Room, ScoreTally, Topic, Window

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FEED = Feed(id="harbor", url="https://harbor.example/rss", title="Harbor Wire")
STATE = FeedState(feed_id="harbor", url=FEED.url, next_poll_at=NOW, last_ok_at=NOW)
CHIPS = Topic(id="chips", title="Chips", query="chip")
MEGA = 10**6


def kinds(observations: Iterable[Observation | None]) -> list[tuple[str, str]]:
    return [(type(each).__name__, each.cause) for each in observations if each]


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def notice(kind: str) -> Notice:
    return Notice(feed_id="harbor", kind=kind, text=f"it is {kind}", at=NOW)


@pytest.mark.parametrize("kind", TROUBLES)
def test_each_trouble_of_a_feed_is_an_alarm_in_the_words_of_its_notice(kind: str) -> None:
    (first, *rest) = of_feed(replace(STATE, trouble=kind), [notice(kind)])
    assert first == Alarm(part=Part.FEED, subject="harbor", cause=kind, text=f"it is {kind}", raised_at=NOW)
    assert not rest or kind == care.GONE


def test_a_move_is_no_trouble() -> None:
    assert list(of_feed(STATE, [notice(care.MOVED)])) == []


def test_a_recovery_ends_all_that_does_not_stand_any_more() -> None:
    over = list(of_feed(STATE, [notice(care.RECOVERED)]))
    assert kinds(over) == [("Over", kind) for kind in TROUBLES]
    assert {each.text for each in over} == {"it is recovered"}
    silent = of_feed(replace(STATE, trouble=care.SILENT), [notice(care.RECOVERED)])
    assert care.SILENT not in {each.cause for each in silent}


def test_a_feed_that_is_gone_is_only_that() -> None:
    alarm, *over = of_feed(replace(STATE, disabled="gone"), [notice(care.GONE)])
    assert isinstance(alarm, Alarm)
    assert kinds(over) == [("Over", kind) for kind in TROUBLES if kind != care.GONE]
    assert all(isinstance(each, Over) and each.quietly for each in over)


def reach(polled: int, failing: int, lasting: int | None = None) -> Reach:
    return Reach(polled=polled, failing=failing, lasting=failing if lasting is None else lasting)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (reach(500, 500), Alarm),
        (reach(500, 251), Alarm),
        (reach(500, 250), type(None)),  # in between all stays as it is
        (reach(500, 500, 100), type(None)),  # for minutes only
        (reach(500, 200), type(None)),
        (reach(500, 199), Over),
        (reach(5, 5), Alarm),
        (reach(4, 4), Over),  # so few may fail each for its own reason
        (reach(0, 0), Over),
    ],
)
def test_most_feeds_failing_at_once_look_like_our_network(seen: Reach, expected: type) -> None:
    found = of_network(seen, NOW)
    assert type(found) is expected
    if found:
        assert identity(found) == NETWORK
    if isinstance(found, Alarm):
        assert f"{seen.failing} of {seen.polled} feeds" in found.text
        assert "our own network" in found.text


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("free", "expected"), [(499, Alarm), (500, type(None)), (599, type(None)), (600, Over), (9000, Over)]
)
def test_a_disk_is_almost_full_below_a_bound_and_has_room_again_well_above_it(
    free: int, expected: type
) -> None:
    found = of_room(Room(folder="/data", free=free * MEGA), 500 * MEGA, NOW)
    assert type(found) is expected
    if found:
        assert (found.part, found.subject, found.cause) == (Part.DISK, "/data", ALMOST_FULL)


def test_sizes_are_told_as_people_say_them() -> None:
    found = of_room(Room(folder="/data", free=42 * MEGA), 2500 * MEGA, NOW)
    assert found
    assert found.text.startswith("Only 42.0 MB are free for /data; 2.5 GB should be. ")


def test_with_no_bound_no_disk_is_full() -> None:
    assert isinstance(of_room(Room(folder="/data", free=0), 0, NOW), Over)


def test_of_a_folder_that_is_no_longer_written_to_nothing_is_said() -> None:
    alarm = Alarm(part=Part.DISK, subject="/old", cause=ALMOST_FULL, text="full", raised_at=NOW)
    other = replace(alarm, part=Part.STEP)
    here = [Room(folder="/data", free=1)]
    (over,) = of_no_room(here, [alarm, other, replace(alarm, subject="/data")])
    assert (over.subject, over.quietly) == ("/old", True)


# ── topics ───────────────────────────────────────────────────────────────────────────────────────


def silent(days: Sequence[int], quiet: int, heard: int) -> Alarm | None:
    """A topic with items on these days before its last one, and none for so many days since."""
    last = NOW - quiet * DAY
    return of_topic(CHIPS, [(last - day * DAY).date() for day in days], last, heard, NOW)


def test_a_topic_is_silent_when_its_pause_is_far_longer_than_its_pauses_are() -> None:
    daily = range(30)
    assert silent(daily, 7, 7) is None
    found = silent(daily, 8, 8)
    assert found
    assert identity(found) == (Part.TOPIC, "chips", care.SILENT)
    assert "no item has matched since 2026-11-14 08:00 UTC" in found.text
    weekly = [7 * week for week in range(30)]
    assert silent(weekly, 42, 42) is None
    assert silent(weekly, 43, 43)


def test_a_burst_of_reports_is_no_rhythm() -> None:
    bursts = [30 * month + day for month in range(5) for day in range(3)]
    assert silent(bursts, 100, 100) is None


def test_days_without_any_item_count_for_nothing() -> None:
    """The bot was down, or its network was."""
    assert silent(range(30), 60, 7) is None
    assert silent(range(30), 60, 8)


def test_of_a_topic_with_little_history_nothing_can_be_said() -> None:
    assert silent(range(5), 300, 300) is None
    assert silent(range(6), 300, 300)


def test_a_topic_that_speaks_ends_its_silence() -> None:
    found = silent(range(30), 30, 30)
    assert found
    assert identity(topic_speaks(CHIPS)) == identity(found)


def test_what_drifts_is_an_alarm_and_what_does_not_is_over() -> None:
    def sight(near: int) -> Sight:
        scores = ScoreTally(items=1000, near=near, bins=(500, 300, 200), effective=1000.0)
        return Sight(window=Window(start=NOW - DAY, end=NOW), scores=scores)

    drifting = Drift(topic_id="chips", recent=sight(90), reference=sight(20))
    found = list(of_drift(CHIPS, drifting, NOW))
    assert kinds(found) == [("Alarm", "drift near"), ("Over", "drift scores"), ("Over", "drift words")]
    assert found[0].text.startswith("Topic “Chips”: 9.0% of decisions are close to the threshold")
    assert not any(isinstance(each, Over) and each.quietly for each in found)


def test_where_nothing_is_left_to_compare_with_drift_ends_quietly() -> None:
    scores = ScoreTally(items=1000, near=90, bins=(500, 300, 200), effective=1000.0)
    alone = Drift(topic_id="chips", recent=Sight(window=Window(start=NOW, end=NOW), scores=scores))
    assert all(isinstance(each, Over) and each.quietly for each in of_drift(CHIPS, alone, NOW))
