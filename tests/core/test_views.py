"""The wording that all channels share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.render import BARE, SHORT, Cut
from bot.core.views import ordinal, view
from bot.model import Digest, Earlier, Facts, NamedFeed, NearMiss, Notice, Receipt, Volume
from tests.digests import END, digest, source, story


def with_story(**changes: object) -> Digest:
    one = digest(1)
    changed = replace(one.stories[0], **changes)  # type: ignore[arg-type]
    return replace(one, sections=(replace(one.sections[0], stories=(changed,)),))


def with_receipt(kind: str = "digest", **changes: object) -> Digest:
    receipt = Receipt(feeds=1, feeds_failing=(), items_read=2, stories_matched=1)
    return replace(digest(1, kind=kind), receipt=replace(receipt, **changes))  # type: ignore[arg-type]


GONE = "Harbor Wire (https://harbor.example/f) is gone: taken down."


@pytest.mark.parametrize(
    ("failing", "kind", "line", "row"),
    [
        (["harbor"], "gone", None, "1 told of below"),
        (["harbor"], "failing", None, "1 told of below"),
        (["harbor", "tide"], "gone", "Other failing feeds: tide.", "tide · 1 told of below"),
        # Another feed, and one that was well again in between.
        (["tide"], "gone", "Failing feeds: tide.", "tide"),
        (["harbor"], "recovered", "Failing feeds: harbor.", "harbor"),
    ],
)
def test_a_feed_that_fails_is_named_once(failing: list[str], kind: str, line: str | None, row: str) -> None:
    told = replace(
        with_receipt(feeds_failing=tuple(NamedFeed(feed_id=each, name=each) for each in failing)),
        notices=(Notice(feed_id="harbor", kind=kind, text=GONE, at=END),),
    )
    seen = view(Cut(digest=told))
    assert seen.receipt[1:] == ((line,) if line else ())
    assert dict(seen.coverage)["Failing"] == row


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
    assert told.left_out == "1 more story is not shown for lack of room: it waits for the next digest."
    assert told.late == "Late: this was due on 22 Nov 08:00."
    assert told.part == "2/3"
    four = "4 more stories are not shown"
    assert view(Cut(digest=digest(1), left_out=4)).left_out == (
        f"{four} for lack of room: they wait for the next digest."
    )
    alert = digest(2, kind="alert")
    assert view(Cut(digest=alert, left_out=4)).left_out == f"{four}: the message would be too long."


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
    told = view(Cut(digest=digest(3), left_out=1))
    assert told.receipt == (
        "Polled 41 of 42 feeds, read 1,204 items; 3 stories matched, 2 told, 1 waits for the next digest.",
        "Failing feeds: Old Gazette.",
    )
    assert dict(told.coverage)["Stories"] == "3 matched · 2 told · 1 waits for the next digest"
    nothing = view(Cut(digest=replace(digest(1), receipt=None)))
    assert (nothing.receipt, nothing.coverage) == ((), ())


def test_a_topic_with_far_more_stories_than_usual_is_told_of() -> None:
    volume = Volume(topic_id="chips", topic="Chips", stories=42, usual=14)
    told = view(Cut(digest=replace(digest(1), volumes=(volume,))))
    assert told.volumes == ("Chips: 42 stories in this time, 3× the usual 14.",)


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
