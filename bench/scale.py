"""Scale: what placing an item costs, and the questions asked of the store, as the stored stories grow.

    python bench/scale.py              1,000 and 20,000 stored stories
    python bench/scale.py --full       1,000, 100,000 and 1,000,000; takes some 4 GB of disk and half an hour
    python bench/scale.py STORIES…     so many
    python bench/scale.py --all-open   nothing closed
    python bench/scale.py --url ADDRESS --all-open STORIES
                                       in that empty database (PostgreSQL) instead of SQLite

Stored stories are made up and put into the tables in bulk, twice for each size: once most are closed, so
that texts and unmatched verdicts are pruned and a thousand are open; once all are open, with texts, verdicts,
traces and the words that find them. Words are drawn by Zipf's law from 30,000, names from half a million.
Then come the same thousand reports, placed by the program itself, and after them the same 500 new ones, half
of them about events of that thousand. Milliseconds of CPU of one core; "in all" is with waiting for the disk.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, islice
from math import log, sqrt
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, insert

from bot.app import Application, opened, read_configuration, starter_folder
from bot.core.stems import stem
from bot.core.text import digest, fold
from bot.core.traces import FORMAT, Trace, pack
from bot.model import GroupingChange, GroupingState, Item, ItemMemory, StoryMemory, WordMemory
from bot.pipeline.alert import alert
from bot.pipeline.grouping import begin, group
from bot.pipeline.upkeep import upkeep
from bot.storage import schema

QUICK, FULL = (1_000, 20_000), (1_000, 100_000, 1_000_000)
BEFORE, NEW = 1_000, 500
AT_ONCE = 50
"""New items of one tick of the daemon, each begun with an empty memory."""
ROWS = 20_000
CLOSED_DAYS = 700.0
MATCHED = 0.02
WORDS = 30_000
KEYS, NEWEST = 16, 128
SYLLABLES = ("ka", "ro", "mi", "ten", "val", "dor", "lis", "ven", "gar", "hol", "ber", "sun", "tra", "nor")


@dataclass(frozen=True)
class Row:
    """A stored story: one item, its story and what finds it."""

    id: str
    title: str
    summary: str
    day: float
    open: bool
    trace: Trace


@dataclass(frozen=True)
class Measured:
    stories: int
    open: int
    filled: float
    megabytes: float
    placing: float
    waiting: float
    questions: dict[str, float]


class Language:
    """Made-up words, the rarer the higher their number, and names."""

    def __init__(self) -> None:
        self.words = [_name(random.Random(rank), 2, 4).lower() for rank in range(WORDS)]
        self.folded = [stem(word) for word in self.words]
        self.cumulated = list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
        # Of an article with fifty words: in how many of 20,000 it is.
        self.rarity = [
            log(1 + 20_000 / (1 + min(20_000, 20_000 * 50 / (rank * self.cumulated[-1]))))
            for rank in range(1, WORDS + 1)
        ]

    def draw(self, chance: random.Random, count: int) -> list[int]:
        return chance.choices(range(WORDS), cum_weights=self.cumulated, k=count)


def main(arguments: Sequence[str]) -> None:
    url = arguments[arguments.index("--url") + 1] if "--url" in arguments else ""
    numbers = [int(each.replace(",", "")) for each in arguments if each[:1].isdigit()]
    sizes = numbers or (FULL if "--full" in arguments else QUICK)
    language = Language()
    for all_open in [True] if "--all-open" in arguments else [False, True]:
        opens = "all" if all_open else f"{min(BEFORE, *sizes):,}"
        print(f"{opens} stories open")
        report(measured(language, size, all_open=all_open, url=url) for size in sizes)


def report(rows: Iterator[Measured]) -> None:
    first = None
    for row in rows:
        if first is None:
            first = row
            heads = [
                "stories",
                "open",
                "filled",
                "database",
                "placing, CPU",
                "in all",
                "ratio",
                *row.questions,
            ]
            print("".join(f"{head:>16}" for head in heads))
        cells = [
            f"{row.stories:,}",
            f"{row.open:,}",
            f"{row.filled:.0f} s",
            f"{row.megabytes:,.0f} MB",
            f"{row.placing:.2f} ms",
            f"{row.waiting:.2f} ms",
            f"{row.placing / first.placing:.2f}",
            *(f"{spent:,.1f} ms" for spent in row.questions.values()),
        ]
        print("".join(f"{cell:>16}" for cell in cells), flush=True)
    print()


def measured(language: Language, size: int, *, all_open: bool, url: str) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        read = read_configuration(starter_folder(), Path(folder))
        if url:
            storage = read.settings.storage.model_copy(update={"url": url})
            read = replace(read, settings=read.settings.model_copy(update={"storage": storage}))
        with opened(read) as bot:
            started = time.perf_counter()
            fill(bot, stored(bot, language, size, all_open=all_open))
            filled = time.perf_counter() - started
            stream = reports(bot, language)
            place(bot, list(islice(stream, BEFORE)))
            placing, waiting = place(bot, list(islice(stream, NEW)))
            questions = {name: timed(ask) for name, ask in asked(bot).items()}
            megabytes = sum(file.stat().st_size for file in Path(folder).rglob("chipwatch.db*")) / 2**20
    opens = size if all_open else min(size, BEFORE)
    return Measured(size, opens, filled, megabytes, placing, waiting, questions)


# ── measuring ────────────────────────────────────────────────────────────────────────────────────


def place(bot: Application, items: Sequence[Item]) -> tuple[float, float]:
    """Place and store, some at once as ticks find them. Milliseconds an item: of CPU, and in all."""
    spent = elapsed = 0.0
    for start in range(0, len(items), AT_ONCE):
        some = items[start : start + AT_ONCE]
        with bot.store.begin() as tx:
            tx.items.add(some)
        cpu, wall = time.process_time(), time.perf_counter()
        with bot.store.read() as tx:
            grouper = begin(tx, bot.deps.story_policy)
            assert grouper is not None
            tx.stories.unplaced([item.id for item in some])
            placements = group(tx, grouper, some)
        change = grouper.memory.changes()
        with bot.store.begin() as tx:
            assert tx.grouping.hold(change.state.turn)
            tx.stories.place(placements, bot.deps.clock.now())
            tx.grouping.store(change)
        spent += time.process_time() - cpu
        elapsed += time.perf_counter() - wall
    return 1000 * spent / len(items), 1000 * elapsed / len(items)


def asked(bot: Application) -> dict[str, Callable[[], object]]:
    """What the daemon and people ask of the store."""
    now, day = bot.deps.clock.now(), timedelta(days=1)
    alert(bot.deps)  # what there is to tell, and the judge's making, is no tick's usual work

    def touched(since: timedelta) -> object:
        with bot.store.read() as tx:
            return tx.stories.touched(list(bot.deps.topics), now - since)

    def search(words: Sequence[str], topic: str | None = None) -> object:
        with bot.store.read() as tx:
            return tx.stories.search(topic=topic, since=None, words=words, limit=50)

    def items(words: Sequence[str]) -> object:
        with bot.store.read() as tx:
            return tx.items.search(topic=None, since=None, words=words, limit=50)

    return {
        "alert tick": lambda: alert(bot.deps),
        "touched, 1 day": lambda: touched(day),
        "touched, 8 days": lambda: touched(8 * day),
        "stories WORD": lambda: search(["kamidor"]),
        "stories, topic": lambda: search([], "mtia"),
        "items WORD": lambda: items(["kamidor"]),
        "upkeep": lambda: upkeep(bot.deps),
        "upkeep again": lambda: upkeep(bot.deps),
    }


def timed(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


# ── made-up news ─────────────────────────────────────────────────────────────────────────────────


def reports(bot: Application, language: Language) -> Iterator[Item]:
    """The same for every size: a thousand reports, then new ones, half of them about events among those."""
    chance, now = random.Random(7), bot.deps.clock.now()
    for number in range(BEFORE + NEW):
        old = number < BEFORE or chance.random() < 0.5
        event = random.Random(f"event {chance.randrange(BEFORE // 2) if old else number}")
        names = [_name(event, 2, 5) for _ in range(3)]
        told_of = [language.words[rank] for rank in language.draw(event, 15)]
        lead = told_of + [language.words[rank] for rank in language.draw(chance, chance.randrange(15, 60))]
        chance.shuffle(lead)
        lead[5:5], lead[20:20] = names[:2], names[1:]
        yield Item(
            id=digest(["report", str(number)]),
            feed_id="feed-1",
            url=f"https://site-{number % 100}.example/{number}",
            canonical_url=f"https://site-{number % 100}.example/{number}",
            title=" ".join([names[0], *told_of[:6], names[1]]),
            summary=" ".join(lead).capitalize() + ".",
            published=now - timedelta(hours=12) * (1 - number / (BEFORE + NEW)),
            seen_at=now,
            content_hash=str(number),
        )


def stored(bot: Application, language: Language, size: int, *, all_open: bool) -> Iterator[Row]:
    """Stories of one report each, the oldest first, the last a day old."""
    chance = random.Random(2026)
    today = bot.deps.clock.now().timestamp() / 86_400 - 1
    opens = size if all_open else min(size, BEFORE)
    open_days = bot.deps.story_policy.window / timedelta(days=1) - 2
    for number in range(size):
        names = [_name(chance, 2, 5) for _ in range(3)]
        ranks = language.draw(chance, 45)
        left = size - number
        is_open = left <= opens
        day = today - (open_days * left / opens if is_open else 90 + CLOSED_DAYS * left / size)
        item_id = digest(["stored", str(number)])
        said = [language.words[rank] for rank in ranks]
        yield Row(
            id=item_id,
            title=" ".join([names[0], *said[:6], names[1]]),
            summary=" ".join([*said[:20], *names, *said[20:]]) if is_open else "",
            day=day,
            open=is_open,
            trace=_traced(item_id, language, names, ranks) if is_open else _NO_TRACE,
        )


_NO_TRACE = Trace(
    root="",
    has_text=False,
    words=(),
    headed=0,
    numbers=array("f"),
    titles=(),
    text=(),
    shingles=array("I"),
    days=array("I"),
)


def _traced(item_id: str, language: Language, names: Sequence[str], ranks: Sequence[int]) -> Trace:
    """Of the size and make that grouping keeps, without cutting a text into words."""
    weights = dict.fromkeys((stem(fold(name)) for name in names), 9.0)
    weights |= {language.folded[rank]: language.rarity[rank] for rank in ranks}
    norm = sqrt(sum(weight * weight for weight in weights.values()))
    words, unit = tuple(weights), [weight / norm for weight in weights.values()]
    headed = min(9, len(words))
    who = [value if at < 3 else 0.0 for at, value in enumerate(unit)]
    what = [0.0 if at < 3 else value for at, value in enumerate(unit)]
    first = hash(item_id) & 0xFFFFFFF
    return Trace(
        root=item_id,
        has_text=True,
        words=words,
        headed=headed,
        numbers=array("f", [*unit, *who, *what, *unit[:headed]]),
        titles=(" ".join(words[:headed]),),
        text=words,
        shingles=array("I", range(first, first + 45)),
        days=array("I"),
    )


def _name(chance: random.Random, least: int, most: int) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randint(least, most))).capitalize()


# ── filling the tables ───────────────────────────────────────────────────────────────────────────


def fill(bot: Application, rows: Iterator[Row]) -> None:
    """Put stories into the tables, as the program would have left them there."""
    engine = create_engine(_address(bot.configuration.database))
    holders: dict[str, deque[str]] = {}
    last: dict[str, float] = {}
    found_in: Counter[str] = Counter()
    opened_stories = 0
    while some := list(islice(rows, ROWS)):
        with engine.begin() as connection:
            _hurry(connection)
            for table, values in _tables(bot, some):
                if values:
                    connection.execute(insert(table), values)
        still = [row for row in some if row.open]
        for row in still:
            _find(row, holders, last, found_in)
        with bot.store.begin() as tx:
            tx.grouping.store(_remembered(still, opened_stories))
        opened_stories += len(still)
    engine.dispose()
    words = {
        word: WordMemory(found_in=found_in[word], small=1, holders=" ".join(ids), last=last[word])
        for word, ids in holders.items()
    }
    with bot.store.begin() as tx:
        state = GroupingState(format=FORMAT, articles=min(opened_stories, 19_000), opened=opened_stories)
        newest = max(last.values(), default=0.0)
        tx.grouping.store(
            GroupingChange(state=replace(state, clock=newest, latest=newest, turn=0), words=words)
        )


def _hurry(connection: Connection) -> None:
    """Much memory and no care for power cuts, while the tables are filled."""
    if connection.dialect.name == "sqlite":
        for pragma in ("cache_size = -1000000", "synchronous = OFF", "wal_autocheckpoint = 100000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")


def _find(row: Row, holders: dict[str, deque[str]], last: dict[str, float], found_in: Counter[str]) -> None:
    weights = row.trace.weights()
    for word in sorted(weights, key=lambda word: (-weights[word], word))[:KEYS]:
        holders.setdefault(word, deque(maxlen=NEWEST)).append(f"{row.id}:{round(weights[word] * 10_000)}")
        last[word] = row.day
    found_in.update(row.trace.words)


def _remembered(rows: Sequence[Row], opened_before: int) -> GroupingChange:
    stories = [
        StoryMemory(id=f"s{row.id}", first=row.day, last=row.day, grown=row.day, opened=opened_before + at)
        for at, row in enumerate(rows)
    ]
    items = [ItemMemory(item_id=row.id, story_id=f"s{row.id}", trace=pack(row.trace)) for row in rows]
    return GroupingChange(state=GroupingState(format=FORMAT), stories=stories, items=items)


def _tables(bot: Application, rows: Sequence[Row]) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    now = bot.deps.clock.now()
    seen = {row.id: now - timedelta(days=now.timestamp() / 86_400 - row.day) for row in rows}
    yield (
        schema.items,
        [
            {
                "id": row.id,
                "feed_id": "feed-1",
                "url": f"https://site.example/{row.id}",
                "canonical_url": f"https://site.example/{row.id}",
                "title": row.title,
                "summary": row.summary,
                "body": "",
                "author": "",
                "published": seen[row.id],
                "seen_at": seen[row.id],
                "content_hash": row.id,
                "keys": (row.id,),
                "baseline": False,
                "folded": fold(f"{row.title}\n{row.summary}"),
                "revised": 0,
                "judged_at": seen[row.id],
                "kept": row.open,
            }
            for row in rows
        ],
    )
    yield (
        schema.identities,
        [{"key": row.id, "item_id": row.id, "last_seen_at": seen[row.id]} for row in rows],
    )
    yield schema.verdicts, list(_verdicts(bot, rows, seen))
    times = [
        {"id": f"s{row.id}", "first_seen": seen[row.id], "last_seen": seen[row.id], "muted_at": None}
        for row in rows
    ]
    yield schema.stories, times
    yield (
        schema.placements,
        [
            {
                "item_id": row.id,
                "story_id": f"s{row.id}",
                "opens": True,
                "similarity": 0.0,
                "because": "opens a story",
                "merges": (),
                "placed_at": seen[row.id],
            }
            for row in rows
        ],
    )


def _verdicts(bot: Application, rows: Sequence[Row], seen: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One a topic where the text is kept; of others only those that matched."""
    for row in rows:
        draws = random.Random(row.id)
        for topic in bot.deps.topics:
            matched = draws.random() < MATCHED
            if matched or row.open:
                yield {
                    "item_id": row.id,
                    "topic_id": topic,
                    "score": 0.9 if matched else 0.01,
                    "matched": matched,
                    "threshold": 0.5,
                    "shares": (),
                    "nearest": None,
                    "spans": (),
                    "profile_version": "1",
                    "judged_at": seen[row.id],
                }


def _address(database: str) -> str:
    return database.replace("postgresql://", "postgresql+psycopg://")


if __name__ == "__main__":
    main(sys.argv[1:])
