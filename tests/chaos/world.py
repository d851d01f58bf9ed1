"""What the bot lives in: feeds, a mail server, a webhook receiver and two chats, all of which remember."""

from __future__ import annotations

import email
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from email.utils import format_datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.chaos.lives import QuickClock
from tests.e2e.world import HOST, Answering, running

RECIPIENTS = ("one@example.org", "two@example.org")
HELD, RESENT = "held", "resent"
"""The two chats: neither drops repeats; what got no answer is held in the one and sent again in the other."""
CHATS = (HELD, RESENT)
_SECRET = "whsec_dGhpcyBpcyBubyBzZWNyZXQgYXQgYWxsISEhISE="
_SYLLABLES = (
    *("bar", "dol", "fen", "gri", "hul", "jas", "kor", "lum", "mep", "nov"),
    *("pri", "quo", "ras", "sti", "tev", "vun", "wal", "yor", "zed", "xim"),
)
_DEEDS = (
    ("{a} opens its accelerator hall in {p}", "Tenants from {q} move in next month, says {b}."),
    ("{a} scraps the {b} accelerator", "A failed tape-out in {p} cost {n} million kroner; {q} wrote it off."),
    ("{p} orders {n} accelerator cards from {a}", "Schools near {q} use them for a project called {b}."),
    ("{a} sues {b} over accelerator secrets", "The complaint, filed in {p}, names {n} engineers from {q}."),
    ("Fire stops {a} accelerator line in {p}", "The {b} works near {q} stand still for {n} days."),
    ("{a} and {b} merge accelerator units", "Holders vote in {p} on a union worth {n} million, {q} reports."),
)
Moment = Callable[[str, int], None]
"""Called with what happens (poll, hook, mail, chat) and how often it did, before the answer goes out."""


def news(number: int) -> tuple[str, str]:
    """Headline and text of an event like no other; on topic by the word accelerator."""
    names = {key: _name(4 * number + place) for place, key in enumerate("abpq")}
    title, text = _DEEDS[number % len(_DEEDS)]
    figures = {"n": 100 + number}
    return title.format(**names, **figures), text.format(**names, **figures)


