from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.alerts import select_alerts
from bot.core.select import select_digest
from bot.model import Receipt
from tests.core.test_select import digest_of
from tests.core.told import NOW, RULE, SPEC, WINDOW, background, member, story

RECEIPT = Receipt(feeds=3, feeds_failing=("x",), items_read=40, stories_matched=0)


def test_an_alert_tells_one_story() -> None:
    alerts = select_alerts(
        RULE,
        "mail",
        [story(member(1, story=1, score=0.7)), story(member(2, story=2))],
        {},
        background(),
        now=NOW,
        budget_left=6,
        timezone="Europe/Oslo",
    )
    assert [selection.digest.stories[0].id for selection in alerts.selections] == ["s2", "s1"]
    first = alerts.selections[0].digest
    assert (first.kind, first.name, first.title, first.timezone) == ("alert", "now", "Chips", "Europe/Oslo")
    assert first.receipt is None
    assert alerts.held_back == 0


def test_alerts_leave_the_doubtful_the_old_and_the_late_to_the_digest() -> None:
    stories = [
        story(member(1, story=1, score=0.4)),
        story(member(2, story=2, hours=25)),
        story(member(3, story=3, hours=24 * 9, seen=1)),
        story(member(4, story=4, baseline=True)),
        story(member(5, story=5, matched=())),
    ]
    alerts = select_alerts(
        replace(RULE, max_age=timedelta(days=30)), "mail", stories, {}, background(), now=NOW, budget_left=6
    )
    assert [selection.digest.stories[0].id for selection in alerts.selections] == ["s2"]
    alerts = select_alerts(RULE, "mail", stories, {}, background(), now=NOW, budget_left=6)
    assert alerts.selections == ()


def test_beyond_the_budget_stories_wait_and_the_last_alert_says_how_many() -> None:
    stories = [story(member(number, story=number)) for number in range(5)]
    alerts = select_alerts(RULE, "mail", stories, {}, background(), now=NOW, budget_left=2, receipt=RECEIPT)
    assert alerts.held_back == 3
    receipts = [selection.digest.receipt for selection in alerts.selections]
    assert receipts == [None, replace(RECEIPT, held_back=3)]
    spent = select_alerts(RULE, "mail", stories, {}, background(), now=NOW, budget_left=0)
    assert (spent.selections, spent.held_back) == ((), 5)


def test_digests_and_alerts_share_their_memory() -> None:
    stories = [story(member(number, story=number)) for number in range(3)]
    alerts = select_alerts(RULE, "mail", stories, {}, background(), now=NOW, budget_left=2)
    told = {each.story_id: each for selection in alerts.selections for each in selection.tellings}
    assert [each.id for each in digest_of(stories, told).digest.stories] == ["s2"]


def test_what_waits_for_a_digest_is_alerted_by_no_later_budget_and_told_by_the_digest() -> None:
    stories = [story(member(number, story=number)) for number in range(5)]
    first = select_alerts(RULE, "mail", stories, {}, background(), now=NOW, budget_left=2)
    told = {telling.story_id: telling for each in first.selections for telling in each.tellings}
    told |= {telling.story_id: telling for telling in first.waiting}
    assert sorted(telling.revision for telling in told.values()) == [0, 0, 0, 1, 1]
    later = select_alerts(RULE, "mail", stories, told, background(), now=NOW, budget_left=9)
    assert (later.selections, later.held_back) == ((), 0)
    digest = select_digest(SPEC, "mail", WINDOW, stories, told, background(), now=NOW)
    assert digest
    assert {telling.story_id for telling in digest.tellings} == {each.story_id for each in first.waiting}
    assert {telling.revision for telling in digest.tellings} == {1}


def test_where_no_digest_follows_stories_wait_for_the_next_budget() -> None:
    stories = [story(member(number, story=number)) for number in range(3)]
    alerts = select_alerts(
        RULE, "mail", stories, {}, background(), now=NOW, budget_left=2, digest_follows=False
    )
    assert (alerts.held_back, alerts.waiting) == (1, ())
