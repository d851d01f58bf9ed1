"""Scale: what placing an item costs, and the questions asked of the store, as the stored stories grow.

    python -m bench.scale              1,000 and 20,000 stored stories
    python -m bench.scale --full       1,000, 100,000 and 1,000,000; takes some 4 GB of disk and half an hour
    python -m bench.scale STORIES…     so many
    python -m bench.scale --all-open   nothing closed
    python -m bench.scale --url ADDRESS --all-open STORIES
                                       in that empty database (PostgreSQL) instead of SQLite

Stored stories are made up and put into the tables in bulk, twice for each size: once most are closed, so
that texts and unmatched verdicts are pruned and a thousand are open; once all are open, with texts, verdicts,
traces and the words that find them. Words are drawn by Zipf's law from 30,000, names from half a million.
Then come the same thousand reports, placed by the program itself, and after them the same 500 new ones, half
of them about events of that thousand. Milliseconds of CPU of one core; "in all" is with waiting for the disk.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from bench.scale.fill import BEFORE, NEW, Language, fill, reports, stored
from bot.app import Application, opened
from bot.configuration import read_configuration, starter_folder
from bot.model import Item
from bot.pipeline.alert import alert
from bot.pipeline.grouping import begin, group
from bot.pipeline.upkeep import upkeep

QUICK, FULL = (1_000, 20_000), (1_000, 100_000, 1_000_000)
AT_ONCE = 50
"""New items of one tick of the daemon, each begun with an empty memory."""


@dataclass(frozen=True)
class Measured:
    stories: int
    open: int
    filled: float
    megabytes: float
    placing: float
    waiting: float
    questions: dict[str, float]


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


if __name__ == "__main__":
    main(sys.argv[1:])
