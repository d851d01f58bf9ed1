"""A deal's life on loopback: outlets with feeds that grow, a bot with a clock of its own, what it sent."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

from bot.app import Application, opened
from bot.configuration import read_configuration, starter_folder
from bot.core import text
from bot.core.letters import readable_parts
from bot.demo.servers import Mailbox, Received, Site, feed_server, receiver, smtp_server
from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.digest import compose_due
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from tests.fakes import FixedClock

DATA = Path(__file__).parent.parent / "data"
ROUND = timedelta(minutes=10)
WINDOW = 20
"""Entries that a feed shows."""
_SETTINGS = """\
[http]
allow_networks = ["127.0.0.0/8"]
host_gap = "0s"

[schedule]
min_interval = "5m"
max_interval = "10m"

[smtp]
host = "127.0.0.1"
port = {port}
security = "plain"
sender = "chipwatch <chipwatch@example.org>"

[channels.mail]
type = "email"
to = ["analyst@example.org"]

[channels.hook]
type = "webhook"
url = "{hooks}/hook"
secret = "whsec_ZGVhbC1saWZlLXNlY3JldC1vZi10ZXN0cy0xMjM="

[[alerts]]
name = "deals"
topics = ["chip-deals"]
channels = ["hook"]

[digests.daily]
title = "Deals, daily"
topics = ["chip-deals"]
channels = ["mail"]
schedule = "0 7 * * *"
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    id: str
    at: datetime
    by: str
    title: str
    text: str


@dataclass
class Life:
    """A bot among the outlets, and what it sent."""

    application: Application
    clock: FixedClock
    sites: dict[str, Site]
    outlets: Mapping[str, Any]
    received: list[Received]
    mailbox: Mailbox
    published: dict[str, list[Report]] = field(default_factory=dict)
    alerts: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)
    """When an alert came, and its story."""
    letters: list[tuple[datetime, str]] = field(default_factory=list)
    """When a letter came, and its text."""

    def publish(self, reports: Sequence[Report]) -> None:
        for report in reports:
            self.published.setdefault(report.by, []).append(report)
            shown = self.published[report.by][-WINDOW:]
            path = f"/{report.by}/rss"
            self.sites[path] = _site(report.by, self.outlets[report.by], shown)

    def round(self) -> None:
        """What the daemon does of itself, once."""
        deps = self.application.deps
        list(poll(deps, list(deps.feeds)))
        triage(deps)
        alert(deps)
        compose_due(deps)
        while deliver(deps):
            continue
        for request in self.received:
            event = json.loads(request.body)
            self.alerts += [
                (self.clock.now(), story) for part in event["data"]["sections"] for story in part["stories"]
            ]
        self.received.clear()
        self.letters += [
            (self.clock.now(), readable_parts(letter)[".txt"].decode().replace("\r\n", "\n"))
            for letter in self.mailbox.messages
        ]
        self.mailbox.messages.clear()


@dataclass(frozen=True, kw_only=True)
class Script:
    """Who reports what when, oldest first; copies with the text that they repeat."""

    reports: Sequence[Report]
    outlets: Mapping[str, Any]
    entities: Sequence[Mapping[str, str]]


def script(name: str) -> Script:
    """``tests/data/NAME.toml``."""
    read = tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))
    listed = sorted(read["report"], key=lambda each: each["at"])
    texts = {each["id"]: each["text"] for each in listed if "text" in each}
    return Script(
        reports=[
            Report(id=each["id"], at=each["at"], by=each["by"], title=each["title"], text=_text(each, texts))
            for each in listed
        ],
        outlets=read["outlets"],
        entities=read["entity"],
    )


def _text(report: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    if "like" not in report:
        return str(report["text"])
    sentences = text.sentences(texts[report["like"]])
    kept = " ".join(sentences[: report.get("sentences", len(sentences))])
    return f"{report.get('dateline', '')}{kept}"


@contextmanager
def life(folder: Path, played: Script, began: datetime, order: Sequence[str] = ()) -> Iterator[Life]:
    """The shipped topics and corpus, the script's companies beside them; ``order``: of the feeds' table."""
    outlets = played.outlets
    sites = {f"/{name}/rss": _site(name, outlet, ()) for name, outlet in outlets.items()}
    clock = FixedClock(began)
    with (
        feed_server(sites) as feeds,
        receiver() as (hooks, received),
        smtp_server() as (port, mailbox),
    ):
        config = folder / "config"
        for name in ("topics", "corpus"):
            shutil.copytree(starter_folder() / name, config / name)
        entities = (starter_folder() / "entities.toml").read_text(encoding="utf-8")
        named = [_table("entity", entity) for entity in played.entities]
        (config / "entities.toml").write_text("\n".join([entities, *named]), encoding="utf-8")
        tables = [_table("feed", {"url": f"{feeds}/{name}/rss"} | outlets[name]) for name in order or outlets]
        (config / "feeds.toml").write_text("\n".join(tables), encoding="utf-8")
        (config / "chipwatch.toml").write_text(_SETTINGS.format(hooks=hooks, port=port), encoding="utf-8")
        with opened(read_configuration(config, folder / "data", clock), clock) as application:
            application.subscribe()
            yield Life(application, clock, sites, outlets, received, mailbox)


def _table(name: str, values: Mapping[str, Any]) -> str:
    return f"[[{name}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _site(name: str, outlet: Mapping[str, Any], shown: Sequence[Report]) -> Site:
    entries = "".join(
        f"<item><guid isPermaLink='false'>{name}-{report.id}</guid>"
        f"<link>https://{name}.example/{report.id}</link><title>{escape(report.title)}</title>"
        f"<description>{escape(report.text)}</description><pubDate>{format_datetime(report.at)}</pubDate></item>"
        for report in reversed(shown)
    )
    body = f"<rss version='2.0'><channel><title>{outlet['title']}</title>{entries}</channel></rss>"
    return Site(
        path=f"/{name}/rss",
        title=outlet["title"],
        tags=tuple(outlet["tags"]),
        content_type="application/rss+xml",
        body=body.encode(),
    )
