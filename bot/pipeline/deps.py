"""The bundle that every step receives: ports to the world, and what was made of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.core.advice import AdvicePolicy
from bot.core.intake import PollPolicy
from bot.core.profile import Judge
from bot.core.stories import StoryPolicy
from bot.model import AlertRule, DigestSpec, Entity, Exemplar, Feed, Room, Topic
from bot.ports import Advisor, Channel, Clock, Fetcher, Guard, Reader, Store

T = TypeVar("T")


def unguarded(what: str, work: Callable[[], T]) -> T | None:  # noqa: ARG001 - the port's signature
    """Do the work and let its faults through."""
    return work()


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a claim is held, and so how long after a crash the work comes again."""

    poll_lease: timedelta = timedelta(minutes=3)
    delivery_lease: timedelta = timedelta(minutes=2)
    attempt: timedelta = timedelta(minutes=5)
    """How long one attempt to send may take before it counts as one without an answer."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Age from which texts and messages are forgotten."""

    items: timedelta = timedelta(days=90)
    deliveries: timedelta = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Advising:
    """Who is asked for a second opinion, and how far it goes."""

    advisor: Advisor
    policy: AdvicePolicy


@dataclass(frozen=True, kw_only=True)
class Deps:
    clock: Clock
    fetcher: Fetcher
    reader: Reader
    store: Store
    channels: Mapping[str, Channel]
    feeds: Mapping[str, Feed]
    """By feed id."""
    topics: Mapping[str, Topic]
    """By topic id."""
    entities: tuple[Entity, ...]
    exemplars: Mapping[str, Exemplar]
    """By exemplar id."""
    judging: Callable[[], Judge]
    """Gives the judge, always the same; making it takes a while."""
    digests: Mapping[str, DigestSpec]
    alerts: tuple[AlertRule, ...]
    poll_policy: PollPolicy
    max_entries: int
    """Entries read from one document."""
    story_policy: StoryPolicy
    advising: Advising | None = None
    """Second opinions where a decision is in question; ``None`` for no such thing."""
    timezone: str = "UTC"
    """In which alerts name times."""
    alarms: tuple[str, ...] = ()
    """Names of the channels that tell of trouble; empty for the first that works and isn't in it itself."""
    rooms: Callable[[], Sequence[Room]] = tuple
    """Looks at the disks that the bot writes to."""
    least_free: int = 0
    """Bytes that should be free on each of them."""
    fingerprint: Callable[[str], str] = lambda _channel: ""
    """Of a channel's options, with no secret to be read from it: another one once they change."""
    retention: Retention = Retention()
    pace: Pace = Pace()
    guard: Guard = unguarded
    """Around each unit of work of a step. A command lets faults through; the daemon goes on beside them."""
    stopping: Callable[[], bool] = lambda: False
    """True once the process was asked to end: a step finishes what it has begun and takes nothing new."""

    @property
    def judge(self) -> Judge:
        return self.judging()
