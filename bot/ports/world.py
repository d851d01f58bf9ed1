"""The world outside the database: time, feeds, documents, channels, an advisor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol, TypeAlias, TypeVar, runtime_checkable

from bot.model import (
    AdviceOutcome,
    Digest,
    Feed,
    FeedState,
    FetchFailed,
    FetchOutcome,
    Finding,
    Message,
    Question,
    Reading,
    ReadTask,
    Rendered,
    RetryPolicy,
    SendResult,
    Visit,
)

T = TypeVar("T")


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware and in UTC."""
        ...

    def jitter(self) -> float:
        """A random number from 0 to 1, to spread what would otherwise happen at once."""
        ...


class Guard(Protocol):
    """Keeps a fault in one unit of work from stopping those beside it."""

    def __call__(self, what: str, work: Callable[[], T]) -> T | None:
        """Do the work; where it raises, say so in the log, naming ``what``, and give ``None``."""
        ...


Draw: TypeAlias = Callable[[int], Sequence[tuple[Feed, FeedState]]]
"""Gives up to so many feeds to fetch next; none where nothing is due just now."""
Read: TypeAlias = Callable[[Feed, FeedState, FetchOutcome], "Future[Reading | FetchFailed] | None"]
"""Begins to read an outcome's body; ``None`` where there is nothing to read."""


class Fetcher(Protocol):
    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        """Fetch many feeds at once and read what is new; yields what has ended since it was asked last.

        ``draw`` is called in the caller's thread whenever places are free, and again now and then while
        visits are under way: a slow feed keeps nothing else from being visited when it is due. The round
        ends when nothing is under way and ``draw`` gives nothing.
        """
        ...


class Reader(Protocol):
    def submit(self, task: ReadTask) -> Future[Reading | FetchFailed]:
        """Read a body beside this process, within bounds of time and memory.

        A body that can't be read within them, or is no feed, comes back as ``FetchFailed``. Never raises
        for what a body holds.
        """
        ...


class Advisor(Protocol):
    """A language model that gives a second opinion."""

    @property
    def id(self) -> str:
        """Stands for who is asked and how: another one, another answer."""
        ...

    @property
    def name(self) -> str:
        """As people may see it."""
        ...

    def ask(self, question: Question) -> AdviceOutcome:
        """Ask once, within the time that a question may take. Trouble of the world comes back as a value."""
        ...


class Channel(Protocol):
    @property
    def retry(self) -> RetryPolicy:
        """When what this channel could not send is tried again."""
        ...

    def render(self, digest: Digest, key: str) -> Sequence[Rendered]:
        """Everything this channel sends for a digest: at least one message a recipient.

        Pure: the same digest and key give the same bytes.
        """
        ...

    def send(self, message: Message, recipient: str, key: str) -> SendResult:
        """One attempt. Trouble of the world comes back as a value."""
        ...


@runtime_checkable
class Checkable(Protocol):
    """A channel that can be tried without sending anything: nobody at its other end notices."""

    def check(self) -> Sequence[Finding]:
        """Look whether messages would arrive, as far as that shows; at least one finding."""
        ...
