"""The content: feeds, topics, entities and the seed corpus, read from ``config/`` into frozen nouns.

Every file may be missing. A mistake is a ConfigError that names file, line and key; all of them are
found in one go.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, field_validator

from bot.documents import Duration, Strict, TomlDocument, parse_toml, read_toml, unknown, validate
from bot.errors import ConfigError, ConfigErrors
from bot.model import Entity, Exemplar, Feed, Topic

T = TypeVar("T")
_ENTRIES = ("chipwatch.toml", "feeds.toml", "entities.toml", "topics", "corpus", "templates")
"""What a configuration folder may hold; other things are left alone unless they look like a slip."""
_FRONT_MATTER = re.compile(r"\A\ufeff?\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)


class FeedTable(Strict):
    url: str = Field(json_schema_extra={"pattern": r"^https?://[^\s]+$"})
    title: str = ""
    tags: tuple[str, ...] = ()
    every: Duration | None = None
    """Fixed poll interval; without it the feed's own rhythm decides."""
    enabled: bool = True
    language: str | None = None

    @field_validator("url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s]+", value):
            raise ValueError("write a whole web address that starts with https:// (or http://)")
        return value


class FeedsFile(Strict):
    feed: tuple[FeedTable, ...] = ()


class TopicFile(Strict):
    title: str = Field(min_length=1)
    query: str = ""
    exclude: str = ""
    exemplars: tuple[str, ...] = ()
    """Corpus articles by file name without ``.md``; without it those that name the topic."""
    threshold: Literal["auto"] | float = "auto"
    languages: tuple[str, ...] = ()

    @field_validator("threshold", mode="before")
    @classmethod
    def _probability(cls, value: object) -> object:
        with suppress(ValueError):
            if value == "auto" or 0 < float(str(value)) < 1:
                return value
        raise ValueError('must be "auto" or a probability between 0 and 1')


class EntityTable(Strict):
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    """write small letters, digits and hyphens"""
    name: str = Field(min_length=1)
    kind: Literal["company", "cloud", "ai-lab", "chip", "foundry", "design-house", "person"]
    aliases: tuple[str, ...] = ()
    case_sensitive: tuple[str, ...] = ()


class EntitiesFile(Strict):
    entity: tuple[EntityTable, ...] = ()


class CorpusHeader(Strict):
    title: str = Field(min_length=1)
    url: str = ""
    published: date | None = None
    topics: tuple[str, ...] = ()
    copy_of: str | None = None
    """The article whose text this one repeats."""
    same_event: str | None = None
    """The article that reports the same event in other words."""
    language: str | None = None
    """Its language as a tag such as ``en``."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What is watched. ``documents`` finds the file behind a topic (``topics/ID``) for later errors."""

    folder: Path
    feeds: tuple[Feed, ...] = ()
    topics: tuple[Topic, ...] = ()
    entities: tuple[Entity, ...] = ()
    exemplars: tuple[Exemplar, ...] = ()
    documents: Mapping[str, TomlDocument] = field(default_factory=dict)

    def topic(self, topic_id: str) -> Topic | None:
        return next((topic for topic in self.topics if topic.id == topic_id), None)


def feed_id(url: str) -> str:
    """Stable id of a subscription: 12 hex digits of its configured address."""
    return hashlib.blake2b(url.encode(), digest_size=6).hexdigest()


def load_catalogue(folder: Path) -> Catalogue:
    """Read every content file below ``folder``. Raises ConfigErrors with all mistakes."""
    problems: list[ConfigError] = []
    documents: dict[str, TomlDocument] = {}

    def attempt(read: Callable[[Path], T], path: Path) -> T | None:
        try:
            return read(path)
        except ConfigErrors as error:
            problems.extend(error.problems)
            return None

    def read_topic(path: Path) -> Topic:
        return load_topic(path, documents)

    def read_exemplar(path: Path) -> Exemplar:
        return load_exemplar(path, documents)

    topic_files = sorted((folder / "topics").glob("*.toml"))
    corpus_files = sorted((folder / "corpus").glob("*.md"))
    feeds = attempt(load_feeds, folder / "feeds.toml") or ()
    entities = attempt(load_entities, folder / "entities.toml") or ()
    topics = [attempt(read_topic, path) for path in topic_files]
    exemplars = [attempt(read_exemplar, path) for path in corpus_files]
    topic_ids = [path.stem for path in topic_files]
    exemplar_ids = [path.stem for path in corpus_files]
    good_topics = tuple(topic for topic in topics if topic)
    good_exemplars = tuple(exemplar for exemplar in exemplars if exemplar)
    problems += _check_names(good_topics, good_exemplars, topic_ids, exemplar_ids, documents)
    problems += _misnamed(folder)
    if problems:
        raise ConfigErrors(problems)
    return Catalogue(
        folder=folder,
        feeds=feeds,
        topics=good_topics,
        entities=entities,
        exemplars=good_exemplars,
        documents=documents,
    )


