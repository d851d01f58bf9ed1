"""Documents that name files and addresses: the bot, and every process that it starts, opens none of them."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.captures import body, hostile, page
from tests.e2e.laboratory import LOOPBACK
from tests.e2e.origin import Origin, serving_pages

WITNESS = Path(__file__).parent / "witness"
_NAMED_FILE = re.compile(rb"(?:file://)?(/(?:etc|proc|root|home)/[\w./-]+)")


@dataclass(frozen=True)
class Event:
    pid: int
    kind: str
    what: object


@dataclass(frozen=True)
class Evidence:
    events: Sequence[Event]
    origin: Origin

    def of(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event.kind in kinds]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Every hostile document polled by ``chipwatch poll`` under the eyes of a witness."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "config").mkdir()
    (folder / "config/chipwatch.toml").write_text(LOOPBACK)
    shutil.copy(WITNESS / "sitecustomize.py", folder)
    with serving_pages([page(row) for row in hostile()]) as origin:
        feeds = "\n".join(f'[[feed]]\nurl = "{url}"\n' for url in origin.addresses)
        (folder / "config/feeds.toml").write_text(feeds)
        done = subprocess.run(
            [sys.executable, "-m", "bot", "poll", "--all", "--json"],
            env=os.environ
            | {
                "CHIPWATCH_CONFIG": str(folder / "config"),
                "CHIPWATCH_DATA": str(folder / "data"),
                "PYTHONPATH": str(folder),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr  # some are no feeds, and it says so
    lines = (line.split("\t") for line in (folder / "witness.log").read_text().splitlines())
    return Evidence([Event(int(pid), kind, read(what)) for pid, kind, what in lines], origin)


def read(what: str) -> object:
    try:
        return ast.literal_eval(what)
    except (ValueError, SyntaxError):
        return what


def test_the_witness_saw_the_bot_and_its_readers(evidence: Evidence) -> None:
    opened = [str(event.what) for event in evidence.of("open")]
    assert any(path.endswith("chipwatch.toml") for path in opened)
    reads = {event.pid for event in evidence.of("open") if "feedparser" in str(event.what)}
    asks = {event.pid for event in evidence.of("open") if str(event.what).endswith("feeds.toml")}
    assert reads - asks, "no process that reads documents was seen"
    assert sorted(evidence.origin.asked) == list(range(len(hostile())))


def test_no_file_that_a_document_names_is_opened(evidence: Evidence) -> None:
    named = {path.decode() for row in hostile() for path in _NAMED_FILE.findall(body(row))}
    assert len(named) >= 2
    opened = {str(event.what) for event in evidence.of("open")}
    assert not {path for path in opened if any(name in path for name in named)}


def test_no_address_but_the_feeds_own_is_resolved_or_connected_to(evidence: Evidence) -> None:
    feeds = {urlsplit(url).hostname for url in evidence.origin.addresses}
    asked = [event.what for event in evidence.of("socket.getaddrinfo", "socket.gethostbyname")]
    # A path or bytes is a socket of this machine's own processes.
    asked += [event.what[0] for event in evidence.of("socket.connect") if isinstance(event.what, tuple)]
    assert {str(host) for host in asked} <= {str(host) for host in feeds}
    assert not evidence.of("urllib.Request")
