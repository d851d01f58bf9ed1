"""Made-up stories, put into the tables as the program would have left them there."""

from __future__ import annotations

import random
from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import accumulate, islice
from math import log, sqrt
from typing import Any

from sqlalchemy import Connection, create_engine, insert

from bot.app import Application
from bot.core.stems import stem
from bot.core.text import digest, fold
from bot.core.traces import FORMAT, Trace, pack
from bot.model import GroupingChange, GroupingState, Item, ItemMemory, StoryMemory, WordMemory
from bot.storage import schema

BEFORE, NEW = 1_000, 500
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
