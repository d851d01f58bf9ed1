"""For every registered channel: a real receiver to send to, and a way to read what would be read.

A new channel adds its world here; the conformance suite does the rest.
"""

from __future__ import annotations

import email
import email.policy
import html
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
from tests.channels.chat import ChatServer, Service, chat_server
from tests.channels.reading import Reading, bare, read_markdown, read_tags, reading, shown, walk
from tests.channels.servers import MailServer, Reply, http_server, smtp_server
from tests.channels.services import (
    discord,
    googlechat,
    matrix,
    mattermost,
    ntfy,
    slack,
    teams,
    telegram,
    webhook,
)
from tests.channels.services.webhook import SECRET

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LATER = timedelta(seconds=30)
PATIENCE = timedelta(seconds=1)
"""How long the channels of these worlds wait for an answer."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A channel and the receiver at its other end."""

    channel: Channel
    received: Callable[[], list[bytes]]
    refuse: Callable[[], None] | None
    """From now on the receiver refuses for good; ``None`` where it never does."""
    busy: Callable[[], None]
    """The next request is asked to come again (after LATER where the receiver can say so)."""
    drop: Callable[[], None] | None
    """From now on the receiver takes a message and hangs up; ``None`` where there is no line to cut."""
    says_when: bool = False
    server: ChatServer | None = None
    """The receiver, where it speaks HTTP: it checks and refuses as the service does."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    open: Callable[[Path], AbstractContextManager[World]]
    read: Callable[[Sequence[Rendered]], list[Reading]]
    """One reading for each rendition: an e-mail has two, plain and HTML."""
    limit: int
    """Most bytes of one message body."""
    service: Service | None = None
    """What the receiver takes and says, where it speaks HTTP."""


def make(name: str, options: Mapping[str, Any], data: Path, smtp: SmtpServer | None = None) -> Channel:
    context = Context(data=data, now=lambda: NOW, smtp=smtp or SmtpServer(), timeout=PATIENCE)
    return build(name, options, context, parse_toml("", Path("chipwatch.toml")))


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


def chat_kind(
    service: Service, read: Callable[[Sequence[Rendered]], list[Reading]], limit: int, **options: str
) -> Kind:
    """The kind of a channel that posts to one secret address, ``url`` in its table."""

    @contextmanager
    def opened(data: Path) -> Iterator[World]:
        with chat_server(service) as server:
            table = {"type": service.name, "url": server.url, **options}
            yield chat_world(make("chat", table, data), server)

    return Kind(open=opened, read=read, limit=limit, service=service)


def bot_kind(
    service: Service,
    read: Callable[[Sequence[Rendered]], list[Reading]],
    limit: int,
    table: Callable[[str], Mapping[str, Any]],
) -> Kind:
    """The kind of a channel that writes as an account; ``table`` is made of the server's address."""

    @contextmanager
    def opened(data: Path) -> Iterator[World]:
        with chat_server(service) as server:
            channel = make("chat", {"type": service.name, **table(server.url)}, data)
            yield chat_world(channel, server)

    return Kind(open=opened, read=read, limit=limit, service=service)


def chat_world(channel: Channel, server: ChatServer) -> World:
    service = server.service
    refusals = [reply for name, reply in service.errors.items() if name not in service.disabling]
    return World(
        channel=channel,
        received=lambda: [service.rendered(request) for request in server.requests],
        refuse=lambda: server.play(refusals[0]),
        busy=lambda: server.play(service.busy[0](LATER.total_seconds())),
        drop=lambda: server.play(Reply(drop=True)),
        says_when=True,
        server=server,
    )


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


