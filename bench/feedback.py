"""Feedback on simulated streams: what twenty answers are worth to a topic, and what they cost.

    python bench/feedback.py                   the shipped articles as items, five of them as the corpus
    python bench/feedback.py LABELLED.jsonl    these items, with all that is shipped and with five articles

Labelled items are the input of ``chipwatch eval``. A stream is the items in a random order: its first half
comes before the answers, its second half after them. A reader answers twenty items a topic of the first
half: those next to the threshold (``uncertain``), those that matched (``told``), two that matched to each
that just missed (``digest``), or any (``random``). Printed is what the answers add to the average precision
of the second half, over all topics and streams: mean, worst, and how often they took more than 0.01.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import fsum
from pathlib import Path
from statistics import fmean

from bot.catalogue import Catalogue, load_catalogue
from bot.core.classify import classify
from bot.core.evaluate import average_precision
from bot.core.features import Features, extract
from bot.core.feedback import correct
from bot.core.profile import Judge, build_profiles
from bot.core.text import sentences
from bot.model import Answer, Exemplar, Topic

CONFIG = Path(__file__).resolve().parent.parent / "config"
FEW = (
    "meta-tests-training-chip",
    "meta-cfo-training-ambition",
    "meta-extends-own-chips-to-training",
    "meta-extends-own-chips-to-training-copy",
    "meta-buys-graviton",
)
"""Ids of the five seed articles."""
ANSWERS, STREAMS = 20, 8
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    summary: str
    topics: frozenset[str]


@dataclass(frozen=True)
class Judged:
    """An item with the log-odds it has for one topic, from the threshold on."""

    row: Row
    features: Features
    margin: float


Pick = Callable[[Sequence[Judged]], Sequence[Judged]]


def uncertain(pool: Sequence[Judged]) -> Sequence[Judged]:
    return sorted(pool, key=lambda each: abs(each.margin))[:ANSWERS]


def told(pool: Sequence[Judged]) -> Sequence[Judged]:
    return [each for each in pool if each.margin >= 0][:ANSWERS]


def digest(pool: Sequence[Judged]) -> Sequence[Judged]:
    missed = sorted((each for each in pool if each.margin < 0), key=lambda each: -each.margin)
    matched = told(pool)[: ANSWERS * 2 // 3]
    return [*matched, *missed[: ANSWERS - len(matched)]]


def anything(pool: Sequence[Judged]) -> Sequence[Judged]:
    return pool[:ANSWERS]


READERS: Mapping[str, Pick] = {"uncertain": uncertain, "told": told, "digest": digest, "random": anything}


def main(arguments: Sequence[str]) -> None:
    catalogue = load_catalogue(CONFIG)
    bare = [replace(topic, query="", exclude="") for topic in catalogue.topics]
    few = [exemplar for exemplar in catalogue.exemplars if exemplar.id in FEW]
    print(f"{ANSWERS} answers, {STREAMS} streams, average precision after them: mean, worst, < −0.01")
    if arguments:
        rows = [*labelled(Path(arguments[0]))]
        report("shipped", rows, catalogue, catalogue.topics, catalogue.exemplars)
    else:
        rows = [row for row in shipped(catalogue) if row.id not in FEW]
    report("five articles alone", rows, catalogue, bare, few)


def labelled(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Row(row["id"], row["title"], row.get("summary", ""), frozenset(row["topics"]))


def shipped(catalogue: Catalogue) -> Iterator[Row]:
    for exemplar in catalogue.exemplars:
        yield Row(exemplar.id, exemplar.title, " ".join(sentences(exemplar.text)[:2]), exemplar.topics)


def report(
    name: str,
    rows: Sequence[Row],
    catalogue: Catalogue,
    topics: Sequence[Topic],
    exemplars: Sequence[Exemplar],
) -> None:
    judge = build_profiles(topics, exemplars, catalogue.entities)
    for reader, pick in READERS.items():
        gains = [*simulate(rows, judge, pick)]
        harmed = sum(gain < -0.01 for gain in gains)
        print(f"{name:22}{reader:10} {fmean(gains):+.4f}  {min(gains):+.4f}  {harmed}/{len(gains)}")


def simulate(rows: Sequence[Row], judge: Judge, pick: Pick) -> Iterator[float]:
    """What the answers add to the average precision: one figure a topic and stream."""
    features = {
        row.id: extract(row.id, title=row.title, summary=row.summary, lexicon=judge.lexicon) for row in rows
    }
    for seed in range(STREAMS):
        stream = [*rows]
        random.Random(seed).shuffle(stream)
        before, after = stream[: len(stream) // 2], stream[len(stream) // 2 :]
        for place, profile in enumerate(judge.profiles):
            topic = profile.topic.id
            pool = [Judged(row, features[row.id], margin(features[row.id], judge, place)) for row in before]
            learned = correct(judge, tuple(answer(each.row, topic) for each in pick(pool)))
            if any(topic in row.topics for row in after):
                yield precision(after, features, learned, place) - precision(after, features, judge, place)


def margin(features: Features, judge: Judge, place: int) -> float:
    return fsum(share.share for share in classify(features, judge)[place].shares)


def precision(rows: Sequence[Row], features: Mapping[str, Features], judge: Judge, place: int) -> float:
    topic = judge.profiles[place].topic.id
    return average_precision(
        [(classify(features[row.id], judge)[place].score, topic in row.topics) for row in rows]
    )


def answer(row: Row, topic: str) -> Answer:
    return Answer(
        id=row.id,
        item_id=row.id,
        topic_id=topic,
        yes=topic in row.topics,
        title=row.title,
        summary=row.summary,
        answered_at=NOW,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
