"""Documents read beside the process: real workers, stopped where they take too much."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.core.reading import read
from bot.model import FetchFailed, Reading, ReadTask
from bot.ports import Reader
from bot.reading.pool import ReaderPool
from tests.http_server import wait_until

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ITEM = (
    "<item><guid>{0}</guid><title>Article {0}</title><description>Text of article {0}.</description>"
    "<pubDate>Tue, 03 Mar 2026 06:00:00 GMT</pubDate></item>"
)


def task(items: int = 3, *, body: bytes = b"", **changes: Any) -> ReadTask:
    text = "<rss version='2.0'><channel><title>Harbor</title>" + "".join(
        ITEM.format(number) for number in range(items)
    )
    given: dict[str, Any] = {
        "feed_id": "harbor",
        "body": body or f"{text}</channel></rss>".encode(),
        "content_type": "application/rss+xml",
        "base_url": "https://harbor.example/rss",
        "now": NOW,
    }
    return ReadTask(**given | changes)


LONG = task(20_000, max_entries=20_000)
"""Takes seconds and many megabytes."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ReaderPool]:
    with closing(ReaderPool(workers=1)) as running:
        yield running


def workers() -> list[int]:
    """Process ids of our children that read."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if b"bot.reading.worker" in words and parent == os.getpid():
            found.append(int(folder.name))
    return found


def failure(answer: Reading | FetchFailed) -> str:
    assert isinstance(answer, FetchFailed)
    return f"{answer.kind}: {answer.detail}"


def test_a_document_is_read_as_it_would_be_here_without_its_entries(pool: ReaderPool) -> None:
    reader: Reader = pool
    here, there = read(task()), reader.submit(task()).result()
    assert isinstance(there, Reading)
    assert there.items == here.items
    assert (there.document.title, there.document.entries) == ("Harbor", ())
    assert (there.seen, there.skipped, there.whole) == (here.seen, here.skipped, here.whole)


def test_what_is_no_feed_is_said(pool: ReaderPool) -> None:
    page = pool.submit(task(body=b"<!doctype html><html><body>Moved</body></html>")).result()
    assert failure(page).startswith("not-a-feed: an HTML page")


def test_a_document_that_takes_too_long_is_stopped_and_the_next_is_read() -> None:
    with closing(ReaderPool(workers=1, seconds=0.3)) as pool:
        pool.submit(task()).result()
        began = time.monotonic()
        assert (
            failure(pool.submit(LONG).result())
            == "unreadable: reading it took more than 0.3 s and was stopped"
        )
        assert time.monotonic() - began < 1.5
        assert isinstance(pool.submit(task()).result(), Reading)


def test_a_machine_that_is_busy_with_other_things_makes_no_document_unreadable() -> None:
    before = workers()
    with closing(ReaderPool(workers=1, seconds=0.3)) as pool:
        pool.submit(task()).result()
        (worker,) = set(workers()) - set(before)
        os.kill(worker, signal.SIGSTOP)
        answer = pool.submit(task())
        time.sleep(0.8)
        assert not answer.done()
        os.kill(worker, signal.SIGCONT)
        assert isinstance(answer.result(), Reading)


def test_a_document_that_takes_too_much_memory_is_given_up_and_the_next_is_read() -> None:
    with closing(ReaderPool(workers=1, seconds=30, megabytes=30)) as pool:
        assert failure(pool.submit(LONG).result()) == "unreadable: reading it took more than 30 MB"
        assert isinstance(pool.submit(task()).result(), Reading)


def test_a_large_document_fits_into_the_usual_bounds(pool: ReaderPool) -> None:
    text = b"&lt;p>" + b"a word of many " * 600_000 + b"&lt;/p>"
    item = b"<item><title>T</title><description>%s</description></item>" % text
    answer = pool.submit(task(body=b"<rss version='2.0'><channel>%s</channel></rss>" % item)).result()
    assert isinstance(answer, Reading)


def test_a_fault_of_ours_costs_one_document_and_is_told_in_full(pool: ReaderPool) -> None:
    with structlog.testing.capture_logs() as log:
        answer = pool.submit(task(now=None)).result()
    assert failure(answer) == "unreadable: it could not be read for a fault of ours; see the log"
    assert [line["what"] for line in log] == ["reading feed harbor"]
    assert "Traceback" in log[0]["exception"]
    assert isinstance(pool.submit(task()).result(), Reading)


def test_a_worker_that_is_killed_is_replaced() -> None:
    with closing(ReaderPool(workers=1)) as pool:
        before = workers()
        pool.submit(task()).result()
        (worker,) = set(workers()) - set(before)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not _runs(worker))
        assert isinstance(pool.submit(task()).result(), Reading)


def test_workers_start_when_there_is_something_to_read_and_end_with_the_pool() -> None:
    before = workers()
    pool = ReaderPool(workers=2)
    assert workers() == before
    pool.submit(LONG)
    wait_until(lambda: len(workers()) == len(before) + 1)
    pool.close()
    assert workers() == before


def test_workers_get_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_SMTP__PASSWORD", "hunter2")
    before = workers()
    with closing(ReaderPool(workers=1)) as pool:
        pool.submit(task()).result()
        (worker,) = set(workers()) - set(before)
        assert b"hunter2" not in Path(f"/proc/{worker}/environ").read_bytes()


ORPHAN = """
import os, sys
from bot.reading.pool import ReaderPool
from tests.reading.test_pool import LONG, task, workers
pool = ReaderPool(workers=1, seconds=0.5)
pool.submit(task()).result()
if sys.argv[1] == "busy":
    pool.submit(LONG)
print(*workers(), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("busy", ["idle", "busy"])
def test_no_worker_outlives_a_process_that_is_killed(busy: str) -> None:
    done = subprocess.run([sys.executable, "-c", ORPHAN, busy], check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (worker,) = map(int, done.stdout.split())
    wait_until(lambda: not _runs(worker))


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # nobody may be there to take note of its end
