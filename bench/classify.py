"""Judging: items a second, and, given labelled items, how good the verdicts are in several set-ups.

    python bench/classify.py                   speed, on the shipped corpus as items
    python bench/classify.py LABELLED.jsonl    speed and quality on these items; fits the calibration anew

Labelled items are the input of ``chipwatch eval``. The set-ups: everything shipped, queries alone, exemplars
alone, and a corpus of five articles; each on title and summary and on headlines alone. Intervals are of 95 %,
by drawing events anew (``event``; an item without one is its own), since items of one event are alike.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import exp
from pathlib import Path

from bot.catalogue import Catalogue, load_catalogue
from bot.core import weights
from bot.core.classify import classify
from bot.core.evaluate import Labelled, calibration_error, evaluate
from bot.core.features import Features, extract
from bot.core.profile import Judge, build_profiles
from bot.core.text import sentences
from bot.model import Exemplar, Share, Topic

CONFIG = Path(__file__).resolve().parent.parent / "config"
FEW = (
    "meta-tests-training-chip",
    "meta-cfo-training-ambition",
    "meta-extends-own-chips-to-training",
    "meta-extends-own-chips-to-training-copy",
    "meta-buys-graviton",
)
"""Ids of the five seed articles."""
DRAWS = 400
FOLDS = 5
SECONDS = 3.0
"""How long a speed is measured."""


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    summary: str
    topics: frozenset[str]
    borderline: bool
    published: datetime | None
    event: str


def main(arguments: Sequence[str]) -> None:
    catalogue = load_catalogue(CONFIG)
    rows = [*labelled(Path(arguments[0]))] if arguments else [*shipped(catalogue)]
    everything = build_profiles(catalogue.topics, catalogue.exemplars, catalogue.entities)
    print(
        f"{len(everything.profiles)} topics, {len(everything.corpus.references)} exemplars, {len(rows)} items"
    )
    for name, headlines in (("title and summary", False), ("headline alone", True)):
        print(f"judged, {name}: {speed(rows, everything, headlines=headlines):,.0f} items/s on one core")
    if arguments:
        quality(rows, catalogue)


def labelled(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        day = row.get("published")
        yield Row(
            id=row["id"],
            title=row["title"],
            summary=row.get("summary", ""),
            topics=frozenset(row["topics"]),
            borderline=row.get("borderline", False),
            published=datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None,
            event=row.get("event") or row["id"],
        )


def shipped(catalogue: Catalogue) -> Iterator[Row]:
    for exemplar in catalogue.exemplars:
        lead = " ".join(sentences(exemplar.text)[:2])
        yield Row(exemplar.id, exemplar.title, lead, exemplar.topics, False, None, exemplar.id)


def features(row: Row, judge: Judge, *, headlines: bool) -> Features:
    summary = "" if headlines else row.summary
    return extract(row.id, title=row.title, summary=summary, published=row.published, lexicon=judge.lexicon)


def speed(rows: Sequence[Row], judge: Judge, *, headlines: bool) -> float:
    """Items judged a second of processor time, from raw text to verdicts."""
    done, started = 0, time.process_time()
    while (spent := time.process_time() - started) < SECONDS:
        for row in rows:
            classify(features(row, judge, headlines=headlines), judge)
        done += len(rows)
    return done / spent


def quality(rows: Sequence[Row], catalogue: Catalogue) -> None:
    bare = [replace(topic, query="", exclude="") for topic in catalogue.topics]
    few = [exemplar for exemplar in catalogue.exemplars if exemplar.id in FEW]
    setups = {
        "shipped": (catalogue.topics, catalogue.exemplars),
        "queries alone": (catalogue.topics, ()),
        "exemplars alone": (bare, catalogue.exemplars),
        "queries, five articles": (catalogue.topics, few),
        "five articles alone": (bare, few),
    }
    columns = "P     R     F1    AP    best F1  ECE"
    print(f"\n{'macro averages':42} {columns}   F1/AP " + ", ".join(topic.id for topic in catalogue.topics))
    for name, (topics, exemplars) in setups.items():
        judge = build_profiles(topics, exemplars, catalogue.entities)
        for form, headlines in (("", False), (", headlines", True)):
            judged = list(judged_rows(rows, judge, headlines=headlines))
            show(name + form, judged)
            if name == "shipped":
                show(f"{name}{form}, no borderline", [row for row in judged if not row.borderline])
                print(f"{'':8}{intervals(rows, judged)}")
                print(f"{'':8}{as_told(rows, judged)}")
    seeds(rows, few)
    print("\ncalibration fitted on these items (slope, intercept), with summaries and as headlines")
    for name in ("shipped", "queries alone", "exemplars alone"):
        judge = build_profiles(*setups[name], catalogue.entities)
        slope, intercept = platt(evidence(rows, judge))
        print(f"{name:42} {slope:.2f} {intercept:+.2f}, ECE on unseen events {unseen_error(rows, judge):.3f}")


def intervals(rows: Sequence[Row], judged: Sequence[Labelled]) -> str:
    """95 % intervals of macro F1 and average precision, by bootstrap over events."""
    events: dict[str, list[Labelled]] = {}
    for row, one in zip(rows, judged, strict=True):
        events.setdefault(row.event, []).append(one)
    draw = random.Random(1)
    reports = [
        evaluate([one for event in draw.choices(list(events), k=len(events)) for one in events[event]])
        for _ in range(DRAWS)
    ]
    parts = []
    for name, figure in (
        ("F1", lambda report: report.f1),
        ("AP", lambda report: report.average_precision),
        ("best F1 − F1", lambda report: report.best_f1 - report.f1),
    ):
        values = sorted(map(figure, reports))
        parts.append(f"{name} {values[DRAWS // 40]:.3f} to {values[-DRAWS // 40]:.3f}")
    return ", ".join(parts)


def as_told(rows: Sequence[Row], judged: Sequence[Labelled]) -> str:
    """What a reader would get to see: events of which an item is told, and items told that nobody wants."""
    told = {row.event: False for row in rows if row.topics}
    noise = 0
    for row, one in zip(rows, judged, strict=True):
        matched = {verdict.topic_id for verdict in one.verdicts if verdict.matched}
        if row.topics:
            told[row.event] |= bool(matched & row.topics)
        noise += bool(matched) and not row.topics
    return f"events told {sum(told.values())} of {len(told)}, off-topic items told {noise} of {len(rows)}"


def seeds(rows: Sequence[Row], few: Sequence[Exemplar]) -> None:
    """The five articles as the only topic's, nothing else known; on topic is what has any label."""
    corpus = [replace(exemplar, topics=frozenset({"seeds"})) for exemplar in few]
    judge = build_profiles([Topic(id="seeds", title="Like these")], corpus, ())
    for form, headlines in (("", False), (", headlines", True)):
        judged = judged_rows(rows, judge, headlines=headlines)
        marked = (replace(row, topics=frozenset({"seeds"} if row.topics else ())) for row in judged)
        show(f"five articles as one topic{form}", list(marked))


