"""A whole bot on SQLite, with a clock, a fetcher and a channel that the test holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.core.intake import PollPolicy
from bot.core.profile import build_profiles
from bot.core.stories import StoryPolicy
from bot.core.text import digest as text_hash
from bot.model import AlertRule, DigestSpec, Exemplar, Feed, Fetched, Topic
from bot.pipeline.deps import Deps
from bot.storage.engine import open_store, upgrade
from bot.storage.store import SqlStore
from tests.fakes import FixedClock, HereReader, RecordingChannel, ScriptedFetcher

FEED = Feed(id="harbor", url="https://harbor.example/rss", title="Harbor Wire")


@dataclass
class Bot:
    deps: Deps
    clock: FixedClock
    fetcher: ScriptedFetcher
    channel: RecordingChannel
    store: SqlStore

    def publish(self, *entries: str) -> None:
        """Let the feed hold these items from the next fetch on."""
        self.fetcher.answers.setdefault(FEED.url, [])[:] = [fetched(*entries)]


def entry(guid: str, title: str, text: str = "", published: str = "Tue, 16 Jun 2026 06:00:00 GMT") -> str:
    return (
        f"<item><guid isPermaLink='false'>{guid}</guid><link>https://harbor.example/{guid}</link>"
        f"<title>{title}</title><description>{text}</description><pubDate>{published}</pubDate></item>"
    )


def fetched(*entries: str) -> Fetched:
    body = f"<rss version='2.0'><channel><title>Harbor</title>{''.join(entries)}</channel></rss>"
    return Fetched(
        body=body.encode(),
        body_hash=text_hash((body,)),
        content_type="application/rss+xml",
        final_url=FEED.url,
    )


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with opened_bot(tmp_path) as opened:
        yield opened


@contextmanager
def opened_bot(folder: Path) -> Iterator[Bot]:
    url = f"sqlite:///{folder / 'chipwatch.db'}"
    upgrade(url)
    store = open_store(url)
    topic = Topic(id="chips", title="Chips", query="chip OR accelerator OR silicon")
    exemplars = (
        Exemplar(
            id="on", title="Norvik tapes out its own chip", text="A first chip.", topics=frozenset({"chips"})
        ),
        Exemplar(id="off", title="Rain in Ostren", text="It rained all day."),
    )
    judge = build_profiles([topic], exemplars, ())
    clock, fetcher, channel = FixedClock(), ScriptedFetcher(), RecordingChannel()
    deps = Deps(
        clock=clock,
        fetcher=fetcher,
        reader=HereReader(),
        store=store,
        channels={"chat": channel},
        feeds={FEED.id: FEED},
        topics={topic.id: topic},
        entities=(),
        exemplars={exemplar.id: exemplar for exemplar in exemplars},
        judging=lambda: judge,
        digests={
            "daily": DigestSpec(
                name="daily",
                title="Daily",
                topics=("chips",),
                channels=("chat",),
                schedule=("0 8 * * *",),
                timezone="UTC",
            )
        },
        alerts=(AlertRule(name="now", topics=("chips",), channels=("chat",)),),
        poll_policy=PollPolicy(),
        max_entries=1000,
        story_policy=StoryPolicy(),
    )
    with store.begin() as tx:
        tx.feeds.sync([FEED], clock.now())
    yield Bot(deps=deps, clock=clock, fetcher=fetcher, channel=channel, store=store)
    store.close()
