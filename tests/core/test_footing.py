"""The coverage receipt in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.footing import NAMES, sentences, table, volume
from bot.model import Latency, NamedFeed, Receipt, Volume, Window
from tests.digests import END

UTC_ZONE = ZoneInfo("UTC")
HOUR = timedelta(hours=1)
PLAIN = Receipt(
    feeds=42, feeds_polled=42, feeds_failing=(), items_read=1204, stories_matched=9, stories_told=7
)


def feeds(*names: str) -> tuple[NamedFeed, ...]:
    return tuple(NamedFeed(feed_id=f"f{number}", name=name) for number, name in enumerate(names))


def said(receipt: Receipt, *, not_shown: int = 0) -> list[str]:
    return list(sentences(receipt, UTC_ZONE, not_shown=not_shown))


def test_a_day_on_which_all_went_well_is_one_line() -> None:
    assert said(PLAIN) == ["Polled 42 of 42 feeds, read 1,204 items; 9 stories matched, 7 told."]
    assert dict(table(PLAIN, UTC_ZONE)) == {
        "Feeds": "42 of 42 polled",
        "Items": "1,204 read",
        "Stories": "9 matched · 7 told",
    }


def test_everything_that_there_is_to_say() -> None:
    pause = Window(start=END - 5 * HOUR, end=END - 2 * HOUR)
    receipt = replace(
        PLAIN,
        feeds_failing=feeds("Old Gazette", "Tide Times"),
        feeds_silent=feeds("Lamp Post"),
        feeds_rolled_over=feeds("Harbor Wire"),
        pauses=(pause,),
        latency=Latency(items=200, half=timedelta(minutes=9), most=timedelta(minutes=41)),
        waited=2,
        held_back=1,
    )
    assert said(receipt, not_shown=3) == [
        "Polled 42 of 42 feeds, read 1,204 items; 9 stories matched, 4 told (2 had waited), "
        "4 wait for the next digest.",
        "Half of the items were seen within 9 minutes of publication, 95 % within 41 minutes.",
        "Failing feeds: Old Gazette and Tide Times.",
        "Silent feeds: Lamp Post.",
        "Harbor Wire ran over between two polls: items may have been missed.",
        "No feed was polled from 22 Nov 02:00 to 22 Nov 05:00.",
    ]
    rows = dict(table(receipt, UTC_ZONE, not_shown=3))
    assert list(rows) == ["Feeds", "Failing", "Silent", "Missed", "Items", "Delay", "Stories"]
    assert rows["Missed"] == (
        "Harbor Wire ran over between two polls: items may have been missed; "
        "no feed was polled from 22 Nov 02:00 to 22 Nov 05:00"
    )
    assert rows["Stories"].endswith("4 told (2 had waited) · 4 wait for the next digest")


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["A", "B", "C"], "A, B and C"),
        ([str(number) for number in range(NAMES)], "0, 1, 2, 3, 4 and 5"),
        ([str(number) for number in range(NAMES + 3)], "0, 1, 2, 3, 4, 5 and 3 more"),
        # As many as there are where a message has no room for names.
        ([""] * 1200, "1,200"),
    ],
)
def test_many_feeds_are_cut_with_a_count(names: list[str], line: str) -> None:
    assert said(replace(PLAIN, feeds_failing=feeds(*names)))[1] == f"Failing feeds: {line}."


def test_several_pauses_are_added_up() -> None:
    pauses = tuple(Window(start=END - start * HOUR, end=END - start * HOUR + 2.25 * HOUR) for start in (9, 5))
    assert said(replace(PLAIN, pauses=pauses))[1] == "No feed was polled for 4 h 30 min in all."


@pytest.mark.parametrize(
    ("stories", "usual", "words"),
    [
        (42, 14.0, "Chips: 42 stories in this time, 3× the usual 14"),
        (11, 2.5, "Chips: 11 stories in this time, 4× the usual 2.5"),
        (9, 0.5, "Chips: 9 stories in this time, where there is hardly one as a rule"),
    ],
)
def test_a_volume_is_told_beside_what_is_usual(stories: int, usual: float, words: str) -> None:
    assert volume(Volume(topic_id="chips", topic="Chips", stories=stories, usual=usual)) == words
