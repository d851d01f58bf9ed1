"""A status on one screen: at most 24 lines, each as wide as the terminal at most; what is cut is counted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import __version__
from bot.cli.output import rough_time, short_time
from bot.core.amounts import plural, size
from bot.core.moments import weekday
from bot.model import FeedsGlance

if TYPE_CHECKING:
    from bot.model import Alarm, DigestGlance, SickFeed

LABEL = 10
"""Columns that the names of the parts take."""
_NARROW = 40
_DIGESTS, _QUEUES, _SICK, _ALARMS, _FAULTS = 3, 2, 2, 2, 1
_FAULT_LINES = 1
_RESULTS = ("new", "unchanged", "failed")
_WEEK = timedelta(days=6)
_NO_FEEDS = FeedsGlance()
_STATES = (("pending", "waiting"), ("sending", "sending"), ("unknown", "unknown"), ("dead", "dead"))


@dataclass(frozen=True, kw_only=True)
class Daemon:
    running: bool | None
    """``None`` where this user may not look."""
    bind: str
    troubles: Mapping[str, str] | None
    """What keeps it from being ready; ``None`` where nobody answers."""
    since: datetime | None = None
    """When one began last."""
    pid: int | None = None


@dataclass(frozen=True, kw_only=True)
class DigestLine:
    name: str
    timezone: str
    next: datetime | None
    """``None``: never again."""
    last: DigestGlance | None
    late: bool
    """Of the last one."""


@dataclass(frozen=True, kw_only=True)
class Queue:
    channel: str
    configured: bool
    counts: Mapping[str, int]
    """State → messages."""
    disabled_at: datetime | None
    paused_until: datetime | None
    why: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """All that is shown."""

    at: datetime
    config: str
    data: str
    daemon: Daemon
    readable: bool
    """The database is there, and of this version; else nothing of what is below is known."""
    engine: str
    bytes: int
    faults: tuple[str, ...]
    """What is wrong with the database, each with what to do."""
    keeps_items: timedelta
    keeps_messages: timedelta
    changed: bool = False
    """The file has other digests or alerts than those in force."""
    feeds: FeedsGlance = _NO_FEEDS
    items_hour: int = 0
    items_day: int = 0
    told_day: int = 0
    digests: tuple[DigestLine, ...] = ()
    queues: tuple[Queue, ...] = ()
    alarms: tuple[Alarm, ...] = ()


def lines(status: Status, width: int) -> list[str]:
    """The screen. ``width`` in columns; nothing is narrower than 40."""
    parts: list[tuple[str, Sequence[str]]] = [("Daemon", [*_daemon(status)])]
    if status.readable:
        parts += [
            ("Feeds", [*_feeds(status)]),
            ("Polled", [_results("hour", status.feeds.hour), _results("day", status.feeds.day)]),
            ("Items", [_items(status)]),
            ("Digests", _some([*_digests(status)], _DIGESTS)),
            ("Outbox", _some([*_queues(status)], _QUEUES) or ["nothing waits, nothing is stuck"]),
            ("Troubles", [*_troubles(status)]),
            ("Alarms", [*_alarms(status)]),
        ]
    parts.append(("Database", [*_database(status, max(width, _NARROW) - LABEL)]))
    head = f"chipwatch {__version__} · {status.config} · {status.data} · {short_time(status.at)} UTC"
    room = max(width, _NARROW)
    body = [
        f"{name if not number else '':<{LABEL}}{line}"
        for name, told in parts
        for number, line in enumerate(told)
    ]
    return [fitted(line, room) for line in (head, *body)]


def fitted(line: str, width: int) -> str:
    """The line on so many columns of a terminal; what is cut off is an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    line = "".join(each if each.isprintable() else " " for each in line)
    if cell_len(line) <= width:
        return line.rstrip()
    return set_cell_size(line, width - 1).rstrip() + "…"


def _some(told: Sequence[str], most: int) -> list[str]:
    """Up to so many, and how many there are more."""
    more = len(told) - most
    return [*told[:most], f"and {more} more"] if more > 0 else [*told]


# ── parts ────────────────────────────────────────────────────────────────────────────────────────


def _daemon(status: Status) -> Iterator[str]:
    daemon = status.daemon
    if daemon.running is None:
        yield "can't be looked at: this user may not read the data folder"
    elif not daemon.running:
        last = f"; last begun {short_time(daemon.since)} UTC" if daemon.since else ""
        yield f"not running{last}; start it: chipwatch run"
    else:
        since = ""
        if daemon.since:
            since = f" since {short_time(daemon.since)} UTC"
            # Else the clock was set back since then, and for how long it runs is not to be known.
            if status.at >= daemon.since:
                since += f" ({rough_time(status.at - daemon.since)})"
        yield f"running{since}, {_ready(daemon)}"
    if daemon.running and daemon.troubles:
        yield "; ".join(f"{part}: {why}" for part, why in daemon.troubles.items())
    if status.changed:
        yield "digests or alerts changed in the file: chipwatch config plan"


