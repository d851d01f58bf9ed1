"""The database: whether it is there, fits and is sound, and what it remembers of feeds and channels."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.configuration import Configuration
from bot.core.ailments import growth_finding
from bot.core.amounts import size
from bot.core.findings import fault, fine, warning
from bot.errors import StoreBusy, StoreError
from bot.model import Destination, FeedState, Finding
from bot.storage.engine import file_of, open_store
from bot.storage.inspection import Inspection, fault_of, inspect
from bot.storage.schema import REVISIONS

_READ_WHOLE = 500 * 10**6
"""Bytes of a file up to which all of it is read: some seconds. chipwatch db check reads any."""
_BUSY = timedelta(seconds=3)
"""The longest that is waited. A write of the daemon takes far less: who holds it for so long holds it up."""


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What the database knows that the doctor asks for; empty where it can't be read."""

    feeds: Mapping[str, FeedState] = field(default_factory=dict)
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    oldest: datetime | None = None
    """When the first item was seen."""


def check_database(configuration: Configuration, now: datetime) -> tuple[list[Finding], Remembered]:
    """Looks it over and writes nothing; one that is not there is not made."""
    try:
        file = file_of(configuration.database)
    except StoreError as error:
        return [_told(error)], Remembered()
    if file is not None and not file.exists():
        return [fine("there is none yet; the first command that needs it makes it")], Remembered()
    thorough = file is not None and file.stat().st_size <= _READ_WHOLE
    patience = _patience(configuration)
    seen = inspect(configuration.database, now, thorough=thorough, busy_timeout=patience)
    findings = [fault(each.problem, each.remedy) for each in seen.faults]
    if seen.revision in REVISIONS[:-1]:
        remedy = "back it up, then run chipwatch db upgrade; any other command brings it up to date as well"
        return [
            warning(f"of revision {seen.revision}, and this version's is {REVISIONS[-1]}", remedy)
        ], Remembered()
    if seen.revision is None:
        return findings, Remembered()
    return _used(configuration, seen, findings, now)


def _used(
    configuration: Configuration, seen: Inspection, findings: list[Finding], now: datetime
) -> tuple[list[Finding], Remembered]:
    try:
        remembered = _remembered(configuration)
    except StoreError as error:
        return findings or [_told(error)], Remembered()
    if growth := _growth(configuration, seen, remembered, now):
        findings.append(growth)
    sound = fine(f"{seen.engine}, revision {seen.revision}, {size(seen.size)}, sound")
    return findings or [sound], remembered


def _remembered(configuration: Configuration) -> Remembered:
    store = open_store(configuration.database, busy_timeout=_patience(configuration))
    try:
        with store.begin():
            """Another process that holds it, or a right to write that is missing, shows here."""
        with store.read() as tx:
            first = tx.items.judged(limit=1)
            return Remembered(
                feeds=tx.feeds.states(),
                destinations=tx.queue.destinations(),
                oldest=first[0][0].seen_at if first else None,
            )
    finally:
        store.close()


def _growth(
    configuration: Configuration, seen: Inspection, remembered: Remembered, now: datetime
) -> Finding | None:
    file = file_of(configuration.database)
    if remembered.oldest is None or file is None:
        return None
    free = shutil.disk_usage(file.parent).free
    retention = configuration.settings.retention.items
    return growth_finding(seen.size - seen.free, free, now - remembered.oldest, retention)


def _patience(configuration: Configuration) -> timedelta:
    return min(_BUSY, configuration.settings.storage.busy_timeout)


def _told(error: StoreError) -> Finding:
    if isinstance(error, StoreBusy):
        remedy = "end what else has it open: another command, a backup tool, a shell of SQLite"
        return fault("another process holds it and does not let go", remedy)
    told = fault_of(error)
    return fault(told.problem, told.remedy)
