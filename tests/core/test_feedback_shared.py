"""Twenty answers on simulated streams of labelled items: they raise average precision or leave it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import pytest

from bot.catalogue import load_catalogue
from bot.core.classify import classify
from bot.core.evaluate import average_precision
from bot.core.features import Features, extract
from bot.core.feedback import correct
from bot.core.profile import Judge, build_profiles
from tests.core.test_feedback import answer, item
from tests.shared import shared_path

CONFIG = Path(__file__).resolve().parent.parent.parent / "config"
STREAMS, ANSWERS = 3, 20
SEEDS = ("meta-tests-training-chip", "meta-cfo-training-ambition", "meta-buys-graviton")


@dataclass(frozen=True)
class Row:
    title: str
    summary: str
    topics: frozenset[str]
    features: Features
    scores: tuple[float, ...]
    """Without any answer, a topic each."""


def rows(judge: Judge) -> list[Row]:
    found = []
    for line in shared_path("eval/dev.jsonl").read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        features = extract(raw["id"], title=raw["title"], summary=raw["summary"], lexicon=judge.lexicon)
        scores = tuple(verdict.score for verdict in classify(features, judge))
        found.append(Row(raw["title"], raw["summary"], frozenset(raw["topics"]), features, scores))
    return found


def gain(judge: Judge, learned: Judge, stream: Sequence[Row], place: int) -> float:
    """What the answers add to a topic's average precision."""
    topic = judge.profiles[place].topic.id
    before = average_precision([(row.scores[place], topic in row.topics) for row in stream])
    after = [(classify(row.features, learned)[place].score, topic in row.topics) for row in stream]
    return average_precision(after) - before


@pytest.mark.parametrize("bare", [False, True], ids=["shipped", "few-exemplars"])
def test_twenty_answers_next_to_the_threshold_do_no_harm(*, bare: bool) -> None:
    catalogue = load_catalogue(CONFIG)
    topics, exemplars = catalogue.topics, catalogue.exemplars
    if bare:
        topics = tuple(replace(topic, query="", exclude="", exemplars=()) for topic in topics)
        exemplars = tuple(exemplar for exemplar in exemplars if exemplar.id in SEEDS)
    judge = build_profiles(topics, exemplars, catalogue.entities)
    everything = rows(judge)
    gains = []
    for place, profile in enumerate(judge.profiles):
        topic, of_topic = profile.topic.id, []
        for seed in range(STREAMS):
            stream = random.Random(seed).sample(everything, len(everything))
            before, after = stream[: len(stream) // 2], stream[len(stream) // 2 :]
            asked = sorted(before, key=lambda row: abs(row.scores[place] - 0.5))[:ANSWERS]
            said = tuple(
                answer(
                    item(row.title, row.summary, item_id=row.features.item_id),
                    topic=topic,
                    yes=topic in row.topics,
                )
                for row in asked
            )
            of_topic.append(gain(judge, correct(judge, said), after, place))
        assert min(of_topic) >= -0.01, topic
        gains += of_topic
    assert fmean(gains) >= 0
