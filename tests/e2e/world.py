"""A world on loopback for a daemon in a process of its own, which can be killed at chosen moments."""

from __future__ import annotations

import asyncio
import email
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
# Twelve events, none like another; each is on topic by the word accelerator.
NEWS = (
    ("Norvik opens its accelerator to tenants", "The cloud will rent the inference part from May in Ostren."),
    ("Halden scraps training accelerator", "The lab wrote off 210 million kroner after a failed tape-out."),
    (
        "Tarn tapes out seventh accelerator",
        "A foundry in Kesh makes the 3-nanometre design; samples come in autumn.",
    ),
    (
        "Ministry orders 900 accelerator cards",
        "Schools in the lake district get them for a language project.",
    ),
    (
        "Accelerator maker Quill sues former chief",
        "The complaint, filed in Marrow county, is about trade secrets.",
    ),
    ("Shipyard cools accelerator hall with seawater", "Pumps under the pier replace forty chillers."),
    (
        "Veltra and Oakum merge accelerator units",
        "Shareholders vote in June on the union of the two design houses.",
    ),
    (
        "Fire stops accelerator assembly in Dorn",
        "Nobody was hurt; the line will stand still for three weeks.",
    ),
    (
        "University builds accelerator from open designs",
        "Students published every mask under a free licence.",
    ),
    (
        "Bank leases accelerator time for fraud checks",
        "The contract with a regional host runs for six years.",
    ),
    ("Orbit firm flies radiation-hard accelerator", "The probe launched on Sunday carries two of them."),
    ("Hospital chain drops accelerator purchase", "Doctors had found the scans no faster than before."),
)
_SECRET = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
Moment = Callable[[str, int], None]
"""Called with what happens (poll, hook, mail) and how often it has happened, before the answer goes out."""


@dataclass
class World:
    """Feeds with one story each, a webhook receiver and a mail server that all remember."""

    feeds: int
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    hooks: list[tuple[str, bytes]] = field(default_factory=list)
    """Id and body of every webhook request."""
    hook_headers: list[list[str]] = field(default_factory=list)
    """Names of the header lines of every webhook request."""
    letters: list[bytes] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    at_moment: Moment = lambda _what, _count: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def moment(self, what: str) -> None:
        with self._lock:
            self.happened[what] += 1
            count = self.happened[what]
        self.at_moment(what, count)

    def document(self, number: int) -> bytes:
        """A feed with one story of its own on topic, and an item that is not."""
        published = format_datetime(self.began - timedelta(minutes=30 + number))
        title, text = NEWS[number]
        items = [
            (f"chip-{number}", title, text),
            (f"rain-{number}", f"Weather note {number}", "Rain, then sun."),
        ]
        entries = "".join(
            f"<item><guid isPermaLink='false'>{guid}</guid><link>https://s{number}.example/{guid}</link>"
            f"<title>{title}</title><description>{text}</description><pubDate>{published}</pubDate></item>"
            for guid, title, text in items
        )
        return f"<rss version='2.0'><channel><title>Site {number}</title>{entries}</channel></rss>".encode()

    @property
    def told_by_hook(self) -> dict[str, set[bytes]]:
        """Webhook id → the bodies that came under it."""
        told: dict[str, set[bytes]] = {}
        for key, body in self.hooks:
            told.setdefault(key, set()).add(body)
        return told

    def titles_by_hook(self) -> list[str]:
        """Headline of every alert, one for each id: what a receiver keeps that drops repeats."""
        bodies = [next(iter(bodies)) for bodies in self.told_by_hook.values()]
        return [story["title"] for body in bodies for story in _stories(json.loads(body))]

    def letters_by_id(self) -> dict[str, set[bytes]]:
        found: dict[str, set[bytes]] = {}
        for letter in self.letters:
            found.setdefault(email.message_from_bytes(letter)["Message-ID"], set()).add(letter)
        return found


