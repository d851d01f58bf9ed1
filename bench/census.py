"""What a scrape of ``/metrics`` costs: the whole answer, with many feeds, items and messages in the database.

    python -m bench.census --feeds 10000 --items 100000 --url sqlite:////tmp/census.db

Bodies are as long as real ones: what a query must read past counts. ``--url`` may name an empty PostgreSQL
database; without it a SQLite file is made and removed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import generate_latest

from bot.model import Delivery, Feed, Item, Judgement, Message
from bot.server.meters import Meters
from bot.server.metrics import Standing
from bot.storage.engine import open_store, upgrade
from bot.storage.store import SqlStore

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
_BATCH = 1000


def fill(store: SqlStore, feeds: int, items: int, unjudged: int, messages: int) -> None:
    subscribed = [Feed(id=f"f{n}", url=f"https://h{n}.example/rss") for n in range(feeds)]
    with store.begin() as tx:
        tx.feeds.sync(subscribed, NOW)
        states = tx.feeds.states()
        tx.feeds.save(
            [
                replace(
                    state,
                    next_poll_at=NOW + timedelta(seconds=n % 7200 - 60),
                    failures=int(n % 20 == 0),
                    seen=bytes(8 * (n % 300)),
                    published=tuple(NOW - timedelta(hours=hours) for hours in range(50)),
                )
                for n, state in enumerate(states.values())
            ]
        )
    for start in range(0, items, _BATCH):
        some = [_item(n, feeds) for n in range(start, min(items, start + _BATCH))]
        with store.begin() as tx:
            tx.items.add(some)
            waits = items - unjudged
            tx.items.judge(
                [
                    Judgement(item_id=item.id, content_hash=item.content_hash)
                    for n, item in enumerate(some, start)
                    if n < waits
                ],
                NOW,
            )
    with store.begin() as tx:
        tx.outbox.add([_delivery(n) for n in range(messages)], ())


def _item(n: int, feeds: int) -> Item:
    return Item(
        id=f"{n:08x}",
        feed_id=f"f{n % feeds}",
        url=f"https://h.example/{n}",
        canonical_url=f"https://h.example/{n}",
        title=f"Headline {n}",
        body="Words of an article. " * 150,
        seen_at=NOW - timedelta(seconds=n),
        content_hash=f"{n}",
        keys=(f"key {n}",),
    )


def _delivery(n: int) -> Delivery:
    message = Message(subject="s", content_type="message/rfc822", body=bytes(60_000))
    return Delivery(
        key=f"k{n}",
        channel=f"channel {n % 5}",
        recipient="r",
        origin="daily",
        message=message,
        created_at=NOW,
        due_at=NOW,
    )


def median_ms(work: Callable[[], object], times: int = 21) -> tuple[float, float]:
    """Median and worst, in milliseconds."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent), max(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--unjudged", type=int, default=100)
    parser.add_argument("--messages", type=int, default=1_000)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = asked.url or f"sqlite:///{Path(folder) / 'census.db'}"
        upgrade(url)
        store = open_store(url)
        fill(store, asked.feeds, asked.items, asked.unjudged, asked.messages)
        meters = Meters()
        meters.expect(topics=[f"t{n}" for n in range(20)], channels=[f"c{n}" for n in range(10)], steps=())

        def count() -> object:
            with store.read() as tx:
                return tx.census.take(NOW)

        def scrape() -> object:
            with store.read() as tx:
                census = tx.census.take(NOW)
            return generate_latest(meters.registry) + generate_latest(Standing(census, meters.channels))

        for name, work in (("count", count), ("whole scrape", scrape)):
            print("{}: median {:.1f} ms, worst {:.1f} ms".format(name, *median_ms(work)))
        store.close()


if __name__ == "__main__":
    main()
