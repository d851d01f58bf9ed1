"""Drafted queries: how well a query made from a few articles finds what comes later.

    python bench/suggest.py                  each shipped topic drafted from every other of its examples
    python bench/suggest.py STREAM.jsonl…    each story of a stream drafted from its first five items

A stream's lines are in time order, with ``title``, ``summary`` and ``story``. A story of nine items or more
is drafted from its first five against the shipped corpus, and against what came before; the query is then
tried on everything that comes after the fifth.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from bot.catalogue import load_catalogue
from bot.core.keyness import Sample, sample
from bot.core.lexicon import Lexicon
from bot.core.query import parse
from bot.core.suggest import Background, matching, suggest

CONFIG = Path(__file__).resolve().parent.parent / "config"
SEEDS, LEAST_ITEMS = 5, 9
EARLIER, LEAST_EARLIER = 1000, 50
"""Texts before a story that are its background, and how many there must be."""
ROUNDS = 2000
"""Of the bootstrap."""


class Score(NamedTuple):
    precision: float
    recall: float
    f1: float
    seconds: float


def score(found: frozenset[int], wanted: set[int], seconds: float) -> Score:
    right = len(found & wanted)
    return Score(
        right / len(found) if found else 0.0,
        right / len(wanted),
        2 * right / (len(found) + len(wanted)),
        seconds,
    )


def tried(
    examples: Sequence[Sample],
    background: Background,
    later: Sequence[Sample],
    wanted: set[int],
) -> Score:
    """Draft from the examples, and find ``wanted`` among ``later``."""
    start = time.perf_counter()
    draft = suggest(examples, background)
    seconds = time.perf_counter() - start
    found = matching(parse(draft.query, background.lexicon), later) if draft.query else frozenset[int]()
    return score(found, wanted, seconds)


def shipped() -> None:
    """Half of a shipped topic's examples find the other half among half of the other articles."""
    catalogue = load_catalogue(CONFIG)
    lexicon = Lexicon(catalogue.entities)
    articles = [each for each in catalogue.exemplars if not each.copy_of]
    read = [sample(each.title, each.text, lexicon) for each in articles]
    for topic in catalogue.topics:
        own = [place for place, each in enumerate(articles) if topic.id in each.topics]
        off = [each for each, article in zip(read, articles, strict=True) if topic.id not in article.topics]
        drafted, held = own[::2], own[1::2]
        later = [*(read[place] for place in held), *off[1::2]]
        found = tried(
            [read[place] for place in drafted],
            Background(off[::2], lexicon),
            later,
            set(range(len(held))),
        )
        told(f"{topic.id}, {len(drafted)} examples", [found])


def stream(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lexicon = Lexicon()
    read = [sample(row["title"], row.get("summary") or "", lexicon) for row in rows]
    corpus = [sample(each.title, each.text, lexicon) for each in load_catalogue(CONFIG).exemplars]
    stories: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        stories[row["story"]].append(place)
    by_corpus, by_stream = [], []
    for story, places in stories.items():
        if len(places) < LEAST_ITEMS:
            continue
        last = places[SEEDS - 1]
        examples = [read[place] for place in places[:SEEDS]]
        later, wanted = read[last + 1 :], {place - last - 1 for place in places[SEEDS:]}
        by_corpus.append(tried(examples, Background(corpus, lexicon), later, wanted))
        before = [read[place] for place in range(last) if rows[place]["story"] != story][-EARLIER:]
        if len(before) >= LEAST_EARLIER:
            by_stream.append(tried(examples, Background(before, lexicon), later, wanted))
    told(f"{path.name}, against the shipped corpus", by_corpus)
    told(f"{path.name}, against what came before", by_stream)


def told(name: str, scores: Sequence[Score]) -> None:
    """Means over drafts, the F1 with its 95 % interval by bootstrap over them."""
    if not scores:
        return
    precision, recall, f1, seconds = (fmean(each) for each in zip(*scores, strict=True))
    chance = random.Random(0)
    values = [each.f1 for each in scores]
    means = sorted(fmean(chance.choices(values, k=len(values))) for _ in range(ROUNDS))
    low, high = means[ROUNDS // 40], means[-ROUNDS // 40]
    interval = f" [{low:.2f}, {high:.2f}], median {median(values):.2f}" if len(values) > 1 else ""
    print(
        f"{name}: {len(scores)} drafts, precision {precision:.2f}, recall {recall:.2f}, "
        f"F1 {f1:.2f}{interval}, {seconds:.1f} s each"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for argument in sys.argv[1:]:
            stream(Path(argument))
    else:
        shipped()