def _misnamed(folder: Path) -> Iterator[ConfigError]:
    """Files and folders that nobody reads and whose names are almost those of one that is not there."""
    missing = [name for name in _ENTRIES if not (folder / name).exists()]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        near = difflib.get_close_matches(path.name, missing, n=1, cutoff=0.75)
        if path.name not in _ENTRIES and near:
            yield ConfigError(f'nobody reads it; did you mean "{near[0]}"?', file=path)
    for inner, suffix in (("topics", ".toml"), ("corpus", ".md")):
        for path in sorted((folder / inner).glob("*")):
            if path.suffix != suffix and not path.name.startswith((".", "_")) and path.is_file():
                yield ConfigError(f"nobody reads it; files in {inner}/ end in {suffix}", file=path)


def load_feeds(path: Path) -> tuple[Feed, ...]:
    """Read ``feeds.toml``; an address that stands twice is a mistake."""
    if not path.exists():
        return ()
    document = read_toml(path)
    tables = validate(document, FeedsFile).feed
    _refuse_repeats(document, "feed", "url", [table.url for table in tables])
    return tuple(
        Feed(
            id=feed_id(table.url),
            url=table.url,
            title=table.title,
            tags=table.tags,
            every=table.every,
            enabled=table.enabled,
            language=table.language,
        )
        for table in tables
    )


def load_entities(path: Path) -> tuple[Entity, ...]:
    """Read ``entities.toml``; an id that stands twice is a mistake."""
    if not path.exists():
        return ()
    document = read_toml(path)
    tables = validate(document, EntitiesFile).entity
    _refuse_repeats(document, "entity", "id", [table.id for table in tables])
    return tuple(
        Entity(
            id=table.id,
            name=table.name,
            kind=table.kind,
            aliases=table.aliases,
            case_sensitive=table.case_sensitive,
        )
        for table in tables
    )


def load_exemplar(path: Path, documents: dict[str, TomlDocument] | None = None) -> Exemplar:
    """Read one article of the corpus: TOML front matter between ``+++`` lines, then its text."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigErrors([ConfigError("can't be read as UTF-8 text", file=path)]) from error
    matter = _FRONT_MATTER.match(text)
    if matter is None:
        problem = "must begin with front matter: a line +++, the keys in TOML, a line +++"
        raise ConfigErrors([ConfigError(problem, file=path, line=1)])
    document = parse_toml(matter[1], path, first_line=2)
    header = validate(document, CorpusHeader)
    body = text[matter.end() :].strip()
    if not body:
        raise ConfigErrors([ConfigError("has no text after the front matter", file=path)])
    if documents is not None:
        documents[f"corpus/{path.stem}"] = document
    published = header.published.date() if isinstance(header.published, datetime) else header.published
    return Exemplar(
        id=path.stem,
        title=header.title,
        text=body,
        url=header.url,
        published=published,
        topics=frozenset(header.topics),
        copy_of=header.copy_of,
        same_event=header.same_event,
        language=header.language,
    )


def load_topic(path: Path, documents: dict[str, TomlDocument] | None = None) -> Topic:
    """Read one topic; its id is the file's name."""
    document = read_toml(path)
    table = validate(document, TopicFile)
    if documents is not None:
        documents[f"topics/{path.stem}"] = document
    return Topic(
        id=path.stem,
        title=table.title,
        query=table.query,
        exclude=table.exclude,
        exemplars=table.exemplars,
        threshold=None if table.threshold == "auto" else table.threshold,
        languages=table.languages,
    )


def _refuse_repeats(document: TomlDocument, table: str, key: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    problems = []
    for index, value in enumerate(values):
        if value in seen:
            problems.append(document.error(f'"{value}" stands here a second time', (table, index, key)))
        seen.add(value)
    if problems:
        raise ConfigErrors(problems)


def _check_names(
    topics: Iterable[Topic],
    exemplars: Iterable[Exemplar],
    topic_ids: Sequence[str],
    exemplar_ids: Sequence[str],
    documents: Mapping[str, TomlDocument],
) -> list[ConfigError]:
    """Every topic and exemplar that a file names must exist."""
    problems = []
    for topic in topics:
        for name in topic.exemplars:
            if name not in exemplar_ids:
                problem = unknown("exemplar", name, exemplar_ids)
                problems.append(documents[f"topics/{topic.id}"].error(problem, ("exemplars",)))
    for exemplar in exemplars:
        document = documents[f"corpus/{exemplar.id}"]
        for name in sorted(exemplar.topics - set(topic_ids)):
            problems.append(document.error(unknown("topic", name, topic_ids), ("topics",)))
        for key, other in (("copy_of", exemplar.copy_of), ("same_event", exemplar.same_event)):
            if other == exemplar.id:
                problems.append(document.error("names the article itself", (key,)))
            elif other is not None and other not in exemplar_ids:
                problems.append(document.error(unknown("exemplar", other, exemplar_ids), (key,)))
    return problems