def _name(number: int) -> str:
    """A name for each number below 8,000, neighbours unlike each other."""
    many = len(_SYLLABLES)
    rest = number * 7919 % many**3  # a prime that does not divide it: no name comes twice
    return "".join(_SYLLABLES[rest // many**place % many] for place in range(3)).capitalize()


@dataclass
class World:
    """Feeds with one story each, and everything that was received, in order."""

    clock: QuickClock
    feeds: int = 0
    hooks: list[tuple[str, bytes]] = field(default_factory=list)
    """Id and body of every webhook request."""
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    """Recipient and bytes of every letter."""
    chats: list[tuple[str, bytes]] = field(default_factory=list)
    """Chat and body of every message."""
    happened: Counter[str] = field(default_factory=Counter)
    at_moment: Moment = lambda _what, _count: None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _published: dict[int, str] = field(default_factory=dict)

    @property
    def titles(self) -> list[str]:
        """Headline of every story that must be told."""
        return [news(number)[0] for number in range(self.feeds)]

    def moment(self, what: str) -> None:
        with self._lock:
            self.happened[what] += 1
            count = self.happened[what]
        self.at_moment(what, count)

    def document(self, number: int) -> bytes:
        """A feed with one story on topic and an item that is not."""
        moment = self._published.setdefault(
            number, format_datetime(self.clock.now() - timedelta(minutes=number % 50 + 1))
        )
        items = [("chip", *news(number)), ("rain", f"Weather note {number}", "Rain, then sun.")]
        entries = "".join(
            f"<item><guid isPermaLink='false'>{kind}-{number}</guid>"
            f"<link>https://s{number}.example/{kind}</link><title>{title}</title>"
            f"<description>{text}</description><pubDate>{moment}</pubDate></item>"
            for kind, title, text in items
        )
        return f"<rss version='2.0'><channel><title>Site {number}</title>{entries}</channel></rss>".encode()

    # ── what was received ────────────────────────────────────────────────────────────────────────

    def hook_bodies(self) -> dict[str, set[bytes]]:
        """Webhook id → the bodies that came under it."""
        return _by_key(self.hooks)

    def told_by_hook(self) -> Counter[str]:
        """How many ids told each headline: what a receiver sees that drops repeats."""
        bodies = [json.loads(next(iter(bodies))) for bodies in self.hook_bodies().values()]
        return Counter(
            story["title"]
            for body in bodies
            for section in body["data"]["sections"]
            for story in section["stories"]
        )

    def letter_bodies(self, recipient: str) -> dict[str, set[bytes]]:
        """Message-ID → the letters that came under it."""
        return _by_key(
            [
                (str(email.message_from_bytes(letter)["Message-ID"]), letter)
                for to, letter in self.letters
                if to == recipient
            ]
        )

    def told_by_mail(self, recipient: str) -> Counter[str]:
        """How many letters told each headline, of letters with different ids."""
        texts = [_text(next(iter(letters))) for letters in self.letter_bodies(recipient).values()]
        return Counter(title for title in self.titles for text in texts if f" {title} " in text)

    def told_in(self, chat: str) -> Counter[str]:
        """How many messages of a chat told each headline."""
        bodies = [body.decode() for name, body in self.chats if name == chat]
        # The headline is the text of one link; it may stand in the notification line as well.
        return Counter(title for title in self.titles for body in bodies if f'"{title}"' in body)


def _by_key(received: list[tuple[str, bytes]]) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = defaultdict(set)
    for key, body in list(received):
        found[key].add(body)
    return found


def _text(letter: bytes) -> str:
    """The text part with single blanks."""
    parts: list[Message] = list(email.message_from_bytes(letter).walk())
    plain = next(part for part in parts if part.get_content_type() == "text/plain")
    payload = plain.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return f" {' '.join(payload.decode().split())} "


@contextmanager
def serving(world: World) -> Iterator[dict[str, int]]:
    """Start the world's servers; yields their ports by name (http, smtp)."""

    class Web(Answering):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            world.moment("poll")
            self.answer(world.document(int(self.path.strip("/"))), "application/rss+xml")

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the bot was killed while it spoke: nothing was received
            place = self.path.strip("/").partition("?")[0]
            if place == "hook":
                world.hooks.append((self.headers["webhook-id"], body))
                world.moment("hook")
                self.answer(b"ok")
                return
            world.chats.append((place, body))
            world.moment("chat")
            self.answer(b'{"id": "1"}' if place == RESENT else b"ok")

    class Mail:
        async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
            world.letters.append((envelope.rcpt_tos[0], bytes(envelope.original_content or b"")))
            world.moment("mail")
            return "250 kept"

    with running(Web, Mail()) as ports:
        yield ports


def configure(folder: Path, ports: dict[str, int]) -> None:
    """Alerts at once by webhook and in both chats, a digest each minute by mail."""
    config = folder / "config"
    (config / "topics").mkdir(parents=True)
    (config / "topics/chips.toml").write_text('title = "Chips"\nquery = "accelerator"\n')
    (config / "feeds.toml").write_text("")
    base = f"http://{HOST}:{ports['http']}"
    (config / "chipwatch.toml").write_text(f"""
[storage]
busy_timeout = "1s"
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
to = {json.dumps(RECIPIENTS)}
[channels.hook]
type = "webhook"
url = "{base}/hook"
secret = "{_SECRET}"
[channels.{HELD}]
type = "slack"
url = "{base}/{HELD}"
[channels.{RESENT}]
type = "discord"
url = "{base}/{RESENT}"
on_unknown = "resend"
[[alerts]]
topics = ["chips"]
channels = ["hook", "{HELD}", "{RESENT}"]
budget = 100000
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


def subscribe(folder: Path, world: World, port: int) -> None:
    """Publish one more story, in a feed of its own."""
    world.feeds += 1
    feeds = [f'[[feed]]\nurl = "http://{HOST}:{port}/{number}"\n' for number in range(world.feeds)]
    (folder / "config/feeds.toml").write_text("\n".join(feeds))
