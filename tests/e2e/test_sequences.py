"""Feeds captured eight times each, polled step by step: what is new is new, once, and edits are edits."""

from __future__ import annotations

import html
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import feedparser
import pytest

from bot.model import Item
from bot.pipeline.poll import PollReport
from tests.e2e.captures import Row, body, manifest, page
from tests.e2e.laboratory import feed_at, laboratory
from tests.e2e.origin import serving_pages


@dataclass(frozen=True, kw_only=True)
class Step:
    row: Row
    report: PollReport
    again: PollReport
    """A poll of the same body right after it."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One sequence, walked through by a bot that knew nothing before."""

    steps: Sequence[Step]
    items: Sequence[Item]
    """All that is stored after the last step."""


def captured() -> Mapping[str, Sequence[Row]]:
    sequences: dict[str, list[Row]] = {}
    for row in sorted(manifest(), key=lambda row: int(row.get("sequence_index") or 0)):
        if row.get("sequence"):
            sequences.setdefault(row["sequence"], []).append(row)
    return sequences


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Walk]]:
    sequences = captured()
    walks = {}
    with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        for name, rows in sequences.items():
            lab.clock.at = captured_at(rows[0])
            with serving_pages([page(rows[0])]) as origin:
                feed = feed_at(origin.addresses[0])
                with lab.visitor(feed) as visitor:
                    steps = []
                    for row in rows:
                        lab.clock.at = captured_at(row)
                        origin.pages[0] = page(row)
                        (report,), (again,) = visitor.poll(), visitor.poll()
                        steps.append(Step(row=row, report=report, again=again))
                    walks[name] = Walk(steps=steps, items=visitor.items())
    yield walks


def captured_at(row: Row) -> datetime:
    return datetime.fromisoformat(row["captured_at"])


def test_new_items_of_each_step_are_those_that_were_never_there_before(walks: Mapping[str, Walk]) -> None:
    counted = [
        (step.row["name"], len(step.report.plan.new), step.row["new_items_vs_earlier"]["count"])
        for walk in walks.values()
        for step in walk.steps
        if step.row["new_items_vs_earlier"]["agree"]
    ]
    assert len(counted) >= 35
    assert [each for each in counted if each[1] != each[2]] == []


def test_nothing_is_stored_twice(walks: Mapping[str, Walk]) -> None:
    for walk in walks.values():
        assert len(walk.items) == sum(len(step.report.plan.new) for step in walk.steps)
        assert Counter(item.id for item in walk.items).most_common(1)[0][1] == 1
        assert Counter(item.canonical_url for item in walk.items).most_common(1)[0][1] == 1


def test_every_entry_of_every_step_is_stored(walks: Mapping[str, Walk]) -> None:
    for walk in walks.values():
        stored = {item.url for item in walk.items}
        for step in walk.steps:
            published = {entry.link for entry in whole(step.row).entries}
            assert published <= stored, step.row["name"]


def test_the_same_body_again_changes_nothing(walks: Mapping[str, Walk]) -> None:
    for walk in walks.values():
        for step in walk.steps:
            plan = step.again.plan
            assert (plan.result, len(plan.new), len(plan.revised)) == ("unchanged", 0, 0), step.row["name"]


def test_edits_are_counted_as_revised(walks: Mapping[str, Walk]) -> None:
    """What a whole reading shows to differ from the step before, guid by guid."""
    total = 0
    for walk in walks.values():
        texts: dict[str, tuple[str, ...]] = {}
        for step in walk.steps:
            current = {entry.get("id") or entry.link: wording(entry) for entry in whole(step.row).entries}
            edited = sum(1 for guid, text in current.items() if texts.get(guid, text) != text)
            assert len(step.report.plan.revised) == edited, step.row["name"]
            texts |= current
            total += edited
    assert total > 20


def whole(row: Row) -> feedparser.FeedParserDict:
    return feedparser.parse(io.BytesIO(body(row)))


def wording(entry: feedparser.FeedParserDict) -> tuple[str, ...]:
    contents = [content.value for content in entry.get("content", ())]
    return tuple(bare(text) for text in (entry.get("title", ""), entry.get("summary", ""), *contents))


def bare(markup: str) -> str:
    """Words of a text that may hold HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", html.unescape(markup))).split())
