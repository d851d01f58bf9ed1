"""The composition root: the only file that names concrete adapters.

Reads and checks the configuration, and ties the ports together.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args
from urllib.parse import quote

from pydantic import SecretStr

from bot import __version__, specs
from bot.catalogue import Catalogue, load_catalogue
from bot.documents import TomlDocument
from bot.errors import ConfigError, ConfigErrors, StoreVersion, TopicQueryError
from bot.model import AlertRule, DigestSpec, Visit
from bot.ports import Channel, Clock, Draw, Fetcher, Read, Reader
from bot.references import IN_THE_DATA_FOLDER, check_references
from bot.settings import Settings, load_settings, stray_variables

if TYPE_CHECKING:
    from bot.core.intake import PollPolicy
    from bot.core.profile import Judge
    from bot.fetch.http import HttpFetcher
    from bot.pipeline.deps import Advising, Deps
    from bot.reading.pool import ReaderPool
    from bot.storage.store import SqlStore

T = TypeVar("T")
_SEND_WITHIN = timedelta(minutes=1)
PACKAGE = Path(__file__).parent


class SystemClock:
    """The real time and real chance (``ports.Clock``)."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - spreads load, protects nothing


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything the files say, read and checked against each other."""

    folder: Path
    data: Path
    settings: Settings
    document: TomlDocument
    catalogue: Catalogue
    channels: Mapping[str, Channel]
    digests: Mapping[str, DigestSpec]
    alerts: tuple[AlertRule, ...]

    @cached_property
    def judge(self) -> Judge:
        """Made when something is judged: reading the corpus takes longer than most commands."""
        return make_judge(self.catalogue)

    def secret_options(self, channel: str) -> set[str]:
        """Names of a channel's options that must never be shown."""
        from bot.channels import CHANNELS

        fields = CHANNELS[self.settings.channels[channel]["type"]].options.model_fields
        return {
            name
            for name, info in fields.items()
            if SecretStr in (info.annotation, *get_args(info.annotation))
        }

    def fingerprint(self, channel: str) -> str:
        """Of a channel's options and the mail server; slow to make, so that no secret is guessed from it."""
        if channel not in self._fingerprints:
            told = {"options": self.settings.channels[channel], "smtp": self.settings.smtp.model_dump()}
            spelled = json.dumps(told, sort_keys=True, default=_revealed).encode()
            made = hashlib.scrypt(spelled, salt=channel.encode(), n=2**14, r=8, p=1, dklen=16)
            self._fingerprints[channel] = made.hex()
        return self._fingerprints[channel]

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        """Made so far, by channel."""
        return {}

    @property
    def database(self) -> str:
        """The database's address; the short ``sqlite`` is a file in the data folder."""
        url = self.settings.storage.url
        return f"sqlite:///{quote(str(self.data / 'chipwatch.db'))}" if url == IN_THE_DATA_FOLDER else url


@dataclass(frozen=True, kw_only=True)
class Application:
    """The bot, ready to run a step."""

    configuration: Configuration
    store: SqlStore
    deps: Deps

    def subscribe(self) -> None:
        """Bring the states of feeds in line with the configuration; needed before polling."""
        with self.store.begin() as tx:
            tx.feeds.sync(self.configuration.catalogue.feeds, self.deps.clock.now())

    def take_over(self) -> None:
        """End the leases of a process that is gone. Only for the one that holds the data folder's lock.

        A command that sends messages beside it is not gone, and keeps its own.
        """
        from bot.runtime.lifecycle import delivers

        with self.store.begin() as tx:
            tx.feeds.release(self.deps.clock.now())
            if not delivers(self.configuration.data):
                tx.queue.release()


