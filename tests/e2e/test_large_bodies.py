"""Bodies of many megabytes, deep nesting and compression bombs over the whole way: bounded, and said."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from bot.model import Item
from bot.pipeline.poll import PollReport
from tests.e2e.laboratory import LOOPBACK, feed_at, laboratory
from tests.e2e.origin import Page, serving_pages
from tests.e2e.processes import Watch, watched_memory
from tests.shared import shared_path

# Apart from the others, which would take its seconds.
pytestmark = pytest.mark.slow

SECONDS, MEMORY = 5.0, 300 * 1000 * 1000
AROUND = 2.0
"""Seconds for what is around reading: 20 MB over the wire, 2,000 rows, another reading process."""
SMALL = (
    b"<rss version='2.0'><channel><title>Small</title><item><title>One quiet story</title>"
    b"<link>https://small.example/1</link></item></channel></rss>"
)


@dataclass(frozen=True, kw_only=True)
class Polled:
    row: Mapping[str, Any]
    report: PollReport
    items: Sequence[Item]
    seconds: float
    memory: Watch

    @property
    def entries(self) -> int:
        reading = self.report.reading
        return reading.entries + reading.document.left_out if reading else 0

    def __str__(self) -> str:
        return (
            f"{self.row['name']}: {self.seconds:.1f} s, {self.memory.most / 1e6:.0f} MB, {self.entries} "
            f"entries, {len(self.items)} items: {self.report.plan.state.last_result}"
        )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Polled]]:
    folder = tmp_path_factory.mktemp("large")
    script = shared_path("feeds/hostile/make_hostile.py")
    made = subprocess.run(
        [sys.executable, str(script), str(folder)], check=True, capture_output=True, text=True, timeout=300
    )
    rows = [json.loads(line) for line in made.stdout.splitlines()]
    results = []
    with laboratory(tmp_path_factory.mktemp("lab"), LOOPBACK) as lab:
        with serving_pages([Page(body=SMALL)]) as origin, lab.visitor(feed_at(origin.addresses[0])) as first:
            first.poll()  # starts a reading process
        for row in rows:
            body = (folder / row["name"]).read_bytes()
            pages = [Page(body=body, headers=row["http"]), Page(body=SMALL)]
            with serving_pages(pages) as origin, watched_memory() as memory:
                feed, small = map(feed_at, origin.addresses)
                with lab.visitor(feed, small) as visitor:
                    start = time.perf_counter()
                    (report,) = visitor.poll(feed)
                    ended = time.perf_counter()
                    items = visitor.stored(report)
                    (after,) = visitor.poll(small)
                    assert after.plan.result == "new", (row["name"], after.plan.state.last_result)
            results.append(
                Polled(
                    row=row,
                    report=report,
                    items=items,
                    seconds=ended - start,
                    memory=memory,
                )
            )
    for each in results:
        print(each)
    yield results


def _bounded(each: Polled) -> bool:
    return each.seconds <= SECONDS + AROUND and each.memory.most <= MEMORY


def _keep_good(each: Polled) -> bool:
    return (
        not each.report.plan.failed and len(each.items) > 0 and each.entries == each.row["expect"]["entries"]
    )


def _unique_ids(each: Polled) -> bool:
    reading = each.report.reading
    ids = {item.id for item in each.items}
    return reading is not None and len(ids) == len(each.items) == reading.entries


def _safe_text(each: Polled) -> bool:
    return all(len(item.title.splitlines()) == 1 and len(item.title) <= 1000 for item in each.items)


CHECKS: Mapping[str, Callable[[Polled], bool]] = {
    "bounded": _bounded,
    "keep_good": _keep_good,
    "unique_ids": _unique_ids,
    "safe_text": _safe_text,
}


def test_no_tag_goes_unchecked(results: Sequence[Polled]) -> None:
    assert {tag for each in results for tag in each.row["expect"]["must"]} == set(CHECKS)


@pytest.mark.parametrize("tag", sorted(CHECKS))
def test_large_bodies_do_no_harm(results: Sequence[Polled], tag: str) -> None:
    every = [each for each in results if tag in each.row["expect"]["must"]]
    assert every
    assert [str(each) for each in every if not CHECKS[tag](each)] == []


def test_what_is_read_has_as_many_entries_as_were_written(results: Sequence[Polled]) -> None:
    wrong = [
        str(each)
        for each in results
        if not each.report.plan.failed and each.row["expect"]["entries"] not in (None, each.entries)
    ]
    assert not wrong


def test_what_is_refused_says_why(results: Sequence[Polled]) -> None:
    refused = [each for each in results if each.report.plan.failed]
    assert refused
    kinds = {each.report.plan.state.last_result.partition(":")[0] for each in refused}
    assert kinds <= {"too-large", "unreadable", "not-a-feed"}
