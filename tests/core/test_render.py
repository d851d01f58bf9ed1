"""Cleaning and cutting to size, on any digest."""

from __future__ import annotations

import re
from dataclasses import astuple, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.render import (
    BARE,
    FULL,
    LINK,
    SHORT,
    Cut,
    by_prominence,
    clean,
    clip,
    fit,
    pages,
    utf16,
    web_link,
)
from bot.core.text import one_line
from bot.model import Digest, NamedFeed, Source, ToldStory
from tests.digests import HOSTILE_LINKS, alarm, digest, digests, story, words

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def texts(value: object) -> list[str]:
    """Every string inside a dataclass turned tuple."""
    if isinstance(value, str):
        return [value]
    return [text for part in value for text in texts(part)] if isinstance(value, tuple) else []


def size(cut: Cut) -> int:
    """A stand-in for a channel's measure: characters of what would be shown."""
    stories = (len(each.title) + min(len(each.lead), cut.detail.lead) for each in cut.digest.stories)
    return sum(stories) + sum(len(each.title) for each in cut.digest.also_seen)


# ── harmless text ──


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/x?y=1&z=2#part", "https://a.example/x?y=1&z=2#part"),
        ("HTTP://A.Example:8080/x", "http://a.example:8080/x"),
        ("https://münchen.example/straße?q=ü", "https://xn--mnchen-3ya.example/stra%C3%9Fe?q=%C3%BC"),
        ("https://a.example/a b\"<>|`c", "https://a.example/a%20b%22%3C%3E%7C%60c"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://a.example\\@evil.example/", "https://a.example/@evil.example/"),
        ("https://a.example@evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//a.example/x", ""),
        ("https://a.example:99999/", ""),
        ("https:///x", ""),
        ("ftp://a.example/x", ""),
        ("https://a.example/" + "x" * LINK, ""),
        ("", ""),
    ],
)  # fmt: skip
def test_only_sound_web_links_are_kept_and_written_in_ascii(url: str, link: str) -> None:
    assert web_link(url) == link


@given(st.text() | words.map(lambda text: "https://a.example/" + text) | st.sampled_from(HOSTILE_LINKS))
def test_a_link_holds_nothing_that_markup_could_trip_over(url: str) -> None:
    link = web_link(url)
    assert link == "" or re.fullmatch(r"https?://[^\s<>\"|`{}\\^]+", link)
    assert link.isascii()
    assert web_link(link) == link


@given(digests())
@settings(max_examples=20, deadline=None)
def test_a_clean_digest_holds_single_safe_lines_only(any_digest: Digest) -> None:
    cleaned = clean(any_digest)
    ids = {each.id for each in (*any_digest.stories, *any_digest.also_seen)}
    for text in texts(astuple(cleaned)):
        assert not CONTROL.search(text)
        assert len(text) <= LINK
        assert text in ids or text == one_line(text)
    assert [each.id for each in cleaned.stories] == [each.id for each in any_digest.stories]


# ── size ──


def test_utf16_counts_what_services_count() -> None:
    assert [utf16(text) for text in ("abc", "ü", "芯", "🚀")] == [3, 1, 1, 2]


@given(st.text(), st.integers(0, 80))
def test_clip_stays_within_utf16_units(text: str, limit: int) -> None:
    assert utf16(clip(text, limit)) <= limit
    assert utf16(text) > limit or clip(text, limit) == text


def test_more_sources_are_bigger_news_then_the_score_and_late_comes_last() -> None:
    ranked = by_prominence(
        [
            story(1, sources=1, score=0.99),
            story(2, sources=3, score=0.5),
            story(3, sources=3, score=0.8),
            story(4, sources=9, status="LATE"),
            story(5, sources=3, score=0.8),
        ]
    )
    assert ranked == [2, 4, 1, 0, 3]


def test_fit_gives_way_in_order_length_then_lines_then_detail_then_the_least_stories() -> None:
    full = replace(digest(3), also_seen=(story(8), story(9)))
    everything = size(Cut(digest=full))
    short = size(Cut(digest=full, detail=SHORT))

    def at_most(limit: int) -> Cut:
        return fit(full, lambda cut: size(cut) <= limit)

    assert at_most(everything) == Cut(digest=full)
    assert at_most(everything - 1) == at_most(short) == Cut(digest=full, detail=SHORT)
    # All are told, the least prominent ones in a line.
    lines = at_most(short - 1)
    assert [each.id for each in lines.digest.stories] == ["story1", "story2"]
    assert [each.id for each in lines.digest.also_seen] == ["story3", "story8", "story9"]
    assert (lines.detail, lines.left_out) == (SHORT, 0)
    # Nothing but headlines has room: as many as that are told, the others wait.
    barest = size(Cut(digest=replace(full, also_seen=()), detail=BARE))
    fewer = at_most(barest - 1)
    assert [each.id for each in fewer.digest.stories] == ["story1", "story2"]
    assert (fewer.detail, fewer.left_out) == (BARE, 3)
    only_title = at_most(len(full.stories[0].title))
    assert (only_title.detail, len(only_title.digest.stories), only_title.left_out) == (BARE, 1, 4)
    nothing = at_most(0)
    assert (nothing.digest.sections, nothing.left_out) == ((), 5)