def _revealed(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def starter_folder() -> Path:
    """The shipped configuration: inside an installed package, or beside it in a checkout."""
    packaged = PACKAGE / "starter"
    return packaged if packaged.is_dir() else PACKAGE.parent / "config"


def make_judge(catalogue: Catalogue) -> Judge:
    """Topics, entities and corpus → the judge. A query that can't be read is a ConfigErrors."""
    from bot.core.profile import build_profiles

    with _queries_of(catalogue):
        return build_profiles(catalogue.topics, catalogue.exemplars, catalogue.entities)


def check_topics(catalogue: Catalogue) -> None:
    """Raise ConfigErrors where a query can't be read."""
    from bot.core.profile import check_queries

    with _queries_of(catalogue):
        check_queries(catalogue.topics, catalogue.entities)


@contextmanager
def _queries_of(catalogue: Catalogue) -> Iterator[None]:
    try:
        yield
    except TopicQueryError as error:
        document = catalogue.documents[f"topics/{error.topic}"]
        raise ConfigErrors([document.error(str(error), (error.key,))]) from error


def read_configuration(folder: Path, data: Path, clock: Clock | None = None) -> Configuration:
    """Read and check the whole configuration; opens no connection and writes nothing.

    Raises ConfigErrors with every mistake that could be found.
    """
    if not folder.is_dir():
        remedy = f"make one with: chipwatch init {folder}"
        raise ConfigErrors([ConfigError(f"there is no such folder; {remedy}", file=folder)])
    problems: list[ConfigError] = []
    settings, document = _collect(problems, lambda: load_settings(folder)) or (None, None)
    named = {problem.key for problem in problems}
    problems += [stray for stray in stray_variables(os.environ) if stray.key not in named]
    catalogue = _collect(problems, lambda: load_catalogue(folder))
    if catalogue:
        _collect(problems, lambda: check_topics(catalogue))
    if settings and document and catalogue:
        problems += check_references(settings, document, catalogue)
        channels = _make_channels(settings, document, folder, data, clock or SystemClock(), problems)
        if not problems:
            return Configuration(
                folder=folder,
                data=data,
                settings=settings,
                document=document,
                catalogue=catalogue,
                channels=channels,
                digests=specs.digests(settings),
                alerts=specs.alerts(settings),
            )
    raise ConfigErrors(problems)


def _collect(problems: list[ConfigError], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigErrors as error:
        problems.extend(error.problems)
        return None


def _make_channels(
    settings: Settings,
    document: TomlDocument,
    folder: Path,
    data: Path,
    clock: Clock,
    problems: list[ConfigError],
) -> dict[str, Channel]:
    from bot.channels import Context, SmtpServer, build
    from bot.channels.dkim import Signer

    templates = folder / "templates"
    context = Context(
        data=data,
        now=clock.now,
        smtp=SmtpServer(**dict(settings.smtp) | {"dkim": Signer(**dict(settings.smtp.dkim))}),
        templates=templates if templates.is_dir() else None,
        user_agent=user_agent(settings),
        public_url=settings.server.public_url,
    )
    channels = {}
    for name, table in settings.channels.items():
        channel = _collect(problems, partial(build, name, table, context, document))
        if channel:
            channels[name] = channel
    return channels


def user_agent(settings: Settings) -> str:
    """How the bot names itself to servers: name, version and, where configured, whom to ask."""
    contact = settings.http.contact or "no contact configured"
    return f"chipwatch/{__version__} ({contact})"


# ── the bot, tied together ───────────────────────────────────────────────────────────────────────


@contextmanager
def opened(configuration: Configuration, clock: Clock | None = None) -> Iterator[Application]:
    """Open the database (made and migrated where needed) and tie the ports together.

    Raises StoreError where the database can't be used.
    """
    from bot.storage.engine import check_version, open_store, upgrade

    busy = configuration.settings.storage.busy_timeout
    try:
        check_version(configuration.database, busy_timeout=busy)
    except StoreVersion:
        # New or older: migrated. One of a newer version is refused here too, and stays untouched.
        upgrade(configuration.database, busy_timeout=busy)
    store = open_store(configuration.database, busy_timeout=busy)
    reader = make_reader()
    try:
        yield _tie(configuration, store, reader, clock or SystemClock())
    finally:
        reader.close()
        store.close()


def make_fetcher(settings: Settings, clock: Clock | None = None) -> HttpFetcher:
    """The fetcher as ``[http]`` configures it."""
    from bot.fetch.http import FetchOptions, HttpFetcher

    http = settings.http
    options = FetchOptions(
        user_agent=user_agent(settings),
        connect_timeout=http.connect_timeout,
        read_timeout=http.read_timeout,
        total_timeout=http.total_timeout,
        max_body=int(http.max_body_mb * 1024 * 1024),
        concurrency=http.concurrency,
        per_host=http.per_host,
        host_gap=http.host_gap,
        allow_networks=http.allow_networks,
    )
    return HttpFetcher(options, (clock or SystemClock()).now)


class _LateFetcher:
    """``ports.Fetcher``, made when something is fetched: its libraries take 0.15 s to import."""

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        self._make = make

    @cached_property
    def _fetcher(self) -> Fetcher:
        return self._make()

    def fetch_all(self, draw: Draw, read: Read) -> Iterator[Sequence[Visit]]:
        return self._fetcher.fetch_all(draw, read)


def make_reader() -> ReaderPool:
    """The reader of documents; whoever makes it closes it."""
    from bot.reading.pool import ReaderPool

    return ReaderPool()


def poll_policy(settings: Settings) -> PollPolicy:
    """The bounds of polling as ``[schedule]`` sets them."""
    from bot.core.intake import PollPolicy

    schedule = settings.schedule
    return PollPolicy(
        min_interval=schedule.min_interval,
        max_interval=schedule.max_interval,
        baseline_age=schedule.baseline_age,
    )


def make_advising(settings: Settings) -> Advising | None:
    """The advisor as ``[judging.advisor]`` configures it; ``None`` where it has no address."""
    from bot.advice.chat import ChatAdvisor, ChatOptions
    from bot.core.advice import AdvicePolicy
    from bot.pipeline.deps import Advising

    advisor = settings.judging.advisor
    if not advisor.url:
        return None
    options = ChatOptions(
        url=advisor.url,
        model=advisor.model,
        api_key=advisor.api_key,
        timeout=advisor.timeout,
        request=advisor.request,
    )
    return Advising(
        advisor=ChatAdvisor(options, user_agent(settings)),
        policy=AdvicePolicy(
            margin=advisor.margin, max_share=advisor.max_share, budget=advisor.budget_per_hour
        ),
    )


def _tie(configuration: Configuration, store: SqlStore, reader: Reader, clock: Clock) -> Application:
    from bot.core.stories import StoryPolicy
    from bot.pipeline.deps import Deps, Pace, Retention

    settings, catalogue = configuration.settings, configuration.catalogue
    deps = Deps(
        clock=clock,
        fetcher=_LateFetcher(lambda: make_fetcher(settings, clock)),
        reader=reader,
        store=store,
        channels=configuration.channels,
        feeds={feed.id: feed for feed in catalogue.feeds},
        topics={topic.id: topic for topic in catalogue.topics},
        entities=catalogue.entities,
        exemplars={exemplar.id: exemplar for exemplar in catalogue.exemplars},
        judging=lambda: configuration.judge,
        advising=make_advising(settings),
        digests=configuration.digests,
        alerts=configuration.alerts,
        poll_policy=poll_policy(settings),
        max_entries=settings.http.max_entries,
        timezone=settings.schedule.timezone,
        alarms=settings.alarms.channels,
        fingerprint=configuration.fingerprint,
        story_policy=StoryPolicy(window=settings.schedule.story_window),
        retention=Retention(items=settings.retention.items, deliveries=settings.retention.deliveries),
        # Twice what one claim may take: nobody else gets the work while it can still be under way.
        pace=Pace(
            poll_lease=2 * settings.http.total_timeout,
            delivery_lease=2 * max(settings.smtp.timeout, _SEND_WITHIN),
            # A mail server is waited for some ten times a message.
            attempt=max(10 * settings.smtp.timeout, 5 * _SEND_WITHIN),
        ),
    )
    return Application(configuration=configuration, store=store, deps=deps)
