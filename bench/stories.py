"""Stories: how well and how fast items are grouped, next to a plain single pass over TF-IDF vectors.

    python bench/stories.py                     speed, on a stream made up here; quality on the demo's feeds
    python bench/stories.py STREAM.jsonl…       quality and speed on labelled streams, one setting for all
    python bench/stories.py --ablation STREAM…  each ingredient left out: means of B³ and pairs F1

"Cold" is the start of a bot: each stream in pieces of 100 items, a program that has read nothing for each.
The demo's items are grouped as a first poll does it: the seed corpus and the whole batch are read before.

A labelled stream is the input of ``chipwatch group`` with the true ``story`` of each item and, where known,
the ``copy`` group of its text. B³ is the mean over items of precision and recall (Bagga and Baldwin, 1998);
pairs are all pairs of items in one story, and pairs of one text.
"""

from __future__ import annotations

import json
import math
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.catalogue import load_catalogue
from bot.core.normalise import normalise
from bot.core.parse import parse
from bot.core.stories import Grouper, StoryPolicy
from bot.core.text import words
from bot.core.urls import untracked
from bot.demo.run import MORNING
from bot.demo.servers import read_sites
from bot.errors import FeedError
from bot.model import Article, Item
from bot.pipeline.grouping import article, example

# The best for it of 0.10 to 0.30 on four news streams.
BASELINE_LIKENESS = 0.2
BASELINE_WINDOW = timedelta(days=7)
MADE_UP_ITEMS = 3000
COLD_ITEMS = 100
LEFT_OUT: dict[str, dict[str, float]] = {
    "nothing": {},
    "both": {"both": 0.0},
    "headline": {"headline": 0.0},
    "retold": {"retold": 0.0},
    "closest": {"closest": 0.0, "closest_headline": 0.0},
    "closest headline": {"closest_headline": 0.0},
    "neighbours": {"neighbours": 0.0},
    "names": {"names": 0.0},
    "contradiction": {"contradiction": 0.0},
    "elsewhere": {"elsewhere": 0.0},
    "thin": {"thin": 0.0},
    "rarest": {"rarest": 0.0},
    "age": {"age": 0.0},
    "days apart": {"days_apart": 0.0},
    "same and other day": {"same_day": 0.0, "other_day": 0.0},
    "lone": {"lone": 0.0},
    "headlines only": {"headline_only": 0.0},
    "objection: one word only": {"least_besides_rarest": 0.0, "least_in_headlines": 0.0},
    "objection: names differ": {"least_who": 0.0},
    "objection: nothing rare": {"least_rarest": 0.0},
    "objection: fits several": {"several": math.inf, "crowded": math.inf},
    "merging": {"strongly": math.inf},
}
"""Ingredient → what leaves it out of the policy."""
STARTS = (-1.0, 0.0, 1.0)
"""What is left out moves all log-odds one way, so the threshold may follow."""
CONFIG = Path(__file__).resolve().parent.parent / "config"


@dataclass(frozen=True)
class Row:
    article: Article
    story: str | None
    """Its true story; ``None`` where that is not known."""
    copy: str | None


@dataclass(frozen=True)
class Quality:
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return f"{self.precision:.3f} {self.recall:.3f} {self.f1:.3f}"


@dataclass(frozen=True)
class Answers:
    stories: list[str]
    texts: list[str]
    """Id of the item whose text it is: its own where it is no copy."""
    seconds: float


Program = Callable[[Sequence[Row]], Answers]


def main(arguments: Sequence[str]) -> None:
    paths = [each for each in arguments if each != "--ablation"]
    if len(paths) < len(arguments):
        ablation([read(Path(path)) for path in paths])
        return
    if not paths:
        rows = list(made_up(MADE_UP_ITEMS))
        for name, program in PROGRAMS.items():
            print(f"{name:12} {len(rows) / program(rows).seconds:8,.0f} items/s on one core")
        print(f"{'the demo':12} B³ {demo_quality()}")
        return
    print(
        f"{'':26} B³ P  R     F1      pairs P R     F1      cold P R      F1      copies P R    F1    items/s"
    )
    for name, program in PROGRAMS.items():
        totals = []
        for path in paths:
            rows = read(Path(path))
            answers = program(rows)
            gold, found = labelled(rows, answers.stories)
            grouped, paired = b_cubed(gold, found), pairs(gold, found)
            cold = cold_start(rows, program)
            totals.append((grouped.f1, paired.f1, cold.precision, cold.f1))
            copies = copy_pairs(rows, answers.texts)
            speed = len(rows) / answers.seconds
            label = Path(path).name.split(".")[0]
            repeated = copies or f"{'-':17}"
            print(f"{name:12} {label:10}   {grouped}   {paired}   {cold}   {repeated}   {speed:,.0f}")
        means = [sum(column) / len(totals) for column in zip(*totals, strict=True)]
        print(
            f"{name:12} {'mean':10}   {'':11} {means[0]:.3f}   {'':11} {means[1]:.3f}"
            f"   {means[2]:.3f} {'':5} {means[3]:.3f}"
        )


