"""Ten days of a deal, told by the real bot: six tellings, each with the reason an editor would give.

``tests/data/deal-life.toml`` holds the 61 reports and was written first; what is expected here follows from
it by an editor's judgement, not from what the bot does. ``bid-life.toml`` is a takeover that fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.updates import decision_in_words
from bot.model import Story, UpdateDecision
from tests.e2e.deal import ROUND, Life, Script, life, script

BEGAN = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)
DAYS = 10
SLOT = timedelta(hours=7)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A telling that an editor would make."""

    day: str
    status: str
    title: str
    news: tuple[str, ...]
    reason: str


EDITOR = (
    Told(
        day="2 Nov",
        status="NEW",
        title="Marlow in talks to buy AI chips from Brackwater, sources say",
        news=(),
        reason="A deal nobody knew of. What follows that day and the next repeats the agency's report, moves "
        "with the share price, or comments.",
    ),
    Told(
        day="4 Nov",
        status="UPDATED",
        title="Marlow selects Brackwater for Sable accelerators",
        news=("power: 1.2 GW", "chip: Sable", "status: reported → confirmed"),
        reason="Both parties announce it. That others hedge it, or tell it in euros or rounded, is no news.",
    ),
    Told(
        day="6 Nov",
        status="UPDATED",
        title="Marlow raises Brackwater chip order to $6 billion",
        news=("value: $6 billion (was $4 billion)",),
        reason="The sum changed. An analyst's 7 billion the day before was a guess, and Saturday's round-ups "
        "add nothing.",
    ),
    Told(
        day="9 Nov",
        status="UPDATED",
        title="Marlow to bring in Ferrant as second supplier of Sable accelerators",
        news=("party: Ferrant",),
        reason="A second supplier, if only by report: a name that was not in the story.",
    ),
    Told(
        day="10 Nov",
        status="UPDATED",
        title="Ferrant denies it will supply Sable accelerators to Marlow",
        news=("status: confirmed → denied",),
        reason="Who was told of the report must hear that it is denied.",
    ),
    Told(
        day="11 Nov",
        status="UPDATED",
        title="Marlow and Brackwater complete Sable supply agreement",
        news=("status: denied → completed",),
        reason="The deal is closed; after that only comment comes.",
    ),
)

