"""Triage: what judging, placing and storing new items costs, with few and with many stories open.

    python bench/triage.py                 1,000 and 10,000 open items, then 100 and 1,000 new ones
    python bench/triage.py OPEN…           so many open items

Items are made up: three reports an event on average, in words drawn by Zipf's law
(rank-frequency exponent 1) from 30,000, with names. All open items are younger than a story's window. Topics,
companies and examples are the shipped ones. CPU seconds of one core, database in a temporary folder.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

from bot.app import Application, opened
from bot.configuration import read_configuration, starter_folder
from bot.core.text import digest
from bot.model import Item
from bot.pipeline.triage import triage

OPEN = (1_000, 10_000)
NEW = (100, 1_000)
WORDS = 30_000
LEAD = (25, 90)
REPORTS = 3
SYLLABLES = ("ka", "ro", "mi", "ten", "val", "dor", "lis", "ven", "gar", "hol", "ber", "sun", "tra", "nor")
AT_ONCE = 2_000


def main(sizes: Sequence[int]) -> None:
    print(
        f"{'open items':>10} {'first triage':>20} {'database':>10} {'memory':>8}"
        + "".join(f"{f'{count:,} new':>20}" for count in NEW)
    )
    for size in sizes or OPEN:
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(read_configuration(starter_folder(), Path(folder))) as bot,
        ):
            stream = made_up(bot, size + sum(NEW), spread=timedelta(days=6))
            first = timed(bot, stream, size)
            stored = sum(file.stat().st_size for file in Path(folder).rglob("chipwatch.db*")) / 2**20
            later = [timed(bot, stream, count) for count in NEW]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        columns = "".join(f"{told(seconds, count):>20}" for seconds, count in zip(later, NEW, strict=True))
        print(f"{size:10,} {told(first, size):>20} {stored:7.0f} MB {memory:5.0f} MB{columns}")


def told(seconds: float, items: int) -> str:
    return f"{seconds:.2f} s, {1000 * seconds / items:.2f} ms"


def timed(bot: Application, stream: Iterator[Item], count: int) -> float:
    """CPU seconds to triage the next items of a stream."""
    left = count
    while left:
        some = [next(stream) for _ in range(min(left, AT_ONCE))]
        with bot.store.begin() as tx:
            tx.items.add(some)
        left -= len(some)
    started = time.process_time()
    report = triage(bot.deps)
    assert report.items == count
    return time.process_time() - started


def made_up(bot: Application, count: int, spread: timedelta) -> Iterator[Item]:
    """Reports in time order, the last of them published now."""
    chance, now = random.Random(2026), bot.deps.clock.now()
    vocabulary = [_name(random.Random(rank)).lower() for rank in range(WORDS)]
    weights = list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
    for number in range(count):
        event = random.Random(f"event {chance.randrange(count // REPORTS)}")
        names = [_name(event) for _ in range(3)]
        told_of = event.choices(vocabulary, cum_weights=weights, k=15)
        lead = told_of + chance.choices(vocabulary, cum_weights=weights, k=chance.randrange(*LEAD))
        chance.shuffle(lead)
        lead[5:5], lead[20:20] = names[:2], names[1:]
        yield Item(
            id=digest([str(number)]),
            feed_id=f"feed-{number % 1000}",
            url=f"https://site-{number % 1000}.example/{number}",
            canonical_url=f"https://site-{number % 1000}.example/{number}",
            title=" ".join([names[0], *told_of[:6], names[1]]),
            summary=" ".join(lead).capitalize() + ".",
            published=now - spread * (1 - number / count),
            seen_at=now,
            content_hash=str(number),
        )


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).capitalize()


if __name__ == "__main__":
    main([int(size.replace(",", "")) for size in sys.argv[1:]])