def ablation(streams: Sequence[Sequence[Row]]) -> None:
    """Means over the streams with each ingredient left out, at the best of three thresholds."""
    print(f"{'left out':26} B³ F1   pairs F1   start")
    default = StoryPolicy()
    for name, changed in LEFT_OUT.items():
        found = []
        for moved in STARTS if changed else (0.0,):
            policy = replace(default, start=default.start + moved, **changed)  # type: ignore[arg-type]
            found.append((*mean_quality(streams, policy), policy.start))
        grouped, paired, start = max(found)
        print(f"{name:26} {grouped:.3f}   {paired:.3f}      {start:+.1f}")


def mean_quality(streams: Sequence[Sequence[Row]], policy: StoryPolicy) -> tuple[float, float]:
    grouped, paired = [], []
    for rows in streams:
        grouper = Grouper(policy)
        gold, found = labelled(rows, [grouper.place(row.article).story_id for row in rows])
        grouped.append(b_cubed(gold, found).f1)
        paired.append(pairs(gold, found).f1)
    return sum(grouped) / len(grouped), sum(paired) / len(paired)


def read(path: Path) -> list[Row]:
    """A labelled stream in time order: ``story`` is the label, or ``event`` where only some items have one.

    Items without a date are left out.
    """
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["published"]:
            continue
        published = datetime.fromisoformat(row["published"].replace("Z", "+00:00"))
        article = Article(
            id=row["id"],
            title=row["title"],
            summary=row.get("summary") or "",
            body=row.get("body") or "",
            published=published if published.tzinfo else published.replace(tzinfo=UTC),
        )
        found.append(Row(article, row["story"] if "story" in row else row["event"], row.get("copy")))
    return sorted(found, key=lambda row: row.article.published or datetime.min.replace(tzinfo=UTC))


def made_up(count: int) -> Iterator[Row]:
    """A stream of invented events, five reports each, so that a week holds a few hundred open stories."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(count):
        event = number // 20 * 4 + number % 4
        names = [f"Name{(event * 7919 + at) % 997}" for at in range(3)]
        lead = " ".join(f"word{(event * 31 + number % 5 + at * at) % 4001}" for at in range(45))
        article = Article(
            id=str(number),
            title=f"{names[0]} and {names[1]} sign deal {event}",
            summary=f"The deal of {names[0]} with {names[2]} was told to {lead}",
            published=start + timedelta(minutes=8 * number),
        )
        yield Row(article, str(event), None)


def read_demo() -> list[tuple[Article, str]]:
    """Items of the demo's feeds in time order, each with its event; one that is in no event is its own."""
    events = tomllib.loads((CONFIG / "demo" / "expected.toml").read_text(encoding="utf-8"))["event"]
    event_of = {item: event["id"] for event in events for item in event["items"]}
    found: list[Item] = []
    known: set[str] = set()
    for site in read_sites(CONFIG / "demo"):
        address = f"http://127.0.0.1{site.path}"
        try:
            document = parse(site.body, site.content_type, address)
        except FeedError:
            continue
        for item in normalise(document, site.path, address, MORNING):
            if known.isdisjoint(item.keys):  # a link that the search feed repeats is the same item
                found.append(item)
            known.update(item.keys)
    ordered = sorted(found, key=lambda item: (item.published or item.seen_at, item.id))
    links = [(item, untracked(item.url).partition("#")[0]) for item in ordered]
    return [(article(item), event_of.get(link, link or item.id)) for item, link in links]


