"""Stand-ins at the ports: a clock that is set, a fetcher that plays a script, a channel that records.

The store is never faked: tests use SQLite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.core.intake import NOT_A_FEED
from bot.core.reading import read
from bot.core.text import digest as text_hash
from bot.errors import FeedError
from bot.model import (
    Digest,
    Feed,
    FeedState,
    FetchFailed,
    FetchOutcome,
    Message,
    Reading,
    ReadTask,
    Rendered,
    RetryPolicy,
    SendResult,
    Sent,
    Visit,
)
from bot.ports import Draw, Read

START = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
HOLD = RetryPolicy(waits=(timedelta(minutes=1),), give_up=timedelta(hours=6))


@dataclass
class FixedClock:
    """``ports.Clock`` that stands still until it is moved."""

    at: datetime = START
    chance: float = 0.5

    def now(self) -> datetime:
        return self.at

    def jitter(self) -> float:
        return self.chance

    def pass_by(self, time: timedelta) -> None:
        self.at += time


@dataclass
class ScriptedFetcher:
    """``ports.Fetcher`` that answers each address from a list; the last answer stays."""

    answers: dict[str, list[FetchOutcome]] = field(default_factory=dict)
    asked: list[FeedState] = field(default_factory=list)

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        while jobs := draw(20):
            yield [self._visit(feed, state, read) for feed, state in jobs]

    def _visit(self, feed: Feed, state: FeedState, read: Read) -> Visit:
        self.asked.append(state)
        script = self.answers[state.url]
        outcome = script.pop(0) if len(script) > 1 else script[0]
        future = read(feed, state, outcome)
        match future.result() if future else None:
            case FetchFailed() as failed:
                return Visit(feed=feed, state=state, outcome=failed)
            case reading:
                return Visit(feed=feed, state=state, outcome=outcome, reading=reading)


class HereReader:
    """``ports.Reader`` that reads at once and in this process."""

    def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
        future: Future[Reading | FetchFailed] = Future()
        try:
            future.set_result(read(task))
        except FeedError as error:
            future.set_result(FetchFailed(kind=NOT_A_FEED, detail=str(error)))
        return future


@dataclass
class RecordingChannel:
    """``ports.Channel`` that keeps what it sends and answers as it is told."""

    retry: RetryPolicy = HOLD
    recipients: Sequence[str] = ("team",)
    answer: Callable[[str], SendResult] = lambda _key: Sent()
    digests: list[Digest] = field(default_factory=list)
    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Key, recipient and body of every attempt."""

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        self.digests.append(digest)
        titles = "\n".join(story.title for story in digest.stories)
        return [
            Rendered(
                recipient=recipient,
                key=text_hash((key, recipient)),
                message=Message(subject=digest.title, content_type="text/plain", body=titles.encode()),
                stories=tuple(story.id for story in (*digest.stories, *digest.also_seen)),
            )
            for recipient in self.recipients
        ]

    def send(self, message: Message, recipient: str, key: str) -> SendResult:
        self.sent.append((key, recipient, message.body))
        return self.answer(key)

    @property
    def by_key(self) -> Mapping[str, int]:
        """How often each key was sent."""
        return {key: sum(1 for each in self.sent if each[0] == key) for key, _, _ in self.sent}
