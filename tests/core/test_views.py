"""The wording that all channels share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.core.render import BARE, SHORT, Cut
from bot.core.views import ordinal, span, view, when
from bot.model import Digest, Earlier, Facts, NearMiss, Notice, Receipt, Window
from tests.digests import END, digest, source, story

BERLIN = ZoneInfo("Europe/Berlin")


def with_story(**changes: object) -> Digest:
    one = digest(1)
    changed = replace(one.stories[0], **changes)  # type: ignore[arg-type]
    return replace(one, sections=(replace(one.sections[0], stories=(changed,)),))


def with_receipt(kind: str = "digest", **changes: object) -> Digest:
    receipt = Receipt(feeds=1, feeds_failing=(), items_read=2, stories_matched=1)
    return replace(digest(1, kind=kind), receipt=replace(receipt, **changes))  # type: ignore[arg-type]


GONE = "Harbor Wire (https://harbor.example/f) is gone: taken down."


@pytest.mark.parametrize(
    ("failing", "kind", "text", "line"),
    [
        (["Harbor Wire"], "gone", GONE, None),
        (["Harbor Wire", "Tide"], "gone", GONE, "Other failing feeds: Tide."),
        # Another feed whose name begins alike, and one that was well again in between.
        (["Harbor"], "gone", GONE, "Failing feeds: Harbor."),
        (["Harbor Wire"], "recovered", GONE, "Failing feeds: Harbor Wire."),
        (["https://x.example/f"], "failing", "https://x.example/f has failed for 24 h.", None),
        ([f"{'W' * 63}…"], "failing", f"{'W' * 90} (https://x.example/f) has failed.", None),
    ],
)
def test_a_feed_that_fails_is_named_once(failing: list[str], kind: str, text: str, line: str | None) -> None:
    told = replace(
        with_receipt(feeds_failing=tuple(failing)),
        notices=(Notice(feed_id="f", kind=kind, text=text, at=END),),
    )
    assert view(Cut(digest=told)).receipt[1:] == ((line,) if line else ())


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (21, "21st"),
        (113, "113th"),
    ],
)
def test_ordinal(number: int, spelled: str) -> None:
    assert ordinal(number) == spelled


def test_times_are_in_the_zone_of_the_digest() -> None:
    assert when(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), BERLIN) == "2 Jul 01:30"
    assert span(digest(1).window, BERLIN) == "Sat 21 Nov 08:00 – Sun 22 Nov 08:00 CET"


def test_a_window_within_a_day_names_it_once_and_a_zone_without_a_name_gets_one() -> None:
    window = Window(start=END - timedelta(hours=2), end=END)
    assert span(window, BERLIN) == "Sun 22 Nov 06:00 – 08:00 CET"
    assert span(window, ZoneInfo("Asia/Kathmandu")) == "Sun 22 Nov 10:45 – 12:45 UTC+0545"


def test_a_first_telling_and_a_later_one() -> None:
    first = view(Cut(digest=with_story())).sections[0].stories[0]
    later = view(Cut(digest=with_story(status="UPDATED", revision=3))).sections[0].stories[0]
    assert (first.label, first.status, first.telling) == ("NEW", "new", "")
    assert (later.label, later.status, later.telling) == ("UPDATED", "updated", "3rd telling")


def test_news_say_since_when_and_a_story_what_it_follows() -> None:
    changes = {"news": ("status: reported → confirmed",), "news_since": END - timedelta(days=1)}
    told = view(Cut(digest=with_story(**changes))).sections[0].stories[0]
    assert told.news_since == "New since 21 Nov 08:00"
    assert told.relation == "follow-up to an article of the corpus"
    ago = END - timedelta(days=10)
    earlier = Earlier(story_id="s", title="Norvik buys", told_at=ago, words="follow-up to")
    follows = view(Cut(digest=with_story(earlier=earlier, relation="related to “X” in the corpus")))
    assert follows.sections[0].stories[0].relation == (
        "follow-up to “Norvik buys” (told 12 Nov) · related to “X” in the corpus"
    )
    assert follows.sections[0].stories[0].news_since == ""


def test_a_status_nobody_planned_for_is_shown_and_styled_like_new() -> None:
    told = view(Cut(digest=with_story(status='x" onload'))).sections[0].stories[0]
    assert (told.label, told.status) == ('X" ONLOAD', "new")


def test_facts_are_rows_of_what_is_known_and_count_what_is_too_much() -> None:
    facts = Facts(chips=tuple(f"C{n}" for n in range(6)), status="announced")
    told = view(Cut(digest=with_story(facts=facts), detail=SHORT)).sections[0].stories[0]
    assert told.facts == (("Chips", "C0 · C1 · C2 · C3 · +2 more"), ("Status", "announced"))
    assert view(Cut(digest=with_story(facts=facts), detail=BARE)).sections[0].stories[0].facts == ()


def test_sources_say_what_they_are_and_those_not_listed_are_counted() -> None:
    sources = tuple(source(f"P{n}", "T", primary=n == 0, copies=n) for n in range(5))
    told = view(Cut(digest=with_story(sources=sources), detail=SHORT)).sections[0].stories[0]
    assert (told.sources_count, told.more_sources, len(told.sources)) == ("5 sources", "+2 more", 3)
    assert told.sources[0].note == "primary source · 22 Nov 05:00"
    assert told.sources[1].note == "22 Nov 05:00 · +1 copy of the same text"
    assert told.sources[2].note == "22 Nov 05:00 · +2 copies of the same text"


def test_briefs_stand_above_longer_digests_only() -> None:
    assert view(Cut(digest=digest(3))).briefs == ()
    briefs = view(Cut(digest=digest(4))).briefs
    assert [title[:3] for title, _ in briefs] == ["#1#", "#2#", "#3#"]
    assert briefs[0][1] == "2 sources"


def test_an_alert_on_one_story_is_the_story() -> None:
    assert view(Cut(digest=digest(1, kind="alert"))).single
    assert not view(Cut(digest=digest(2, kind="alert"))).single
    assert not view(Cut(digest=digest(0, kind="alert"))).single
    assert not view(Cut(digest=digest(1))).single


def test_what_is_missing_is_said() -> None:
    cut = Cut(digest=replace(digest(2), late=True), left_out=1, part=2, parts=3)
    told = view(cut)
    assert told.left_out == "1 more story is not shown: the message would be too long."
    assert told.late == "Late: this was due on 22 Nov 08:00."
    assert told.part == "2/3"
    assert view(Cut(digest=digest(1), left_out=4)).left_out.startswith("4 more stories are not shown")


def test_what_waits_is_said() -> None:
    assert view(Cut(digest=with_receipt())).held_back == ""
    assert view(Cut(digest=with_receipt(held_back=2))).held_back == "2 more stories wait for the next digest."
    alert = view(Cut(digest=with_receipt("alert", held_back=1)))
    assert alert.held_back == "1 more story waits for the digest: the alerts of this hour are used up."


@pytest.mark.parametrize(("count", "shown", "more"), [(0, 0, False), (8, 8, False), (11, 8, True)])
def test_the_latest_few_notices_stand_at_the_foot(count: int, shown: int, more: bool) -> None:
    notices = tuple(Notice(feed_id="", kind="moved", text=f"{n} has moved", at=END) for n in range(count))
    told = view(Cut(digest=replace(digest(1), notices=notices))).notices
    assert told[:shown] == tuple(notice.text for notice in notices[count - shown :])
    assert told[shown:] == (("And 3 more: chipwatch feeds list.",) if more else ())


def test_an_alert_read_nothing_and_does_not_say_so() -> None:
    """Its receipt only holds how many stories wait."""
    assert view(Cut(digest=with_receipt("alert", held_back=1))).receipt == ()


def test_the_receipt_says_what_was_read_and_what_failed() -> None:
    assert view(Cut(digest=digest(3))).receipt == (
        "Read 42 feeds and 1,204 items; 3 stories matched.",
        "Failing feeds: Old Gazette.",
    )
    assert view(Cut(digest=with_receipt())).receipt == ("Read 1 feed and 2 items; 1 story matched.",)
    assert view(Cut(digest=replace(digest(1), receipt=None))).receipt == ()


def test_also_seen_is_a_line_with_its_source() -> None:
    line = view(Cut(digest=replace(digest(1), also_seen=(story(7),)))).also_seen[0]
    assert line.title.startswith("#7#")
    assert (line.name, line.note) == ("Paper 0", "22 Nov 04:00")


def test_a_near_miss_comes_with_the_command_that_answers_it() -> None:
    missed = NearMiss(
        item_id="3f2a9c0011223344",
        title="Chips for a game console",
        url="https://wire.example/1",
        source="wire.example",
        topic_id="mtia",
        topic="MTIA",
        score=0.43,
        threshold=0.5,
    )
    (shown,) = view(Cut(digest=replace(digest(1), near_misses=(missed,)))).near_misses
    assert (shown.name, shown.title, shown.url) == ("wire.example", missed.title, missed.url)
    assert shown.note == "MTIA 43%, from 50% · chipwatch feedback 3f2a9c001122 mtia yes|no"
