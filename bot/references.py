"""What one file alone can't show: that what settings name is there, and that addresses and times can be."""

from __future__ import annotations

from collections.abc import Iterator

from bot import specs
from bot.catalogue import Catalogue
from bot.documents import KeyPath, TomlDocument, unknown
from bot.errors import ConfigError, QueryError, StoreError
from bot.rules import Alert, Digest
from bot.settings import Settings

IN_THE_DATA_FOLDER = "sqlite"
"""The short address of a database that is a file of ours."""


def check_references(
    settings: Settings, document: TomlDocument, catalogue: Catalogue
) -> Iterator[ConfigError]:
    """The database's address; names, cron lines, zones and queries of digests and alerts."""
    from bot.core.slots import check_schedule
    from bot.storage.engine import check_address

    if settings.storage.url != IN_THE_DATA_FOLDER:
        try:
            check_address(settings.storage.url)
        except StoreError as error:
            yield document.error(str(error), ("storage", "url"))
    if problem := _zone_problem(settings.schedule.timezone):
        yield document.error(problem, ("schedule", "timezone"))
    for index, alert in enumerate(settings.alerts):
        yield from _check_names(settings, document, catalogue, alert, ("alerts", index))
        yield from _check_rule(alert, document, catalogue, ("alerts", index))
    for channel in settings.alarms.channels:
        if channel not in settings.channels:
            problem = unknown("channel", channel, list(settings.channels))
            yield document.error(problem, ("alarms", "channels"))
    yield from _check_same_names(settings, document)
    for name, digest in settings.digests.items():
        at = ("digests", name)
        yield from _check_names(settings, document, catalogue, digest, at)
        if digest.timezone and (problem := _zone_problem(digest.timezone)):
            yield document.error(problem, (*at, "timezone"))
        if digest.schedule:
            try:
                check_schedule(digest.schedule)
            except ValueError as error:
                yield document.error(str(error), (*at, "schedule"))


def _check_names(
    settings: Settings, document: TomlDocument, catalogue: Catalogue, table: Alert | Digest, at: KeyPath
) -> Iterator[ConfigError]:
    known = {"topics": [topic.id for topic in catalogue.topics], "channels": list(settings.channels)}
    for key, names in (("topics", table.topics), ("channels", table.channels)):
        for name in names:
            if name not in known[key]:
                yield document.error(unknown(key.removesuffix("s"), name, known[key]), (*at, key))


def _check_rule(
    alert: Alert, document: TomlDocument, catalogue: Catalogue, at: KeyPath
) -> Iterator[ConfigError]:
    """What a rule asks for can be had: tags that feeds have, a query that can be read, a zone."""
    from bot.core.lexicon import Lexicon
    from bot.core.query import parse

    known = sorted({tag for feed in catalogue.feeds for tag in feed.tags})
    for tag in alert.tags:
        if tag not in known:
            yield document.error(f"no feed has it: {unknown('tag', tag, known)}", (*at, "tags"))
    if alert.keywords:
        try:
            parse(alert.keywords, Lexicon(catalogue.entities))
        except QueryError as error:
            yield document.error(str(error), (*at, "keywords"))
    if alert.timezone and (problem := _zone_problem(alert.timezone)):
        yield document.error(problem, (*at, "timezone"))


def _check_same_names(settings: Settings, document: TomlDocument) -> Iterator[ConfigError]:
    """What was told is remembered by the name that told it, and budgets are counted by it."""
    taken = dict.fromkeys(settings.digests, "a digest")
    for index, rule in enumerate(specs.alerts(settings)):
        if rule.name in taken:
            problem = f'{taken[rule.name]} is named "{rule.name}" too; give each a name of its own'
            yield document.error(problem, ("alerts", index, "name"))
        taken[rule.name] = "another rule"


def _zone_problem(name: str) -> str:
    from zoneinfo import available_timezones

    known = available_timezones()
    return "" if name in known else unknown("time zone", name, sorted(known))[:200]