def unseen_error(rows: Sequence[Row], judge: Judge) -> float:
    """Calibration error where each fifth of the events is scored by what was fitted on the others."""
    places = {event: place % FOLDS for place, event in enumerate(dict.fromkeys(row.event for row in rows))}
    scored = []
    for fold in range(FOLDS):
        slope, intercept = platt(evidence([row for row in rows if places[row.event] != fold], judge))
        kept = [row for row in rows if places[row.event] == fold]
        scored += [
            (1 / (1 + exp(-(slope * value + intercept))), relevant)
            for value, relevant in evidence(kept, judge)
        ]
    return calibration_error(scored)


def judged_rows(rows: Sequence[Row], judge: Judge, *, headlines: bool) -> Iterator[Labelled]:
    for row in rows:
        yield Labelled(
            item_id=row.id,
            title=row.title,
            topics=row.topics,
            verdicts=classify(features(row, judge, headlines=headlines), judge),
            borderline=row.borderline,
        )


def show(name: str, rows: Sequence[Labelled]) -> None:
    report = evaluate(rows)
    figures = (report.precision, report.recall, report.f1, report.average_precision, report.best_f1)
    macro = " ".join(f"{figure:.3f}" for figure in (*figures, report.calibration_error))
    single = ", ".join(f"{topic.f1:.2f}/{topic.average_precision:.2f}" for topic in report.topics)
    print(f"{name:42} {macro}   {single}")


def evidence(rows: Sequence[Row], judge: Judge) -> Iterator[tuple[float, bool]]:
    """Σ weight · reading of every decision without a veto, and its label."""
    for headlines in (False, True):
        for row in rows:
            verdicts = classify(features(row, judge, headlines=headlines), judge)
            for profile, verdict in zip(judge.profiles, verdicts, strict=True):
                total = sum(share.share for share in verdict.shares if share.signal in weights.WEIGHTS)
                if not vetoed(verdict.shares):
                    yield total / profile.calibration.slope, verdict.topic_id in row.topics


def vetoed(shares: Sequence[Share]) -> bool:
    return any(share.share <= weights.VETO for share in shares)


def platt(scored: Iterator[tuple[float, bool]]) -> tuple[float, float]:
    """Slope and intercept by Newton's method, with Platt's smoothed targets (Lin, Lin and Weng, 2007)."""
    pairs = list(scored)
    positives = sum(relevant for _, relevant in pairs)
    high, low = (positives + 1) / (positives + 2), 1 / (len(pairs) - positives + 2)
    slope, intercept = 1.0, 0.0
    for _ in range(50):
        gs = gi = ss = si = ii = 0.0
        for value, relevant in pairs:
            probability = 1 / (1 + exp(-(slope * value + intercept)))
            error, spread = probability - (high if relevant else low), probability * (1 - probability)
            gs, gi = gs + error * value, gi + error
            ss, si, ii = ss + spread * value * value, si + spread * value, ii + spread
        determinant = ss * ii - si * si
        slope -= (ii * gs - si * gi) / determinant
        intercept -= (ss * gi - si * gs) / determinant
    return slope, intercept


if __name__ == "__main__":
    main(sys.argv[1:])