def _ready(daemon: Daemon) -> str:
    if not daemon.bind:
        return "without a health server"
    if daemon.troubles is None:
        return f"but nothing answers at {daemon.bind}"
    return "NOT READY" if daemon.troubles else "ready"


def _feeds(status: Status) -> Iterator[str]:
    feeds, now = status.feeds, status.at
    resting = feeds.configured - feeds.polled
    rest = f" ({resting:,} switched off or gone)" if resting else ""
    yield f"{feeds.configured:,}{rest}; {feeds.due:,} due now"
    if feeds.upcoming:
        yield "next: " + ", ".join(f"{name} in {rough_time(at - now)}" for name, at in feeds.upcoming)


def _results(span: str, results: Mapping[str, int]) -> str:
    """``180 feeds in the past hour: 12 new, 165 unchanged, 3 failed``, by the last poll of each."""
    counted = ", ".join(f"{results[name]:,} {name}" for name in _RESULTS if results.get(name))
    total = sum(results.values())
    return f"{plural(total, 'feed')} in the past {span}" + (f": {counted}" if counted else "")


def _items(status: Status) -> str:
    return (
        f"{status.items_hour:,} new in the past hour, {status.items_day:,} in a day; "
        f"stories told in a day: {status.told_day:,}"
    )


def _digests(status: Status) -> Iterator[str]:
    if not status.digests:
        yield "none"
    longest = max((len(each.name) for each in status.digests), default=0)
    for each in status.digests:
        yield f"{each.name:<{min(longest, 16)}}  {_next(each, status.at)}; {_last(each, status.at)}"


def _next(each: DigestLine, now: datetime) -> str:
    if each.next is None:
        return "never again"
    if each.next <= now:
        return "due now"
    return f"{near(each.next, now, each.timezone)} {each.timezone}, in {rough_time(each.next - now)}"


def _last(each: DigestLine, now: datetime) -> str:
    if each.last is None:
        return "none yet"
    stories = each.last.stories
    told = plural(stories, "story") if stories else "nothing to tell"
    return f"last {near(each.last.at, now, each.timezone)}: {told}{', late' if each.late else ''}"


def near(moment: datetime, now: datetime, timezone: str) -> str:
    """``Mon 07:30``; with its date where that is a week away or more."""
    local = moment.astimezone(ZoneInfo(timezone))
    day = weekday(local) if abs(moment - now) < _WEEK else f"{local:%Y-%m-%d}"
    return f"{day} {local:%H:%M}"


def _queues(status: Status) -> Iterator[str]:
    """Those that are kept waiting first."""
    for each in sorted(status.queues, key=lambda each: (not each.why, each.channel)):
        known = ((each.counts.get(state, 0), word) for state, word in _STATES)
        counts = ", ".join(f"{count:,} {word}" for count, word in known if count)
        gone = "" if each.configured else " (not configured any more)"
        told = f"{each.channel}{gone}: {counts or 'nothing waits'}"
        if each.disabled_at:
            yield f"{told}; disabled since {short_time(each.disabled_at)} UTC: {each.why}"
        elif each.paused_until:
            yield f"{told}; paused for {rough_time(each.paused_until - status.at)}: {each.why}"
        elif counts:
            yield told


def _troubles(status: Status) -> Iterator[str]:
    feeds = status.feeds
    if not feeds.troubles:
        yield "no feed is gone, failing or silent"
        return
    yield ", ".join(f"{count:,} {trouble}" for trouble, count in feeds.troubles.items())
    yield from map(_sick, feeds.worst[:_SICK])


def _sick(each: SickFeed) -> str:
    since = f" since {short_time(each.since)}" if each.since else ""
    return f"{each.trouble}{since}: {each.name} ({each.reason})"


def _alarms(status: Status) -> Iterator[str]:
    if not status.alarms:
        yield "none open"
        return
    newest = sorted(status.alarms, key=lambda each: each.raised_at, reverse=True)
    yield from _some([f"{short_time(each.raised_at)}  {each.text}" for each in newest], _ALARMS)


def _database(status: Status, width: int) -> Iterator[str]:
    if status.engine:
        yield (
            f"{status.engine}, {size(status.bytes)}; texts are kept {rough_time(status.keeps_items)}, "
            f"messages {rough_time(status.keeps_messages)}"
        )
    for fault in status.faults[: _FAULTS if status.readable else None]:
        yield from textwrap.wrap(
            fault, width, max_lines=_FAULT_LINES if status.readable else None, placeholder="…"
        )
