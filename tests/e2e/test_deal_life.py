"""Ten days of a deal, told by the real bot: six tellings, each with the reason an editor would give.

``tests/data/deal-life.toml`` holds the 61 reports and was written first; what is expected here follows from
it by an editor's judgement, not from what the bot does.
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
from tests.e2e.deal import ROUND, Life, life, reports

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


@dataclass(frozen=True, kw_only=True)
class Played:
    alerts: Sequence[tuple[datetime, Mapping[str, Any]]]
    letters: Sequence[tuple[datetime, str]]
    stories: Sequence[Story]
    decisions: Sequence[UpdateDecision]
    """Of the deal's story."""


def play(lived: Life) -> Played:
    """A round each ten minutes in which something came out, and at seven each morning."""
    script, before = reports(), BEGAN
    lived.round()
    for now in sorted(_rounds()):
        lived.publish([report for report in script if before < report.at <= now])
        lived.clock.at = before = now
        lived.round()
    with lived.application.store.read() as tx:
        stories = tx.stories.search(topic=None, since=None, words=(), limit=99)
        deal = max(stories, key=lambda story: len(story.members))
        decisions = tx.updates.of_story(deal.id)
    return Played(alerts=lived.alerts, letters=lived.letters, stories=stories, decisions=decisions)


def _rounds() -> set[datetime]:
    midnight = BEGAN.replace(hour=0, minute=0)
    mornings = {midnight + timedelta(days=day) + SLOT for day in range(DAYS + 1)}
    return mornings | {BEGAN - (BEGAN - report.at) // ROUND * ROUND for report in reports()}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with life(tmp_path_factory.mktemp("deal"), BEGAN) as lived:
        yield play(lived)


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
    script = reports()
    assert len(script) >= 60
    assert len({report.by for report in script}) == 12
    assert len({report.id for report in script}) == len(script)


def test_alerts_are_what_an_editor_would_tell(played: Played) -> None:
    assert alerted(played) == [(told.day, told.status, told.title, told.news) for told in EDITOR]


def test_alerts_come_within_ten_minutes_of_the_report(played: Played) -> None:
    published = {report.title: report.at for report in reversed(reports())}
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
    names = list(dict.fromkeys(report.by for report in reports()))
    order = names[::-1] if turned < 0 else [*names[turned:], *names[:turned]]
    with life(tmp_path, BEGAN, order) as lived:
        again = play(lived)
    assert alerted(again) == alerted(played)
    assert shared_out(again) == shared_out(played)
