"""Drift: how often an alarm is false, and how often a stream that did change raises one.

    python bench/drift.py                   the shipped articles as items
    python bench/drift.py LABELLED.jsonl    these items (the input of ``chipwatch eval``)

Streams are drawn from the items, event by event (``event``; an item without one is its own), a reference of
4,000 items and a week of 1,000: from the same items, or with a part of the week drawn from items that are on
a topic. Printed is the part of 100 draws in which each topic raised each alarm.
"""

from __future__ import annotations

import json
import random
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.catalogue import load_catalogue
from bot.core.advice import AdvicePolicy, borderlines
from bot.core.drift import EDGES, SAMPLE, Drift, Sight, recent_window, unknown_words
from bot.core.profile import Judge, build_profiles
from bot.core.text import sentences
from bot.model import Borderline, Item, ScoreTally
from bot.pipeline.triage import judge_item

CONFIG = Path(__file__).resolve().parent.parent / "config"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFERENCE, WEEK, DRAWS = 4000, 1000, 100


@dataclass(frozen=True)
class Scored:
    item: Item
    scores: Mapping[str, float]
    event: str
    wanted: bool


Event = Sequence[Scored]
Stream = Sequence[tuple[int, Scored]]
"""Items with the number of the draw that they came with: one event each."""


def main(arguments: Sequence[str]) -> None:
    catalogue = load_catalogue(CONFIG)
    judge = build_profiles(catalogue.topics, catalogue.exemplars, catalogue.entities)
    rows = (
        map(json.loads, Path(arguments[0]).read_text(encoding="utf-8").splitlines())
        if arguments
        else (
            {"id": each.id, "title": each.title, "topics": each.topics, "summary": sentences(each.text)[0]}
            for each in catalogue.exemplars
        )
    )
    events: defaultdict[str, list[Scored]] = defaultdict(list)
    for row in rows:
        scored = score(row, judge)
        events[scored.event].append(scored)
    wanted = [event for event in events.values() if any(each.wanted for each in event)]
    for part in (0.0, 0.2, 0.5):
        found = alarms([*events.values()], wanted, part, judge)
        told = ", ".join(
            f"{topic} {kind} {count / DRAWS:.2f}" for (topic, kind), count in sorted(found.items())
        )
        print(f"{part:.0%} of the week drawn from what is on a topic: {told or 'no alarm'}")


def score(row: Mapping[str, object], judge: Judge) -> Scored:
    item = Item(
        id=str(row["id"]),
        feed_id="",
        url="",
        canonical_url="",
        title=str(row["title"]),
        summary=str(row.get("summary", "")),
        seen_at=NOW,
        content_hash="",
    )
    scores = {verdict.topic_id: verdict.score for verdict in judge_item(judge, item)}
    return Scored(item, scores, str(row.get("event") or row["id"]), bool(row["topics"]))


def alarms(
    events: Sequence[Event], wanted: Sequence[Event], part: float, judge: Judge
) -> Counter[tuple[str, str]]:
    draw = random.Random(1)
    found: Counter[tuple[str, str]] = Counter()
    for _ in range(DRAWS):
        reference = [*stream(draw, REFERENCE, events)]
        week = [*stream(draw, int(WEEK * (1 - part)), events), *stream(draw, int(WEEK * part), wanted)]
        for where in borderlines(judge, AdvicePolicy()):
            drift = Drift(
                topic_id=where.topic_id,
                recent=sight(week, where, judge),
                reference=sight(reference, where, judge),
            )
            found.update((alarm.topic_id, alarm.kind.value) for alarm in drift.alarms)
    return found


def stream(draw: random.Random, size: int, events: Sequence[Event]) -> Iterator[tuple[int, Scored]]:
    taken = 0
    while taken < size:
        event, number = draw.choice(events), draw.getrandbits(60)
        yield from ((number, scored) for scored in event)
        taken += len(event)


def sight(items: Stream, where: Borderline, judge: Judge) -> Sight:
    scores = [each.scores[where.topic_id] for _, each in items]
    bins = Counter(bisect_right(EDGES, value) for value in scores)
    stories = Counter(number for number, _ in items)
    close = [each.item for _, each in items if each.scores[where.topic_id] >= where.lowest]
    return Sight(
        window=recent_window(NOW),
        scores=ScoreTally(
            items=len(scores),
            near=sum(where.lowest <= value <= where.highest for value in scores),
            bins=tuple(bins[number] for number in range(len(EDGES) + 1)),
            effective=len(scores) ** 2 / sum(size * size for size in stories.values()),
        ),
        unknown=unknown_words(close[:SAMPLE], judge),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
