"""What a second opinion can gain and what it can spoil, by how often it is right.

    python bench/advice.py                   the shipped articles as items
    python bench/advice.py LABELLED.jsonl    these items (the input of ``chipwatch eval``)

No language model is asked. Advisors are made up: one that is always right, some that are right now and then,
and those that an item can talk into anything: they say yes, or no, to all. Each is fully sure of itself.
Printed is the macro F1 over the topics, on headline and lead and on headlines alone, with the part of
decisions that are in question, each of which is a question to pay for.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bot.catalogue import load_catalogue
from bot.core.advice import AdvicePolicy, advised, borderlines
from bot.core.classify import classify
from bot.core.evaluate import Labelled, evaluate
from bot.core.features import extract
from bot.core.profile import Judge, build_profiles
from bot.core.text import sentences
from bot.model import Advice, AdviceOutcome, Question, Verdict

CONFIG = Path(__file__).resolve().parent.parent / "config"
POLICIES = (AdvicePolicy(), AdvicePolicy(margin=1.5), AdvicePolicy(margin=0.5, max_share=0.5))
DRAWS = 20


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    summary: str
    topics: frozenset[str]


@dataclass(frozen=True)
class MadeUp:
    """``ports.Advisor`` by name; what it says is made up below."""

    id: str = "made-up"
    name: str = "made up"

    def ask(self, question: Question) -> AdviceOutcome:
        raise NotImplementedError(question)


Opinion = Callable[[bool, random.Random], bool]
"""The truth → what the advisor says."""


def right(part: float) -> Opinion:
    return lambda truth, draw: truth if draw.random() < part else not truth


OPINIONS: dict[str, Opinion] = {
    "always right": right(1.0),
    "right 9 times in 10": right(0.9),
    "right 4 times in 5": right(0.8),
    "right 2 times in 3": right(2 / 3),
    "tosses a coin": right(0.5),
    "talked into every item": lambda _truth, _draw: True,
    "talked out of every item": lambda _truth, _draw: False,
}


def main(arguments: Sequence[str]) -> None:
    catalogue = load_catalogue(CONFIG)
    judge = build_profiles(catalogue.topics, catalogue.exemplars, catalogue.entities)
    rows = (
        [*labelled(Path(arguments[0]))]
        if arguments
        else [
            Row(each.id, each.title, " ".join(sentences(each.text)[:2]), each.topics)
            for each in catalogue.exemplars
        ]
    )
    for name, headlines in (("headline and lead", False), ("headlines", True)):
        judged = [judge_row(row, judge, headlines=headlines) for row in rows]
        print(f"\n{name}: macro F1 without advice {evaluate(judged).f1:.3f}")
        for policy in POLICIES:
            close = [
                verdict for each in judged for verdict in each.verdicts if in_question(verdict, judge, policy)
            ]
            decisions = sum(len(each.verdicts) for each in judged)
            print(
                f"  margin {policy.margin}, max_share {policy.max_share}: "
                f"{len(close) / decisions:.1%} of decisions in question"
            )
            for told, opinion in OPINIONS.items():
                found = [f1(judged, judge, policy, opinion, random.Random(seed)) for seed in range(DRAWS)]
                print(f"    {told:<26} {fmean(found):.3f}")


def labelled(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Row(row["id"], row["title"], row.get("summary", ""), frozenset(row["topics"]))


def judge_row(row: Row, judge: Judge, *, headlines: bool) -> Labelled:
    summary = "" if headlines else row.summary
    found = classify(extract(row.id, title=row.title, summary=summary, lexicon=judge.lexicon), judge)
    return Labelled(item_id=row.id, title=row.title, topics=row.topics, verdicts=found)


def in_question(verdict: Verdict, judge: Judge, policy: AdvicePolicy) -> bool:
    where = {each.topic_id: each for each in borderlines(judge, policy)}[verdict.topic_id]
    return where.lowest <= verdict.score <= where.highest


def f1(
    judged: Sequence[Labelled], judge: Judge, policy: AdvicePolicy, opinion: Opinion, draw: random.Random
) -> float:
    def after(row: Labelled, verdict: Verdict) -> Verdict:
        if not in_question(verdict, judge, policy):
            return verdict
        said = Advice(match=opinion(verdict.topic_id in row.topics, draw), confidence=1.0, reason="")
        return advised(verdict, said, policy=policy, advisor=MadeUp())

    return evaluate(
        Labelled(
            item_id=row.item_id,
            title=row.title,
            topics=row.topics,
            verdicts=tuple(after(row, verdict) for verdict in row.verdicts),
        )
        for row in judged
    ).f1


if __name__ == "__main__":
    main(sys.argv[1:])