EDITOR_OF_THE_BID = (
    Told(
        day="2 Nov",
        status="NEW",
        title="Is Oakum about to take over AI chip designer Veltra?",
        news=(),
        reason="A rumour, and told as one.",
    ),
    Told(
        day="3 Nov",
        status="UPDATED",
        title="Oakum says it has no plans to buy chip designer Veltra",
        news=("status: rumoured → denied",),
        reason="A denial after a rumour is news.",
    ),
    Told(
        day="6 Nov",
        status="UPDATED",
        title="Oakum to acquire Veltra",
        news=("value: €950 million (was €800 million)", "status: denied → confirmed"),
        reason="It is agreed after all, for more. What was spent in 2024, and sales, are background.",
    ),
    Told(
        day="9 Nov",
        status="UPDATED",
        title="Castrel considers counter-bid for Veltra, sources say",
        news=("party: Castrel",),
        reason="A rival. What it might offer stands within one report only.",
    ),
    Told(
        day="10 Nov",
        status="UPDATED",
        title="Oakum raises offer for Veltra to €1.3 billion",
        news=("value: €1.3 billion (was €950 million)",),
        reason="The sum changed.",
    ),
    Told(
        day="12 Nov",
        status="UPDATED",
        title="Oakum walks away from Veltra takeover",
        news=("status: confirmed → cancelled",),
        reason="It is over.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Played:
    alerts: Sequence[tuple[datetime, Mapping[str, Any]]]
    letters: Sequence[tuple[datetime, str]]
    stories: Sequence[Story]
    decisions: Sequence[UpdateDecision]
    """Of the deal's story."""


def play(lived: Life, scripted: Script) -> Played:
    """A round each ten minutes in which something came out, and at seven each morning."""
    before = BEGAN
    lived.round()
    for now in sorted(_rounds(scripted)):
        lived.publish([report for report in scripted.reports if before < report.at <= now])
        lived.clock.at = before = now
        lived.round()
    with lived.application.store.read() as tx:
        stories = tx.stories.search(topic=None, since=None, words=(), limit=99)
        deal = max(stories, key=lambda story: len(story.members))
        decisions = tx.updates.of_story(deal.id)
    return Played(alerts=lived.alerts, letters=lived.letters, stories=stories, decisions=decisions)


def _rounds(scripted: Script) -> set[datetime]:
    midnight = BEGAN.replace(hour=0, minute=0)
    mornings = {midnight + timedelta(days=day) + SLOT for day in range(DAYS + 1)}
    return mornings | {BEGAN - (BEGAN - report.at) // ROUND * ROUND for report in scripted.reports}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    deal = script("deal-life")
    with life(tmp_path_factory.mktemp("deal"), deal, BEGAN) as lived:
        yield play(lived, deal)


def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def alerted(played: Played) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(day(at), story["status"], story["title"], tuple(story["news"])) for at, story in played.alerts]


def shared_out(played: Played) -> set[frozenset[str]]:
    """Which reports are in one story; ids follow from addresses, which differ from run to run."""
    return {frozenset(member.item.url for member in story.members) for story in played.stories}


def by_letter(letter: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Status, headline and news of each story, as they stand in a letter's text."""
    stories = re.split(r"(?m)^(?=\[[A-Z]+\] )", letter)[1:]
    found = []
    for story in stories:
        head = re.match(r"\[([A-Z]+)\] (.*?)\n  https://", story, re.DOTALL)
        assert head
        news = re.findall(r"(?m)^  \+ (.*)$", story)
        found.append((head[1], " ".join(head[2].split()), tuple(news)))
    return found


def test_the_script_is_a_deals_life() -> None:
    reports = script("deal-life").reports
    assert len(reports) >= 60
    assert len({report.by for report in reports}) == 12
    assert len({report.id for report in reports}) == len(reports)


def test_alerts_are_what_an_editor_would_tell(played: Played) -> None:
    assert alerted(played) == [(told.day, told.status, told.title, told.news) for told in EDITOR]


def test_alerts_come_within_ten_minutes_of_the_report(played: Played) -> None:
    published = {report.title: report.at for report in reversed(script("deal-life").reports)}
    assert all(at - published[story["title"]] <= ROUND for at, story in played.alerts)


def test_the_morning_letters_tell_the_same_a_day_later(played: Played) -> None:
    told = [(at, story) for at, letter in played.letters for story in by_letter(letter)]
    assert [story for _, story in told] == [(told.status, told.title, told.news) for told in EDITOR]
    assert {(at.hour, at.minute) for at, _ in told} == {(7, 0)}


def test_each_update_says_since_when(played: Played) -> None:
    at = [moment for moment, _ in played.alerts]
    since = [story["news_since"] for _, story in played.alerts]
    assert since == [None, *(f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in at[:-1])]
    letters = [letter for _, letter in played.letters]
    assert all(letter.count("New since ") == 1 for letter in letters[1:])


def test_what_was_passed_over_is_written_down_with_its_reason(played: Played) -> None:
    passed = {reason for decision in played.decisions for reason in decision.reasons}
    assert "not news: $3.9 billion is $4 billion, which was told" in passed
    assert "not news: €3.7 billion is in another currency than what was told" in passed
    material = [decision for decision in played.decisions if decision.material and decision.channel == "hook"]
    assert [decision.revision for decision in material] == [1, 2, 3, 4, 5]
    assert "material against telling 1 by hook: power: 1.2 GW" in decision_in_words(material[0])


def test_few_decisions_are_written(played: Played) -> None:
    """One where something changed, not one a round."""
    assert len(played.decisions) < 40


@pytest.mark.slow
@pytest.mark.parametrize("turned", [1, 5, -1], ids=["rotated", "rotated further", "reversed"])
def test_the_order_of_the_feeds_changes_nothing(tmp_path: Path, played: Played, turned: int) -> None:
    deal = script("deal-life")
    names = list(deal.outlets)
    order = names[::-1] if turned < 0 else [*names[turned:], *names[:turned]]
    with life(tmp_path, deal, BEGAN, order) as lived:
        again = play(lived, deal)
    assert alerted(again) == alerted(played)
    assert shared_out(again) == shared_out(played)


def test_a_bid_that_fails_is_told_as_an_editor_would(tmp_path: Path) -> None:
    bid = script("bid-life")
    with life(tmp_path, bid, BEGAN) as lived:
        played = play(lived, bid)
    assert alerted(played) == [(told.day, told.status, told.title, told.news) for told in EDITOR_OF_THE_BID]
