"""For every registered channel: a real receiver to send to, and a way to read what would be read.

A new channel adds its world here; the conformance suite does the rest.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.channels import Context, SmtpServer, build
from bot.documents import parse_toml
from bot.model import Rendered
from bot.ports import Channel
from tests.channels.servers import HttpServer, MailServer, Reply, http_server, smtp_server

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
LATER = timedelta(seconds=30)

_LEFT_OUT = re.compile(r"([\d,]+) more stor(?:y is|ies are) not shown")


@dataclass(frozen=True, kw_only=True)
class World:
    """A channel and the receiver at its other end."""

    channel: Channel
    received: Callable[[], list[bytes]]
    refuse: Callable[[], None] | None
    """From now on the receiver refuses for good; ``None`` where it never does."""
    busy: Callable[[], None]
    """From now on the receiver asks to come again (after LATER where it can say so)."""
    drop: Callable[[], None] | None
    """From now on the receiver takes a message and hangs up; ``None`` where there is no line to cut."""
    says_when: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a person or program reads in one rendition of a whole digest."""

    text: str
    left_out: int
    links: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Kind:
    open: Callable[[Path], AbstractContextManager[World]]
    read: Callable[[Sequence[Rendered]], list[Reading]]
    """One reading for each rendition: an e-mail has two, plain and HTML."""
    limit: int
    """Most bytes of one message body."""


def make(name: str, options: Mapping[str, Any], data: Path, smtp: SmtpServer | None = None) -> Channel:
    context = Context(data=data, now=lambda: NOW, smtp=smtp or SmtpServer())
    return build(name, options, context, parse_toml("", Path("chipwatch.toml")))


def left_out(text: str) -> int:
    """All counts of stories not shown, over however many messages."""
    return sum(int(number.replace(",", "")) for number in _LEFT_OUT.findall(text))


# ── receivers ──


@contextmanager
def open_email(data: Path) -> Iterator[World]:
    with smtp_server(MailServer()) as mail:
        smtp = SmtpServer(
            host="127.0.0.1",
            port=mail.port,
            security="plain",
            sender="Chip watch <bot@chipwatch.example>",
            timeout=timedelta(seconds=5),
        )
        channel = make(
            "mail", {"type": "email", "to": ["Ann <ann@example.org>", "bob@example.org"]}, data, smtp
        )
        yield World(
            channel=channel,
            received=lambda: [body for _, _, body in mail.messages],
            refuse=lambda: setattr(mail, "at_data", "554 no"),
            busy=lambda: setattr(mail, "at_data", "451 later"),
            drop=lambda: setattr(mail, "at_data", "drop"),
        )


def http_world(channel: Channel, server: HttpServer) -> World:
    busy = Reply(status=429, headers=(("Retry-After", str(int(LATER.total_seconds()))),))
    return World(
        channel=channel,
        received=lambda: [request.body for request in server.requests],
        refuse=lambda: setattr(server, "replies", [Reply(status=410, body=b"gone")]),
        busy=lambda: setattr(server, "replies", [busy]),
        drop=lambda: setattr(server, "replies", [Reply(drop=True)]),
        says_when=True,
    )


@contextmanager
def open_slack(data: Path) -> Iterator[World]:
    with http_server() as server:
        yield http_world(make("chat", {"type": "slack", "url": server.url}, data), server)


@contextmanager
def open_webhook(data: Path) -> Iterator[World]:
    with http_server() as server:
        options = {"type": "webhook", "url": server.url, "secret": SECRET}
        yield http_world(make("hook", options, data), server)


@contextmanager
def open_files(data: Path) -> Iterator[World]:
    folder = data / "out"

    def busy() -> None:
        folder.write_text("in the way")

    yield World(
        channel=make("archive", {"type": "files", "folder": "out"}, data),
        received=lambda: [path.read_bytes() for path in sorted(folder.iterdir())],
        refuse=None,
        busy=busy,
        drop=None,
    )


# ── readings ──


def read_email(rendered: Sequence[Rendered]) -> list[Reading]:
    message = email.message_from_bytes(rendered[0].message.body, policy=email.policy.default)
    plain, page = (part.get_content() for part in message.iter_parts())
    return [_read_plain(plain), _read_html(page)]


def read_slack(rendered: Sequence[Rendered]) -> list[Reading]:
    blocks = [block for each in rendered for block in json.loads(each.message.body)["blocks"]]
    texts, links = [], set()
    for node in walk(blocks):
        if isinstance(node.get("text"), str):
            texts.append(node["text"])
        if "url" in node:
            links.add(node["url"])
    text = "\n".join(texts)
    return [Reading(text=text, left_out=left_out(text), links=frozenset(links))]


def read_event(rendered: Sequence[Rendered]) -> list[Reading]:
    return [_read_json(rendered[0].message.body.decode())]


def read_files(rendered: Sequence[Rendered]) -> list[Reading]:
    readers = {".html": _read_html, ".txt": _read_plain, ".json": _read_json}
    return [readers[Path(each.recipient).suffix](each.message.body.decode()) for each in rendered]


def _read_plain(text: str) -> Reading:
    links = frozenset(line.strip() for line in text.splitlines() if re.fullmatch(r" *https?://\S+", line))
    return Reading(text=text, left_out=left_out(text), links=links)


def _read_html(page: str) -> Reading:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page)
    hrefs = [node.attributes.get("href") or "" for node in tree.css("a")]
    links = frozenset(href for href in hrefs if not href.startswith("mailto:"))
    assert tree.body is not None
    text = tree.body.text()
    return Reading(text=text, left_out=left_out(text), links=links)


def _read_json(text: str) -> Reading:
    data = json.loads(text)["data"]
    links = frozenset(node["url"] for node in walk(data) if node.get("url"))
    return Reading(text=text, left_out=data["not_shown"], links=links)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a JSON value."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(inner)


KINDS: Mapping[str, Kind] = {
    "email": Kind(open=open_email, read=read_email, limit=400_000),
    "slack": Kind(open=open_slack, read=read_slack, limit=40_000),
    "webhook": Kind(open=open_webhook, read=read_event, limit=20_000),
    "files": Kind(open=open_files, read=read_files, limit=10_000_000),
}