def test_an_alert_has_no_lines_beside_its_stories() -> None:
    alert = digest(3, kind="alert")
    short = size(Cut(digest=alert, detail=SHORT))
    cut = fit(alert, lambda cut: size(cut) <= short - 1)
    assert (cut.detail, len(cut.digest.stories), cut.left_out) == (BARE, 3, 0)


def test_hundreds_of_stories_are_told_in_one_letter() -> None:
    many = replace(digest(200), also_seen=tuple(story(at) for at in range(201, 241)))
    cut = fit(many, lambda cut: 9 * len(cut.digest.stories) + len(cut.digest.also_seen) <= 400)
    assert (len(cut.digest.stories), len(cut.digest.also_seen), cut.left_out) == (20, 220, 0)


@given(digests(), st.integers(0, 3000))
@settings(max_examples=20, deadline=None)
def test_whatever_the_limit_a_story_is_shown_or_counted(any_digest: Digest, limit: int) -> None:
    cut = fit(any_digest, lambda cut: size(cut) <= limit)
    shown = [each.id for each in (*cut.digest.stories, *cut.digest.also_seen)]
    told = [each.id for each in (*any_digest.stories, *any_digest.also_seen)]
    assert size(cut) <= limit
    assert shown == [each for each in told if each in shown]
    assert len(shown) + cut.left_out == len(told)


@given(digests(max_sections=4), st.integers(0, 1500), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_pages_keep_the_order_and_count_what_is_beyond_them(
    any_digest: Digest, limit: int, most: int
) -> None:
    parts = pages(any_digest, lambda cut: size(cut) <= limit, most)
    assert 1 <= len(parts) <= most
    assert [(part.part, part.parts) for part in parts] == [(at + 1, len(parts)) for at in range(len(parts))]
    assert all(size(part) <= limit for part in parts)
    shown = [each.id for part in parts for each in part.digest.stories]
    assert shown == [each.id for each in any_digest.stories if each.id in shown]
    also = sum(len(part.digest.also_seen) for part in parts)
    total = len(any_digest.stories) + len(any_digest.also_seen)
    assert len(shown) + also + sum(part.left_out for part in parts) == total
    assert (parts[-1].digest.receipt is None) == (any_digest.receipt is None)
    assert parts[-1].digest.notices in (any_digest.notices, any_digest.notices[-1:])
    assert all(part.digest.receipt is None and not part.digest.notices for part in parts[:-1])


def test_pages_fill_up_before_a_new_one_begins() -> None:
    each = size(Cut(digest=digest(1), detail=SHORT))
    parts = pages(digest(7), lambda cut: size(cut) <= each * 3, 4)
    assert [len(part.digest.stories) for part in parts] == [3, 3, 1]


def test_no_part_is_a_foot_alone() -> None:
    """A reader would take it for a digest with nothing new."""

    def fits(cut: Cut) -> bool:
        return len(cut.digest.stories) + bool(cut.digest.quiet_topics) <= 3

    parts = pages(digest(6), fits, 4)
    assert [len(part.digest.stories) for part in parts] == [3, 2, 1]
    assert parts[-1].digest.quiet_topics


# ── names ──


def test_one_endless_story_does_not_end_the_splitting() -> None:
    def fits(cut: Cut) -> bool:
        return len(cut.digest.stories) <= 2 and (cut.detail == BARE or "story1" not in cut.shown)

    parts = pages(digest(5), fits, 4)
    assert [part.shown for part in parts] == [("story1", "story2"), ("story3", "story4"), ("story5",)]
    assert [part.detail for part in parts] == [BARE, SHORT, FULL]


def test_where_the_foot_leaves_room_for_no_story_it_is_the_foot_that_goes() -> None:
    full = replace(digest(3), notices=alarm().notices * 9)
    cut = fit(full, lambda cut: len(cut.digest.stories) + len(cut.digest.notices) <= 3)
    assert cut.shown == ("story1", "story2")
    assert cut.left_out == 1
    assert cut.digest.quiet_topics == ()
    assert cut.digest.receipt is not None
    assert cut.digest.receipt.feeds_failing == (NamedFeed(feed_id="old", name=""),)
    empty = replace(full, sections=())
    assert fit(empty, lambda cut: False).digest.notices == empty.notices


def test_a_source_and_a_story_without_names_still_have_one() -> None:
    bare = replace(digest(1).stories[0], title="\x00", sources=(Source(name="", title="", url=""),))
    one = digest(1)
    cleaned: ToldStory = clean(replace(one, sections=(replace(one.sections[0], stories=(bare,)),))).stories[0]
    assert (cleaned.title, cleaned.sources[0].name) == ("(no title)", "unknown source")