def _stories(event: Any) -> list[dict[str, Any]]:
    return [story for section in event["data"]["sections"] for story in section["stories"]]


class Answering(BaseHTTPRequestHandler):
    """A handler whose caller may be killed at any moment."""

    def answer(self, body: bytes, kind: str = "text/plain") -> None:
        try:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the daemon was killed while we answered

    def log_message(self, format: str, *args: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        return  # the daemon was killed while it asked


@contextmanager
def running(web: type[Answering], mail_handler: object) -> Iterator[dict[str, int]]:
    """An HTTP and an SMTP server on loopback; yields their ports by name (http, smtp)."""
    server = _Server((HOST, 0), web)
    loop = asyncio.new_event_loop()
    mail = loop.run_until_complete(loop.create_server(lambda: SMTP(mail_handler, loop=loop), HOST, 0))
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True),
        threading.Thread(target=loop.run_forever, daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield {"http": server.server_address[1], "smtp": mail.sockets[0].getsockname()[1]}
    finally:
        server.shutdown()
        server.server_close()
        loop.call_soon_threadsafe(mail.close)
        loop.call_soon_threadsafe(loop.stop)
        for thread in threads:
            thread.join(5)
        loop.close()


@contextmanager
def serving(world: World) -> Iterator[dict[str, int]]:
    """Start the world's servers; yields their ports by name (http, smtp)."""

    class Web(Answering):
        def do_GET(self) -> None:
            world.moment("poll")
            self.answer(world.document(int(self.path.strip("/"))), "application/rss+xml")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            world.hook_headers.append([name.lower() for name in self.headers])
            world.hooks.append((self.headers["webhook-id"], body))
            world.moment("hook")
            self.answer(b"ok")

    class Mail:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
            world.letters.append(bytes(envelope.original_content or b""))
            world.moment("mail")
            return "250 kept"

    with running(Web, Mail()) as ports:
        yield ports


def configure(folder: Path, world: World, ports: dict[str, int]) -> None:
    """Watch the world's feeds; tell it by webhook at once and by mail each minute."""
    config = folder / "config"
    (config / "topics").mkdir(parents=True)
    (config / "topics/chips.toml").write_text('title = "Chips"\nquery = "accelerator"\n')
    base = f"http://{HOST}:{ports['http']}"
    feeds = [f'[[feed]]\nurl = "{base}/{number}"\n' for number in range(world.feeds)]
    (config / "feeds.toml").write_text("\n".join(feeds))
    (config / "chipwatch.toml").write_text(f"""
[http]
allow_networks = ["{HOST}"]
host_gap = "0s"
[smtp]
host = "{HOST}"
port = {ports["smtp"]}
security = "plain"
sender = "chipwatch@example.org"
[channels.mail]
type = "email"
to = ["one@example.org", "two@example.org"]
[channels.hook]
type = "webhook"
url = "{base}/hook"
secret = "{_SECRET}"
[[alerts]]
topics = ["chips"]
channels = ["hook"]
budget = 1000
[digests.every-minute]
topics = ["chips"]
channels = ["mail"]
schedule = "* * * * *"
max_stories = 5
[server]
bind = ""
[log]
format = "json"
""")


@dataclass
class Daemon:
    """``chipwatch run`` in a process that a test may kill."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"],
                env=os.environ
                | {
                    "CHIPWATCH_CONFIG": str(self.folder / "config"),
                    "CHIPWATCH_DATA": str(self.folder / "data"),
                },
                stderr=log,
                stdout=log,
            )

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)

    def wait(self, within: float = 30) -> int:
        assert self.process
        return self.process.wait(within)

    def terminate(self) -> int:
        assert self.process
        self.process.terminate()
        return self.wait(12)

    @property
    def log(self) -> str:
        return (self.folder / "daemon.log").read_text()


def until(condition: Callable[[], bool], within: float = 60) -> bool:
    """Wait for something to become true."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False
