"""What the bot lives in for a month: hundreds of feeds, a mail server and webhook receivers that remember."""

from __future__ import annotations

import asyncio
import email
import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.e2e.origin import Page
from tests.e2e.world import HOST, Answering, running
from tests.soak.life import LeapingClock
from tests.soak.publishers import Publisher

_HEAD = 64 * 1024
_SECRET = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
DIGESTS = {
    "berlin": ("Europe/Berlin", 2, 30),
    "newyork": ("America/New_York", 7, 30),
    "tokyo": ("Asia/Tokyo", 18, 0),
}
"""Name → zone, hour and minute. Berlin's is a time that the night of the change has twice, or not at all."""


@dataclass
class Month:
    """The world: who publishes, and everything that was received."""

    clock: LeapingClock
    publishers: Sequence[Publisher]
    hooks: list[tuple[str, bytes]] = field(default_factory=list)
    """Webhook id and body of each alert."""
    alarms: list[tuple[str, bytes]] = field(default_factory=list)
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    """Recipient and bytes."""
    asked: Counter[str] = field(default_factory=Counter)
    """Answers by status."""

    def answer(self, path: str, etag: str | None) -> Page:
        name = path.rpartition("/")[2]
        publisher = next((each for each in self.publishers if each.name == name), None)
        if publisher is None:
            return Page(body=b"", status=404)
        return publisher.answer(self.clock.now(), etag, moved=path.startswith("/moved/"))

    def told_by_hook(self) -> Counter[str]:
        """How many alerts, by different ids, told each headline."""
        return _headlines(dict(self.hooks).values())

    def told_by_mail(self, digest: str) -> Counter[str]:
        """How many letters told each headline, of letters with different ids."""
        texts = [_text(letter) for letter in self.by_id(digest).values()]
        return Counter(title for title in self.titles() for text in texts if f" {title} " in text)

    def titles(self) -> dict[str, datetime]:
        """Headline of every event → when it must have been seen."""
        seen = [
            (publisher.visible(entry), entry.title)
            for publisher in self.publishers
            for entry in publisher.entries
            if entry.event is not None
        ]
        return {title: at for at, title in sorted(seen, reverse=True)}

    def by_id(self, digest: str) -> dict[str, bytes]:
        """Message-ID → letter."""
        return {
            str(email.message_from_bytes(letter)["Message-ID"]): letter
            for to, letter in self.letters
            if to == recipient(digest)
        }

    def dates(self, digest: str) -> list[datetime]:
        """When each letter was composed, in order."""
        letters = self.by_id(digest).values()
        return sorted(parsedate_to_datetime(str(email.message_from_bytes(each)["Date"])) for each in letters)

    def alarm_lines(self) -> list[tuple[datetime, str]]:
        """Every line that an alarm told, and when."""
        bodies = [json.loads(body) for body in dict(self.alarms).values()]
        return [
            (datetime.fromisoformat(body["timestamp"]), notice["text"])
            for body in bodies
            for notice in body["data"]["notices"]
        ]

    def letters_with_ids(self) -> list[tuple[str, bytes]]:
        """Recipient and Message-ID, and the bytes, of everything that was received."""
        return [
            (f"{to} {email.message_from_bytes(letter)['Message-ID']}", letter) for to, letter in self.letters
        ]


def _headlines(bodies: Iterable[bytes]) -> Counter[str]:
    return Counter(
        story["title"]
        for body in bodies
        for section in json.loads(body)["data"]["sections"]
        for story in section["stories"]
    )


def _text(letter: bytes) -> str:
    """The text part with single blanks."""
    parts = email.message_from_bytes(letter).walk()
    plain = next(part for part in parts if part.get_content_type() == "text/plain")
    payload = plain.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return f" {' '.join(payload.decode().split())} "


def recipient(digest: str) -> str:
    return f"{digest}@example.org"


@contextmanager
def serving(month: Month) -> Iterator[dict[str, int]]:
    """Start the world's servers; yields their ports by name (http, smtp, feeds)."""

    class Web(Answering):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the bot was killed while it spoke: nothing was received
            kept = month.alarms if self.path == "/ops" else month.hooks
            kept.append((self.headers["webhook-id"], body))
            self.answer(b"ok")

    class Mail:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
            month.letters.append((envelope.rcpt_tos[0], bytes(envelope.original_content or b"")))
            return "250 kept"

    with running(Web, Mail()) as ports, _feeds(month) as port:
        yield {**ports, "feeds": port}


@contextmanager
def _feeds(month: Month) -> Iterator[int]:
    """One server for all feeds; it keeps connections open as servers do."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                lines = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                fields = {name.lower(): value for name, value in lines.items()}
                page = month.answer(head[0].split(" ")[1], fields.get("if-none-match"))
                month.asked[str(page.status)] += 1
                headers = {"Content-Length": str(len(page.body))} | dict(page.headers)
                if page.status == 304:
                    del headers["Content-Length"]
                spelled = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
                writer.write(f"HTTP/1.1 {page.status} As told\r\n{spelled}\r\n\r\n".encode() + page.body)
                await writer.drain()
        writer.close()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(answer, HOST, 0, limit=_HEAD, backlog=128))
    port = int(server.sockets[0].getsockname()[1])
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        server.close()
        loop.close()


def configure(config: Path, ports: dict[str, int], kept: timedelta) -> None:
    """Alerts by webhook, a digest a day by mail in each of three zones, alarms by another webhook."""
    (config / "topics").mkdir(parents=True)
    (config / "topics/chips.toml").write_text('title = "Chips"\nquery = "accelerator"\n')
    base = f"http://{HOST}:{ports['http']}"
    mails = "".join(
        f'[channels.mail-{name}]\ntype = "email"\nto = ["{recipient(name)}"]\n'
        f'[digests.{name}]\ntopics = ["chips"]\nchannels = ["mail-{name}"]\nmax_stories = 100\n'
        f'send_empty = true\ntimezone = "{zone}"\nschedule = "{minute} {hour} * * *"\n'
        for name, (zone, hour, minute) in DIGESTS.items()
    )
    (config / "chipwatch.toml").write_text(f"""
[http]
allow_networks = ["{HOST}"]
host_gap = "0s"
per_host = 16
[schedule]
min_interval = "20m"
max_interval = "6h"
[smtp]
host = "{HOST}"
port = {ports["smtp"]}
security = "plain"
sender = "chipwatch@example.org"
[retention]
items = "{kept.days}d"
deliveries = "{kept.days}d"
[alarms]
channels = ["ops"]
[channels.hook]
type = "webhook"
url = "{base}/hook"
secret = "{_SECRET}"
[channels.ops]
type = "webhook"
url = "{base}/ops"
secret = "{_SECRET}"
[[alerts]]
name = "urgent"
topics = ["chips"]
channels = ["hook"]
budget = 100000
max_age = "30d"
[server]
bind = ""
[log]
format = "json"
{mails}""")


def subscribe(config: Path, publishers: Sequence[Publisher], port: int) -> None:
    """Write ``feeds.toml``."""
    feeds = [f'[[feed]]\nurl = "http://{HOST}:{port}/feed/{each.name}"\n' for each in publishers]
    (config / "feeds.toml").write_text("\n".join(feeds))
