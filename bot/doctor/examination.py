"""One examination, from the configuration to the last feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.app import make_fetcher, make_reader, rooms
from bot.configuration import Configuration, SystemClock, read_configuration, silences
from bot.core.ailments import clock_finding
from bot.core.amounts import plural
from bot.core.diagnosis import FEEDS, without_network
from bot.core.findings import fault, fine, warning
from bot.core.text import one_line
from bot.doctor.database import Remembered, check_database
from bot.doctor.machine import check_daemon, check_data, check_disk, check_zones
from bot.doctor.secrets import check_readers, hidden
from bot.doctor.services import checks
from bot.doctor.subscriptions import Visiting
from bot.doctor.together import Check, side_by_side
from bot.errors import ConfigErrors
from bot.model import FeedState, Finding, Row
from bot.settings import Settings
from bot.tables import Alarms

CONFIGURATION, MACHINE, DATABASE = "configuration", "machine", "database"
_A_FEED = timedelta(seconds=20)
"""The longest that one feed is waited for."""

Progress = Callable[[int], AbstractContextManager[Callable[[str], None]]]
"""Given how many feeds there are: what to call with the host of each that was visited."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All findings, in the order of the parts."""

    rows: Sequence[Row]
    sound: bool
    """Whether the configuration could be read: without it, little else can be looked at."""


def examine(folder: Path, data: Path, progress: Progress, *, offline: bool = False) -> Examination:
    """Look at everything, and change nothing. ``offline``: at all that needs no network.

    Raises no error of the world: whatever is wrong is a row.
    """
    clock = SystemClock()
    now = clock.now()
    try:
        configuration = read_configuration(folder, data, clock)
    except ConfigErrors as error:
        rows = [_row(CONFIGURATION, "files", _mistake(str(each))) for each in error.problems]
        return Examination(rows=[*rows, *_machine(data, Alarms(), now)], sound=False)
    others = [room.folder for room in rooms(configuration) if room.folder != str(data)]
    alarms = configuration.settings.alarms
    rows = [*_files(configuration), *_machine(data, alarms, now, others)]
    bind = configuration.settings.server.bind
    rows += [_row(MACHINE, "daemon", each) for each in check_daemon(data, bind)]
    found, remembered = _database(configuration, now)
    rows += found
    if not offline:
        rows += _world(configuration, remembered, progress, now)
    return Examination(rows=hidden(without_network(rows), configuration), sound=True)


def _row(part: str, name: str, finding: Finding) -> Row:
    return Row(part=part, name=name, finding=finding)


# ── without a network ────────────────────────────────────────────────────────────────────────────


def _mistake(problem: str) -> Finding:
    return fault(one_line(problem), "mend it; chipwatch config check tells the same")


def _files(configuration: Configuration) -> list[Row]:
    catalogue = configuration.catalogue
    counts = (
        ("feed", len(catalogue.feeds)),
        ("topic", len(catalogue.topics)),
        ("channel", len(configuration.channels)),
        ("alert", len(configuration.alerts)),
        ("digest", len(configuration.digests)),
    )
    rows = [
        _row(CONFIGURATION, "files", fine(", ".join(plural(count, noun) for noun, count in counts))),
        *(_row(CONFIGURATION, "topics", warning(*each)) for each in silences(configuration)),
        *(_row(CONFIGURATION, "secrets", each) for each in check_readers(configuration)),
    ]
    if not any(feed.enabled for feed in catalogue.feeds):
        nothing = warning("no feed is polled", "add one: chipwatch feeds add ADDRESS")
        rows.append(_row(CONFIGURATION, "feeds", nothing))
    return rows


def _machine(data: Path, alarms: Alarms, now: datetime, others: Sequence[str] = ()) -> list[Row]:
    """``others``: folders on disks of their own."""
    least = int(alarms.disk_free_mb * 10**6)
    looks: Mapping[str, Sequence[Finding]] = {
        "data folder": check_data(data),
        "disk": check_disk(data, least),
        **{f"disk of {folder}": check_disk(Path(folder), least) for folder in others},
        "time zones": check_zones(now),
    }
    return [_row(MACHINE, name, finding) for name, findings in looks.items() for finding in findings]


def _database(configuration: Configuration, now: datetime) -> tuple[list[Row], Remembered]:
    """In its own time, as all that may hang: a server behind a wall answers to nothing at all."""
    remembered = Remembered()

    def look() -> Sequence[Finding]:
        nonlocal remembered
        found, remembered = check_database(configuration, now)
        return found

    rows = side_by_side([Check(part=DATABASE, name="database", run=look)]).rows()
    return rows, remembered


# ── over the network ─────────────────────────────────────────────────────────────────────────────


def _world(
    configuration: Configuration, remembered: Remembered, progress: Progress, now: datetime
) -> list[Row]:
    """Services and feeds at the same time."""
    running = side_by_side(checks(configuration, remembered.destinations, now))
    feeds = _visited(configuration, remembered.feeds, progress, now)
    rows = [*feeds, *running.rows()]
    # One a host: many feeds of one host have one clock.
    ahead = {row.finding.host: row.finding.ahead for row in rows if row.finding.ahead is not None}
    return [_row(MACHINE, "clock", clock_finding(ahead.values())), *rows]


def _visited(
    configuration: Configuration, states: Mapping[str, FeedState], progress: Progress, now: datetime
) -> list[Row]:
    settings, feeds = configuration.settings, configuration.catalogue.feeds
    asked = [feed for feed in feeds if feed.enabled]
    rows = []
    if len(asked) < len(feeds):
        off = plural(len(feeds) - len(asked), "feed")
        rows.append(_row(FEEDS, "switched off", fine(f"{off} with enabled = false, not asked")))
    if not asked:
        return rows
    reader = make_reader()
    try:
        visiting = Visiting(
            fetcher=make_fetcher(_patient(settings)),
            reader=reader,
            now=now,
            max_entries=settings.http.max_entries,
        )
        with progress(len(asked)) as advance:
            return [*rows, *visiting.rows(asked, states, advance)]
    finally:
        reader.close()


def _patient(settings: Settings) -> Settings:
    """The same with less patience: whoever waits for the doctor is no daemon."""
    http = settings.http
    shorter = http.model_copy(update={"total_timeout": min(http.total_timeout, _A_FEED)})
    return settings.model_copy(update={"http": shorter})