@contextmanager
def open_apprise(data: Path) -> Iterator[World]:
    with http_server() as server:

        def received() -> list[bytes]:
            told = [json.loads(request.body) for request in server.requests]
            bodies = [{"title": each["title"], "body": each["message"]} for each in told]
            return [json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() for body in bodies]

        url = server.url.replace("http://", "json://")
        yield World(
            channel=make("else", {"type": "apprise", "urls": [url]}, data),
            received=received,
            refuse=lambda: setattr(server, "replies", [Reply(status=410, body=b"gone")]),
            busy=lambda: setattr(server, "replies", [Reply(status=429, body=b"slow down")]),
            drop=lambda: setattr(server, "replies", [Reply(drop=True)]),
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
    return [reading("\n".join(texts), frozenset(links))]


def read_discord(rendered: Sequence[Rendered]) -> list[Reading]:
    texts, links = [], set()
    for payload in (json.loads(each.message.body) for each in rendered):
        texts.append(payload["content"])
        for embed in payload["embeds"]:
            links |= {embed["url"]} if "url" in embed else set()
            fields = [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
            texts += [embed.get("title", ""), embed.get("description", ""), *fields]
            # Discord reads no markup in these two.
            texts += map(
                bare, (embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", ""))
            )
    return [read_markdown("\n".join(texts), links)]


def read_mattermost(rendered: Sequence[Rendered]) -> list[Reading]:
    posts = [json.loads(each.message.body)["text"] for each in rendered]
    # Entities are read after the markup.
    read = read_markdown("\n".join(posts), set())
    return [reading(html.unescape(read.text), read.links)]


def read_teams(rendered: Sequence[Rendered]) -> list[Reading]:
    cards = [json.loads(each.message.body)["attachments"][0]["content"] for each in rendered]
    texts, links = [], set()
    for node in walk([card["body"] for card in cards]):
        if node.get("type") == "TextRun":
            texts.append(node["text"])
        if node.get("type") == "Action.OpenUrl":
            links.add(node["url"])
        if node.get("type") == "FactSet":
            texts += [f"{fact['title']}: {shown(fact['value'])}" for fact in node["facts"]]
    return [reading("\n".join(texts), frozenset(links))]


def read_googlechat(rendered: Sequence[Rendered]) -> list[Reading]:
    texts = []
    for message in (json.loads(each.message.body) for each in rendered):
        headers = [card["card"].get("header", {}) for card in message["cardsV2"]]
        texts += [html.escape(words) for header in headers for words in header.values()]
        texts += googlechat.texts(message)
    return [read_tags("<br>".join(texts))]


def read_telegram(rendered: Sequence[Rendered]) -> list[Reading]:
    return [read_tags("<br>".join(json.loads(each.message.body)["text"] for each in rendered))]


def read_matrix(rendered: Sequence[Rendered]) -> list[Reading]:
    return [read_tags("<br>".join(json.loads(each.message.body)["formatted_body"] for each in rendered))]


def read_ntfy(rendered: Sequence[Rendered]) -> list[Reading]:
    payloads = [json.loads(each.message.body) for each in rendered]
    links = {payload["click"] for payload in payloads if "click" in payload}
    links |= {action["url"] for payload in payloads for action in payload.get("actions", ())}
    read = read_tags(html.escape("\n".join(f"{each['title']}\n{each['message']}" for each in payloads)))
    return [reading(read.text, read.links | links)]


def read_apprise(rendered: Sequence[Rendered]) -> list[Reading]:
    payloads = [json.loads(each.message.body) for each in rendered]
    return [read_tags(html.escape("\n".join(f"{each['title']}\n{each['body']}" for each in payloads)))]


def read_event(rendered: Sequence[Rendered]) -> list[Reading]:
    return [_read_json(rendered[0].message.body.decode())]


def read_files(rendered: Sequence[Rendered]) -> list[Reading]:
    readers = {".html": _read_html, ".txt": _read_plain, ".json": _read_json}
    return [readers[Path(each.recipient).suffix](each.message.body.decode()) for each in rendered]


def _read_plain(text: str) -> Reading:
    links = frozenset(line.strip() for line in text.splitlines() if re.fullmatch(r" *https?://\S+", line))
    return reading(text, links)


def _read_html(page: str) -> Reading:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(page)
    hrefs = [node.attributes.get("href") or "" for node in tree.css("a")]
    links = frozenset(href for href in hrefs if not href.startswith("mailto:"))
    assert tree.body is not None
    text = tree.body.text()
    return reading(text, links)


def _read_json(text: str) -> Reading:
    data = json.loads(text)["data"]
    links = frozenset(node["url"] for node in walk(data) if node.get("url"))
    return Reading(text=text, left_out=data["not_shown"], links=links)


KINDS: Mapping[str, Kind] = {
    "email": Kind(open=open_email, read=read_email, limit=600_000),
    "slack": chat_kind(slack.SERVICE, read_slack, 40_000),
    "discord": chat_kind(discord.SERVICE, read_discord, 60_000),
    "teams": chat_kind(teams.SERVICE, read_teams, teams.MAX_BODY),
    "mattermost": chat_kind(mattermost.SERVICE, read_mattermost, 60_000),
    "googlechat": chat_kind(googlechat.SERVICE, read_googlechat, googlechat.MAX_BODY),
    "telegram": bot_kind(
        telegram.SERVICE,
        read_telegram,
        60_000,
        lambda url: {"token": telegram.TOKEN, "chats": [-1001], "api": url},
    ),
    "matrix": bot_kind(
        matrix.SERVICE,
        read_matrix,
        60_000,
        lambda url: {"homeserver": url, "token": matrix.TOKEN, "rooms": [matrix.ROOM]},
    ),
    "ntfy": bot_kind(
        ntfy.SERVICE,
        read_ntfy,
        2 * ntfy.MAX_MESSAGE,
        lambda url: {"server": url, "topic": ntfy.TOPIC, "token": ntfy.TOKEN},
    ),
    "webhook": chat_kind(webhook.SERVICE, read_event, webhook.MAX_BODY, secret=SECRET),
    "files": Kind(open=open_files, read=read_files, limit=10_000_000),
    "apprise": Kind(open=open_apprise, read=read_apprise, limit=40_000),
}
