"""The configuration folder, read and checked as a whole: what every command begins with."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args
from urllib.parse import parse_qsl, quote, unquote
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr

from bot import __version__, specs
from bot.catalogue import Catalogue, load_catalogue
from bot.documents import TomlDocument
from bot.errors import ConfigError, ConfigErrors, TopicQueryError, UsageError
from bot.model import AlertRule, DigestSpec, InForce
from bot.ports import Channel, Clock
from bot.references import IN_THE_DATA_FOLDER, check_references
from bot.settings import Settings, load_settings, stray_variables

if TYPE_CHECKING:
    from bot.core.profile import Judge

T = TypeVar("T")
_KEY = re.compile("auth|key|pass|secret|sig|token", re.IGNORECASE)
"""Names of an address's parameters that hold something to get in with."""
PACKAGE = Path(__file__).parent
_WRITTEN_DOWN = {"http", "schedule", "alarms", "judging", "retention", "server", "log"}
"""Tables without secrets, but for what an advisor's `request` may hold."""


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

    @cached_property
    def secrets(self) -> frozenset[str]:
        """All secrets, plain and as they stand in addresses; of secret addresses also their telling parts."""
        from bot.channels.http import secrets_of

        settings = self.settings
        held = {*_held(settings), *_passwords(settings.storage.url)}
        for name, options in settings.channels.items():
            held.update(_texts([options.get(option) for option in self.secret_options(name)]))
        for feed in self.catalogue.feeds:
            held.update(_passwords(feed.url))
        parts = {part for each in held if "://" in each for part in secrets_of(each)}
        return frozenset({*held, *parts, *(quote(each, safe="") for each in held)} - {""})

    def fingerprint(self, channel: str) -> str:
        """Of a channel's options and the mail server; slow to make, so that no secret is guessed from it."""
        if channel not in self._fingerprints:
            told = {"options": self.settings.channels[channel], "smtp": self.settings.smtp.model_dump()}
            spelled = json.dumps(told, sort_keys=True, default=_revealed).encode()
            made = hashlib.scrypt(spelled, salt=channel.encode(), n=2**14, r=8, p=1, dklen=16)
            self._fingerprints[channel] = made.hex()
        return self._fingerprints[channel]

    def in_force(self, now: datetime) -> Sequence[InForce]:
        """It as it is written down where it is put in force; the judge is made for it."""
        from bot.core.inforce import in_force

        settings = self.settings
        shown = settings.model_dump(mode="json", include=_WRITTEN_DOWN)
        shown["judging"]["advisor"].pop("request")
        return in_force(
            now,
            digests=self.digests.values(),
            alerts=self.alerts,
            channels={
                name: {"type": settings.channels[name]["type"], "fingerprint": self.fingerprint(name)}
                for name in self.channels
            },
            topics={profile.topic.id: profile.version for profile in self.judge.profiles},
            settings=shown,
            feeds=self.catalogue.feeds,
        )

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        """Made so far, by channel."""
        return {}

    @property
    def database(self) -> str:
        """The database's address."""
        return database_of(self.settings, self.data)


def _held(settings: BaseModel) -> Iterator[str]:
    """The secrets of tables whose fields say that they are."""
    for name in type(settings).model_fields:
        match getattr(settings, name):
            case SecretStr() as secret:
                yield secret.get_secret_value()
            case BaseModel() as table:
                yield from _held(table)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            yield from _texts([*value.values()])
        case Sequence():
            for each in value:
                yield from _texts(each)


def _passwords(url: str) -> Iterator[str]:
    """What an address holds before its host, the password, or the name where that is all of it; and keys."""
    yield from (value for name, value in parse_qsl(url.partition("?")[2]) if _KEY.search(name))
    login, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    if at:
        name, _, password = login.partition(":")
        yield unquote(password or name)


def _revealed(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def database_of(settings: Settings, data: Path) -> str:
    """The database's address; the short ``sqlite`` is a file in the data folder."""
    url = settings.storage.url
    return f"sqlite:///{quote(str(data / 'chipwatch.db'))}" if url == IN_THE_DATA_FOLDER else url


def starter_folder() -> Path:
    """The shipped configuration: inside an installed package, or beside it in a checkout."""
    packaged = PACKAGE / "starter"
    return packaged if packaged.is_dir() else PACKAGE.parent / "config"


def is_empty(folder: Path) -> bool:
    """Whether a configuration can begin there: there is nothing, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def write_starter(folder: Path) -> None:
    """Copy the shipped configuration. Raises UsageError where the folder can't be written."""
    starter = starter_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in starter.rglob("*"):
            path = source.relative_to(starter)
            if source.is_file() and not {"demo", "__pycache__"} & set(path.parts):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                # The contents alone: a volume may belong to somebody else, and takes no mode from us.
                shutil.copyfile(source, folder / path)
    except OSError as error:
        raise UsageError(f"{folder} can't be written ({error.strerror}); name another folder") from error


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
    # A daemon that reads its configuration anew reads the time-zone database anew: it may be another one.
    ZoneInfo.clear_cache()
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


def silences(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """What is allowed and yet means that nothing will ever be heard of a topic, and what to do about it."""
    catalogue = configuration.catalogue
    labelled = {topic for exemplar in catalogue.exemplars for topic in exemplar.topics}
    told = {topic for digest in configuration.digests.values() for topic in digest.topics}
    told |= {topic for alert in configuration.alerts for topic in alert.topics}
    for topic in catalogue.topics:
        if not (topic.query or topic.exemplars or topic.id in labelled):
            yield (
                f"topic {topic.id} has neither a query nor an example article: it will never match",
                f"give it a query, or examples: chipwatch corpus add --topic {topic.id} FILE",
            )
        if topic.id not in told:
            yield (
                f"topic {topic.id} is in no digest and no alert: what matches it is never told",
                "name it among the topics of a digest ([digests.NAME]) or an alert ([[alerts]])",
            )


def user_agent(settings: Settings) -> str:
    """How the bot names itself to servers: name, version and, where configured, whom to ask."""
    contact = settings.http.contact or "no contact configured"
    return f"chipwatch/{__version__} ({contact})"
