"""``kill -9`` between fetching and writing: no item is lost to a validator, none doubled, no process left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from bot.app import Application, opened
from bot.configuration import read_configuration
from bot.model import FeedState
from tests.e2e.processes import alive, descendants
from tests.e2e.world import HOST, until

FEEDS, HEAVY = 12, 0
"""One of the feeds is long: it keeps a reading process busy for a while."""
PAUSES = (0.0, 0.05, 0.2, 0.6)
"""Seconds between the last body sent and the kill, a round each."""
MORE_ROUNDS = 12
"""Rounds at most until a kill fell between fetching and writing: a busy machine lends its time by slices."""
SETTINGS = f'[http]\nallow_networks = ["{HOST}"]\nper_host = 12\nhost_gap = "0s"\n'


@dataclass
class Publisher:
    """Feeds that all have news in every round, and tell by their validators which round a document is of."""

    round: int = 0
    sent: set[int] = field(default_factory=set)
    """Feeds whose body was handed out in this round."""

    def stories(self, number: int, until_round: int) -> list[str]:
        each = 100 if number == HEAVY else 3
        return [f"{number}-{round}-{at}" for round in range(until_round + 1) for at in range(each)]

    def document(self, number: int) -> bytes:
        text = "&lt;p&gt;Some words of it.&lt;/p&gt;" * (300 if number == HEAVY else 1)
        entries = "".join(
            f"<item><guid isPermaLink='false'>{story}</guid><link>https://s{number}.example/{story}</link>"
            f"<title>Story {story}</title><description>{text}</description></item>"
            for story in reversed(self.stories(number, self.round))
        )
        return f"<rss version='2.0'><channel><title>Site {number}</title>{entries}</channel></rss>".encode()

    def begin(self, round: int) -> None:
        self.round = round
        self.sent.clear()


@contextmanager
def published(publisher: Publisher) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number, etag = int(self.path.strip("/")), f'"{publisher.round}"'
            known = self.headers["If-None-Match"] == etag
            body = b"" if known else publisher.document(number)
            self.send_response(304 if known else 200)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if not known:
                publisher.sent.add(number)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Poller:
    """``chipwatch poll --all`` over one data folder."""

    folder: Path

    def configure(self, base: str) -> None:
        (self.folder / "config").mkdir()
        (self.folder / "config/chipwatch.toml").write_text(SETTINGS)
        feeds = "\n".join(f'[[feed]]\nurl = "{base}/{number}"\n' for number in range(FEEDS))
        (self.folder / "config/feeds.toml").write_text(feeds)

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "poll", "--all", "--json"],
            env=os.environ
            | {"CHIPWATCH_CONFIG": str(self.folder / "config"), "CHIPWATCH_DATA": str(self.folder / "data")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @contextmanager
    def opened(self) -> Iterator[Application]:
        with opened(read_configuration(self.folder / "config", self.folder / "data")) as application:
            yield application


def all_ended(pids: set[int]) -> bool:
    return not alive(pids)


def stories(application: Application) -> Counter[str]:
    with application.store.read() as tx:
        found = tx.items.search(topic=None, since=None, words=(), limit=10**6)
    return Counter(item.title.removeprefix("Story ") for item, _ in found)


def states(application: Application) -> dict[int, FeedState]:
    with application.store.read() as tx:
        return {int(re.findall(r"\d+$", state.url)[0]): state for state in tx.feeds.states().values()}


def test_a_poll_killed_between_fetching_and_writing_loses_and_doubles_nothing(tmp_path: Path) -> None:
    publisher, poller = Publisher(), Poller(tmp_path)
    in_between = 0
    with published(publisher) as base:
        poller.configure(base)
        for round, pause in enumerate(chain(PAUSES, repeat(0.0, MORE_ROUNDS))):
            if in_between and round >= len(PAUSES):
                break
            publisher.begin(round)
            process = poller.start()
            assert until(lambda: len(publisher.sent) == FEEDS, within=30)
            time.sleep(pause)
            below = descendants(process.pid)
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            assert until(partial(all_ended, below), within=10), "reading processes were left"
            with poller.opened() as application:
                application.take_over()  # as the daemon does at its start
                found = stories(application)
                assert [story for story, count in found.items() if count > 1] == []
                for number, state in states(application).items():
                    if state.etag is not None:
                        written = publisher.stories(number, int(state.etag.strip('"')))
                        assert set(written) <= set(found), "a validator was written before its items"
                    in_between += state.etag != f'"{round}"'
        assert in_between > 0, "no kill fell between fetching and writing"

        assert poller.start().wait(60) == 0
        with poller.opened() as application:
            every = [story for number in range(FEEDS) for story in publisher.stories(number, publisher.round)]
            assert stories(application) == Counter(every)
