"""Topic tracking: five articles about an event are a topic, and everything later in the stream is judged.

    python -m bench.tracking STREAM.jsonl …        each item with title, summary, published and story
    python -m bench.tracking --examples 3 --least 6 STREAM.jsonl …

A story of at least ``--least`` items gives one topic with nothing but a title; its first items are the whole
corpus. Average precision of the ranking, and F1 and false alarms of the decisions at ``threshold = "auto"``,
beside the centroid of TF-IDF vectors (rarity counted in the stream itself: it looks ahead) with the one
threshold that suits the file best. This is the tracking task of Topic Detection and Tracking (Allan 2002).

``--together`` makes all stories topics of one configuration: each has the others' articles to contrast with.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log, sqrt
from pathlib import Path
from statistics import fmean, median, quantiles

from bot.core.classify import classify
from bot.core.evaluate import average_precision, best_threshold
from bot.core.features import Features, cosine, extract
from bot.core.lexicon import Lexicon
from bot.core.profile import build_profiles
from bot.core.stems import stem
from bot.core.text import FUNCTION_WORDS
from bot.model import Exemplar, Topic

TOPIC = "tracked"


@dataclass(frozen=True)
class Row:
    title: str
    summary: str
    published: datetime
    story: str


@dataclass(frozen=True)
class Track:
    """A story as a topic: rows that are its corpus, and the rows to judge."""

    story: str
    corpus: Sequence[int]
    test: range


@dataclass(frozen=True)
class Tracked:
    """How one topic fared: (score, decision, on topic) of every item of the test."""

    story: str
    judged: Sequence[tuple[float, bool, bool]]

    @property
    def ranked(self) -> list[tuple[float, bool]]:
        return [(score, relevant) for score, _, relevant in self.judged]

    @property
    def average_precision(self) -> float:
        return average_precision(self.ranked)

    @property
    def f1(self) -> float:
        return f1((matched, relevant) for _, matched, relevant in self.judged)

    @property
    def best_f1(self) -> float:
        return best_threshold(self.ranked)[1]

    @property
    def false_alarms(self) -> float:
        """Part of the items off topic that matched."""
        others = [matched for _, matched, relevant in self.judged if not relevant]
        return sum(others) / len(others)


def f1(decisions: Iterator[tuple[bool, bool]]) -> float:
    counts = Counter(decisions)
    hits, wrong = counts[True, True], counts[True, False] + counts[False, True]
    return 2 * hits / (2 * hits + wrong) if hits else 0.0


def read(path: Path) -> list[Row]:
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Row(
            line["title"], line.get("summary") or "", datetime.fromisoformat(line["published"]), line["story"]
        )
        for line in lines
    ]


def tracks(rows: Sequence[Row], examples: int, least: int) -> Iterator[Track]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row.story].append(place)
    for story, where in places.items():
        if len(where) >= least:
            yield Track(story, where[:examples], range(where[examples - 1] + 1, len(rows)))


def exemplar(place: int, row: Row, topic: str) -> Exemplar:
    return Exemplar(
        id=str(place),
        title=row.title,
        text=row.summary,
        published=row.published.date(),
        topics=frozenset({topic}),
    )


def track(rows: Sequence[Row], items: Sequence[Features], wanted: Sequence[Track]) -> Iterator[Tracked]:
    """Judge the tracks' tests by one configuration that holds them all."""
    topics = [Topic(id=track.story, title="An event") for track in wanted]
    corpus = [exemplar(place, rows[place], track.story) for track in wanted for place in track.corpus]
    judge = build_profiles(topics, corpus, ())
    verdicts = {place: classify(items[place], judge) for place in {p for track in wanted for p in track.test}}
    for number, one in enumerate(wanted):
        judged = [verdicts[place][number] for place in one.test]
        yield Tracked(
            one.story,
            [
                (verdict.score, verdict.matched, rows[place].story == one.story)
                for place, verdict in zip(one.test, judged, strict=True)
            ],
        )


def centroids(rows: Sequence[Row], items: Sequence[Features], wanted: Sequence[Track]) -> list[Tracked]:
    """Cosine with the mean of TF-IDF vectors, at the threshold that gives these topics the best mean F1."""
    vectors = tf_idf(rows, items)
    scored = []
    for one in wanted:
        mean = scaled(sum((Counter(vectors[place]) for place in one.corpus), Counter()))
        scored.append([(cosine(vectors[place], mean), rows[place].story == one.story) for place in one.test])

    def decided(threshold: float) -> list[Tracked]:
        return [
            Tracked(one.story, [(score, score >= threshold, relevant) for score, relevant in pairs])
            for one, pairs in zip(wanted, scored, strict=True)
        ]

    return max(
        (decided(step / 50) for step in range(1, 40)), key=lambda found: fmean(one.f1 for one in found)
    )


def tf_idf(rows: Sequence[Row], items: Sequence[Features]) -> list[Mapping[str, float]]:
    texts = [
        Counter(
            stem(token.word)
            for part in item.document.tokens
            for token in part
            if token.word not in FUNCTION_WORDS
        )
        for item in items
    ]
    found_in = Counter(term for text in texts for term in text)
    return [
        scaled({term: (1 + log(count)) * log(len(rows) / found_in[term]) for term, count in text.items()})
        for text in texts
    ]


def scaled(vector: Mapping[str, float]) -> Mapping[str, float]:
    length = sqrt(sum(weight * weight for weight in vector.values())) or 1.0
    return {term: weight / length for term, weight in vector.items()}


def show(name: str, found: Sequence[Tracked]) -> None:
    values = sorted(one.average_precision for one in found)
    lower, _, upper = quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    print(
        f"  {name:22} AP median {median(values):.3f} mean {fmean(values):.3f}"
        f" (least {values[0]:.2f}, quarters {lower:.2f} {upper:.2f})"
        f"  F1 {fmean(one.f1 for one in found):.3f} of {fmean(one.best_f1 for one in found):.3f}"
        f"  false alarms {1000 * fmean(one.false_alarms for one in found):.2f} in 1,000"
    )


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("streams", nargs="+", type=Path)
    options.add_argument("--examples", type=int, default=5)
    options.add_argument("--least", type=int, default=9, help="items of a story, at least")
    options.add_argument("--together", action="store_true")
    given = options.parse_args()
    lexicon = Lexicon()
    for path in given.streams:
        rows = read(path)
        items = [
            extract(str(n), title=row.title, summary=row.summary, published=row.published, lexicon=lexicon)
            for n, row in enumerate(rows)
        ]
        wanted = list(tracks(rows, given.examples, given.least))
        print(f"{path.name}: {len(rows)} items, {len(wanted)} topics of {given.examples} examples")
        show(
            "chipwatch",
            [
                found
                for group in ([wanted] if given.together else [[one] for one in wanted])
                for found in track(rows, items, group)
            ],
        )
        show("TF-IDF centroid", centroids(rows, items, wanted))


if __name__ == "__main__":
    main()
