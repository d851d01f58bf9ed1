"""Plain text for chats: whole, in order, within bytes, and calling nobody."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.plain import closing, cut_bytes, headline, inert, notification, plain, reasons, subtitle
from bot.core.render import Cut, clean
from bot.core.views import DigestView, view
from bot.model import Digest, NearMiss, Notice
from tests.digests import END, digest, digests, story


def seen(of: Digest, *, part: int = 1, parts: int = 1, left_out: int = 0) -> DigestView:
    return view(Cut(digest=clean(of), part=part, parts=parts, left_out=left_out))


def test_a_digest_reads_from_the_top_down() -> None:
    text = plain(seen(replace(digest(2), also_seen=(story(91),))), 1000)
    told = [
        "Chip deals daily\nSat 21 Nov 08:00",
        "HALCYON CHIPS",
        "NEW: #1# Norvik orders",
        "https://harbour-wire.example/1\n",
        "Parties: Norvik · Castellan",
        "2 sources: Paper 0 (22 Nov 05:00), Paper 1",
        "Why: Halcyon chips 97%",
        "NEW: #2# Norvik",
        "Also seen:\n• #91#",
        "No news: Photonics",
        "Polled 41 of 42 feeds",
    ]
    assert sorted(told, key=text.find) == told
    assert all(part in text for part in told)


def test_what_stands_below_the_stories_is_one_block_and_asks_without_a_colon() -> None:
    missed = NearMiss(
        item_id="i", title="A chip", url="", source="Wire", topic_id="t", topic="T", score=0.4, threshold=0.5
    )
    text = plain(seen(replace(digest(1), near_misses=(missed,))), 1000)
    assert "\n\nNear misses: was this one?\n• A chip" in text
    assert "\n\nNo news: Photonics\nPolled 41 of 42 feeds" in text


def test_an_alert_on_one_story_begins_with_it() -> None:
    assert plain(seen(digest(1, kind="alert")), 1000).startswith("NEW: #1#")


def test_the_title_may_stand_in_a_field_of_its_own() -> None:
    assert plain(seen(digest(2)), 1000, heading=False).startswith("Sat 21 Nov")


def test_parts_are_numbered() -> None:
    assert headline(seen(digest(2), part=2, parts=3)) == "Chip deals daily (2/3)"


def test_an_alarm_is_its_notices_alone() -> None:
    notice = Notice(feed_id="", kind="disabled", text="Slack is switched off: 404 no_service", at=END)
    alarm = replace(digest(0), kind="alarm", notices=(notice,), receipt=None, quiet_topics=())
    assert subtitle(seen(alarm)) == ""
    assert plain(seen(alarm), 1000) == "Chip deals daily\n\nSlack is switched off: 404 no_service"


@settings(max_examples=25)
@given(digests(), st.integers(0, 3000))
def test_the_foot_keeps_its_bytes(any_digest: Digest, most: int) -> None:
    foot = closing(seen(any_digest), most)
    assert len("\n\n".join(foot).encode()) <= most


def test_what_was_left_out_is_said_first() -> None:
    foot = closing(seen(digest(2), left_out=7), 300)
    assert foot[0].startswith("7 more stories are not shown")


@given(st.text(max_size=60), st.integers(-2, 80))
def test_text_is_cut_to_bytes(text: str, limit: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    short = cut_bytes(text, limit)
    assert len(short.encode()) <= max(0, limit)
    assert short == text or len(text.encode()) > limit


@pytest.mark.parametrize(
    "text", ["@here", "so (@all)", "@room!", "@Ann and @bob", "@芯", "x@room", "ann@example.org", "@-"]
)
def test_no_call_stays_alive(text: str) -> None:
    assert not re.search("@[^\u200b]", inert(text))
    assert inert(text).replace("\u200b", "") == text


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/x", "evil.example", "www.evil.example/x", "a.b.io", "#tag $TICK /start", "(#tag)"],
)
def test_what_chats_make_links_of_without_a_mark_is_parted(text: str) -> None:
    """Bare hosts, tags, tickers and commands to bots."""
    assert not re.search(r"\w\.[a-z]{2}|://|(?<![\w/])[#$/]\w", inert(text))
    assert inert(text).replace("\u200b", "") == text


@pytest.mark.parametrize(
    "text", ["$2.5bn and 3.5 GW, U.S. deal", "AT&T and/or B", "chipwatch feedback 1a yes|no"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


def test_an_address_in_a_text_is_no_link_and_that_of_the_story_is_one() -> None:
    linked = replace(story(1), lead="https://evil.example/", news=("see http://evil.example/",))
    section = replace(digest(1).sections[0], stories=(linked,))
    text = plain(seen(replace(digest(1), sections=(section,))), 1000)
    assert re.findall(r"https?://\S+", text) == [linked.url]


def test_lines_may_be_bounded() -> None:
    long = replace(story(1), lead="word " * 200, url="https://wire.example/" + "a" * 200)
    section = replace(digest(1).sections[0], stories=(long,))
    text = plain(seen(replace(digest(1), sections=(section,))), 1000, line=150)
    assert long.url not in text
    assert "word …" in text or "word…" in text
    assert all(len(line.encode()) <= 150 for line in text.splitlines())


def test_a_notification_says_what_came_and_nothing_twice() -> None:
    assert notification(seen(digest(0))) == "Chip deals daily: nothing new"
    assert notification(seen(digest(2), part=1, parts=2)).startswith("#1# Norvik orders Halcyon accelerators")
    assert " (1/2) · " in notification(seen(digest(2), part=1, parts=2))
    titleless = replace(digest(0), kind="alarm", title="Trouble", notices=())
    assert notification(seen(titleless)) == "Trouble · 0 notices"


def test_a_notification_of_an_update_says_that_it_is_one() -> None:
    """Its subject is that of the first alert."""
    section = replace(digest(1).sections[0], stories=(story(1, status="UPDATED", revision=2),))
    alert = replace(digest(1, kind="alert"), sections=(section,))
    assert notification(seen(alert)).startswith("UPDATED · 2nd telling: #1# Norvik orders")
    assert notification(seen(digest(1, kind="alert"))).startswith("#1# Norvik orders")


def test_a_story_says_how_it_stands_to_others_and_why_it_is_here() -> None:
    (told,) = seen(digest(1)).sections[0].stories
    assert reasons(told) == [
        "follow-up to an article of the corpus",
        "Why: Halcyon chips 97%: query “halcyon” in title",
    ]
    assert reasons(replace(told, relation="", because=())) == []
