"""Merging: what late evidence changes in how well streams are grouped, and how many merges are right.

    python bench/merging.py STREAM.jsonl…

Streams as for ``bench/stories.py``. Answers are taken when items are placed; "in the end" counts each item as
in the story that its own became part of. A merge is right if most items of both stories are of one event.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.stories import Row, b_cubed, pairs, read
from bot.core.stories import Grouper, StoryPolicy


@dataclass(frozen=True)
class Outcome:
    placed: list[str]
    final: list[str]
    merges: int
    right: int


def main(paths: Sequence[str]) -> None:
    if not paths:
        print("merging: needs labelled streams")
        return
    print(f"{'':12} {'':10} B³ F1   in the end   pairs F1   in the end   merges   right")
    for path in paths:
        rows = read(Path(path))
        gold = [row.story for row in rows]
        for name, policy in (("without", StoryPolicy(strongly=math.inf)), ("with", StoryPolicy())):
            found = run(rows, policy)
            figures = [
                measure(gold, answers).f1
                for measure in (b_cubed, pairs)
                for answers in (found.placed, found.final)
            ]
            print(
                f"{Path(path).name.split('.')[0]:12} {name:10} {figures[0]:.3f}   {figures[1]:.3f} {'':7}"
                f"{figures[2]:.3f} {'':5} {figures[3]:.3f} {'':6} {found.merges:6} {found.right:7}"
            )


def run(rows: Sequence[Row], policy: StoryPolicy) -> Outcome:
    grouper = Grouper(policy)
    events: dict[str, Counter[str]] = defaultdict(Counter)
    placed: list[str] = []
    final: list[str] = []
    merges = right = 0
    for row in rows:
        placement = grouper.place(row.article)
        for other in placement.merges:
            merges += 1
            right += mostly(events[other]) == mostly(events[placement.story_id])
            events[placement.story_id] += events.pop(other)
            final = [placement.story_id if story == other else story for story in final]
        events[placement.story_id][row.story] += 1
        placed.append(placement.story_id)
        final.append(placement.story_id)
    return Outcome(placed, final, merges, right)


def mostly(events: Counter[str]) -> str:
    return events.most_common(1)[0][0]


if __name__ == "__main__":
    main(sys.argv[1:])