def demo_quality() -> Quality:
    """The demo's items grouped as in a first poll."""
    rows = read_demo()
    articles = [article for article, _ in rows]
    grouper = Grouper()
    grouper.learn(map(example, load_catalogue(CONFIG).exemplars))
    grouper.learn(articles)
    found = [grouper.place(article).story_id for article in articles]
    return b_cubed([event for _, event in rows], found)


# ── programs ─────────────────────────────────────────────────────────────────────────────────────


def chipwatch(rows: Sequence[Row]) -> Answers:
    grouper = Grouper()
    started = time.process_time()
    placed = [grouper.place(row.article) for row in rows]
    seconds = time.process_time() - started
    return Answers(
        stories=[placement.story_id for placement in placed],
        texts=[placement.copy_of or placement.item_id for placement in placed],
        seconds=seconds,
    )


def single_pass(rows: Sequence[Row]) -> Answers:
    """Each item joins the story of its nearest neighbour within a week, if it is near enough."""
    started = time.process_time()
    found_in: Counter[str] = Counter()
    holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
    stories: list[str] = []
    for number, row in enumerate(rows):
        counts = Counter(words(f"{row.article.title} {row.article.summary}"))
        found_in.update(counts.keys())
        vector = {
            word: (1 + math.log(count)) * math.log(1 + (number + 1) / found_in[word])
            for word, count in counts.items()
        }
        length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        likeness: dict[int, float] = defaultdict(float)
        for word, weight in vector.items():
            for other, its_weight in holders[word]:
                likeness[other] += weight / length * its_weight
            holders[word].append((number, weight / length))
        now = row.article.published or datetime.max.replace(tzinfo=UTC)
        recent = {
            other: value
            for other, value in likeness.items()
            if now - (rows[other].article.published or now) <= BASELINE_WINDOW
        }
        nearest = max(recent, key=recent.__getitem__, default=None)
        joins = nearest is not None and recent[nearest] >= BASELINE_LIKENESS
        stories.append(stories[nearest] if joins and nearest is not None else row.article.id)
    return Answers(stories, [row.article.id for row in rows], time.process_time() - started)


PROGRAMS: dict[str, Program] = {"chipwatch": chipwatch, "single pass": single_pass}


# ── measures ─────────────────────────────────────────────────────────────────────────────────────


def labelled(rows: Sequence[Row], stories: Sequence[str]) -> tuple[list[str], list[str]]:
    """The true and the found story of the items whose true story is known."""
    known = [(row.story, found) for row, found in zip(rows, stories, strict=True) if row.story is not None]
    return [gold for gold, _ in known], [found for _, found in known]


def b_cubed(gold: Sequence[Hashable], found: Sequence[Hashable]) -> Quality:
    both, true, answered = Counter(zip(gold, found, strict=True)), Counter(gold), Counter(found)
    if not gold:
        return Quality(1.0, 1.0)
    precision = sum(n * n / answered[answer] for (_, answer), n in both.items()) / len(gold)
    recall = sum(n * n / true[story] for (story, _), n in both.items()) / len(gold)
    return Quality(precision, recall)


def cold_start(rows: Sequence[Row], program: Program) -> Quality:
    """Means of B³ precision and recall over pieces of the stream, each grouped by a fresh program."""
    pieces = [rows[start : start + COLD_ITEMS] for start in range(0, len(rows), COLD_ITEMS)]
    found = [b_cubed(*labelled(piece, program(piece).stories)) for piece in pieces]
    return Quality(
        precision=sum(quality.precision for quality in found) / len(found),
        recall=sum(quality.recall for quality in found) / len(found),
    )


def pairs(gold: Sequence[Hashable], found: Sequence[Hashable]) -> Quality:
    both, true, answered = (
        sum(math.comb(n, 2) for n in Counter(labels).values())
        for labels in (zip(gold, found, strict=True), gold, found)
    )
    return Quality(both / answered if answered else 1.0, both / true if true else 1.0)


def copy_pairs(rows: Sequence[Row], texts: Sequence[str]) -> Quality | None:
    known = [(row.copy, text) for row, text in zip(rows, texts, strict=True) if row.copy]
    if len({text for _, text in known}) == len(known):
        return None  # a program that looks for no copies
    return pairs([copy for copy, _ in known], [text for _, text in known]) if known else None


if __name__ == "__main__":
    main(sys.argv[1:])
