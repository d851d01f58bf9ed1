"""What a receipt says of the feeds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.coverage import is_failing, named, receipt
from bot.model import Feed, FeedState, Notice, Receipt, Window

END = datetime(2026, 11, 22, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(start=END - 24 * HOUR, end=END)


def state(feed_id: str = "a", **changes: Any) -> FeedState:
    given: dict[str, Any] = {
        "feed_id": feed_id,
        "url": f"https://{feed_id}.example/",
        "next_poll_at": END,
        "last_polled_at": END - HOUR,
        "last_ok_at": END - HOUR,
    }
    return FeedState(**given | changes)


def made(*states: FeedState, notices: tuple[Notice, ...] = (), feeds: tuple[Feed, ...] = ()) -> Receipt:
    known = feeds or tuple(Feed(id=each.feed_id, url=each.url) for each in states)
    by_id = {each.feed_id: each for each in states}
    return receipt(known, by_id, notices, WINDOW, items=0, minutes={}, pauses=())


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, False),
        # One poll that failed: the next one reads what it missed.
        ({"failures": 1, "failing_since": END - HOUR}, False),
        ({"failures": 9, "failing_since": WINDOW.start}, True),
        ({"failures": 9, "failing_since": WINDOW.start + HOUR}, False),
        # A new feed whose address is wrong was never read at all.
        ({"failures": 1, "failing_since": END - HOUR, "last_ok_at": None}, True),
        ({"disabled": "gone"}, True),
        ({"trouble": "failing"}, True),
        ({"trouble": "silent"}, False),
    ],
)
def test_a_feed_fails_if_nothing_was_read_of_it_in_all_of_the_window_or_a_day(
    changes: dict[str, Any], failing: bool
) -> None:
    assert is_failing(state(**changes), WINDOW) is failing
    assert [feed.feed_id for feed in made(state(**changes)).feeds_failing] == ["a"] * failing


def test_feeds_are_counted_that_were_polled_of_those_that_are_switched_on() -> None:
    off = Feed(id="off", url="https://off.example/", enabled=False)
    new = Feed(id="new", url="https://new.example/")
    resting = state("b", last_polled_at=WINDOW.start)
    known = (off, new, Feed(id="a", url=""), Feed(id="b", url=""))
    found = made(state("a"), resting, state("off", trouble="failing"), feeds=known)
    assert (found.feeds, found.feeds_polled, found.feeds_failing) == (3, 1, ())


def test_silent_and_running_over() -> None:
    silent, both = state("a", trouble="silent"), state("b", trouble="silent", disabled="gone")
    lately = state("c", trouble="rolled-over", trouble_since=END - HOUR)
    before = state("d", trouble="rolled-over", trouble_since=WINDOW.start)
    over = state("e")
    notices = tuple(
        Notice(feed_id=feed_id, kind=kind, text="", at=END)
        for feed_id, kind in (("e", "rolled-over"), ("a", "silent"))
    )
    found = made(silent, both, lately, before, over, notices=notices)
    assert [feed.feed_id for feed in found.feeds_silent] == ["a"]
    assert [feed.feed_id for feed in found.feeds_rolled_over] == ["c", "e"]


def test_pauses_are_cut_to_the_window() -> None:
    pause = Window(start=WINDOW.start - HOUR, end=WINDOW.start + HOUR)
    found = receipt([], {}, [], WINDOW, items=3, minutes={5: 40}, pauses=[pause])
    assert found.pauses == (Window(start=WINDOW.start, end=WINDOW.start + HOUR),)
    assert found.latency is not None
    assert (found.items_read, found.latency.items) == (3, 40)


@pytest.mark.parametrize(
    ("feed", "name"),
    [
        (Feed(id="a", url="https://a.example/", title="Harbor \n Wire"), "Harbor Wire"),
        (Feed(id="a", url="https://me:secret@a.example/feed"), "https://a.example/feed"),
        (Feed(id="a", url="ftp://a"), "a"),
    ],
)
def test_a_feed_is_named_without_its_password(feed: Feed, name: str) -> None:
    assert named(feed).name == name
