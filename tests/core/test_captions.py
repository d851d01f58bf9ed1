"""What a message is called, on any digest."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from bot.core.captions import PREHEADER, SUBJECT, preheader, subject, summary
from bot.core.render import clean
from bot.core.text import one_line
from bot.model import Digest
from tests.digests import alarm, digest, digests, story


def test_the_subject_is_the_biggest_story_and_how_many_more() -> None:
    three = digest(3)
    assert subject(three) == "#1# Norvik orders Halcyon accelerators, part 1 + 2 stories"
    assert subject(digest(2)).endswith(" + 1 story")
    assert subject(digest(1)) == "#1# Norvik orders Halcyon accelerators, part 1"
    assert subject(digest(0)) == "Chip deals daily: nothing new"


def test_an_alert_keeps_the_subject_of_its_first_telling() -> None:
    alert = digest(1, kind="alert")
    assert subject(alert) == "#1# Norvik orders Halcyon accelerators"
    untold = replace(alert.stories[0], first_title="")
    section = replace(alert.sections[0], stories=(untold,))
    assert subject(replace(alert, sections=(section,))) == untold.title


@given(digests())
@settings(max_examples=20, deadline=None)
def test_subject_and_preheader_are_short_single_lines(any_digest: Digest) -> None:
    cleaned = clean(any_digest)
    assert 0 < len(subject(cleaned)) <= (200 if cleaned.kind == "alert" else SUBJECT)
    assert 0 < len(preheader(cleaned)) <= PREHEADER + 10
    assert subject(cleaned) == one_line(subject(cleaned))


def test_summary_counts_stories_updates_and_sources() -> None:
    one = digest(1)
    section = replace(one.sections[0], stories=(story(1, sources=1), story(2, sources=3, revision=2)))
    assert summary(replace(one, sections=(section,))) == "2 stories · 1 updated · 4 sources"
    assert summary(one) == "1 story · 2 sources"
    assert summary(digest(0)) == "nothing new"


def test_the_preheader_tells_the_next_stories_or_the_lead() -> None:
    assert preheader(digest(1)).startswith("Norvik Networks takes the third")
    assert preheader(digest(3)).startswith("#2# Norvik")
    assert preheader(digest(3)).endswith("3 stories · 6 sources")


def test_an_alarm_is_named_by_its_title_and_tells_its_latest_notice() -> None:
    told = alarm()
    assert subject(told) == "Delivery trouble"
    assert summary(told) == "1 notice"
    assert preheader(told) == "The channel chat is switched off: 404 no_service."
