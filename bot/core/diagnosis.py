"""All findings together: what they mean as a whole, and how little of them a person has to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.addresses import literal
from bot.core.amounts import plural
from bot.core.findings import fault, fine
from bot.model import Level, Row

NETWORK = "network"
FEEDS = "feeds"
_NAMED_SINGLY = 5
"""Feeds with the same trouble that get a line each; more of them share one."""
_NAMED_AT_ALL = 3
_NO_NETWORK = (
    "look at this machine's network and DNS (a container needs both), and run the doctor again: until then "
    "nothing is polled and nothing is sent"
)


def without_network(rows: Sequence[Row]) -> Sequence[Row]:
    """One row for all that could not be looked at where the network does not get anywhere.

    That is so where at least two hosts elsewhere were asked and none could be reached.
    """
    elsewhere = {row.finding.host for row in rows if row.finding.host and not _is_here(row.finding.host)}
    lost = [row for row in rows if row.finding.unreached]
    if len(elsewhere) < 2 or not elsewhere <= {row.finding.host for row in lost}:
        return rows
    count = len(lost)
    found = f"no network: {plural(count, 'check')} could not be made"
    kept = [row for row in rows if not row.finding.unreached]
    return [*kept, Row(part=NETWORK, name=NETWORK, finding=fault(found, _NO_NETWORK))]


def _is_here(host: str) -> bool:
    address = literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def gathered(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows for people: feeds that are fine, and many that have the same trouble, in one each."""
    others = [row for row in rows if row.part != FEEDS or not row.finding.host]
    return [*others, *_feeds([row for row in rows if row.part == FEEDS and row.finding.host])]


def _feeds(rows: Sequence[Row]) -> Iterator[Row]:
    alike: defaultdict[tuple[Level, str], list[Row]] = defaultdict(list)
    for row in rows:
        alike[row.finding.level, row.finding.remedy].append(row)
    for (level, _), some in alike.items():
        if level is Level.FINE:
            verb = "answers" if len(some) == 1 else "answer"
            yield Row(part=FEEDS, name="", finding=fine(f"{plural(len(some), 'feed')} {verb}"))
        elif len(some) > _NAMED_SINGLY:
            named = "; ".join(f"{row.name} ({row.finding.found})" for row in some[:_NAMED_AT_ALL])
            found = f"{named}; and {len(some) - _NAMED_AT_ALL:,} more"
            name = plural(len(some), "feed")
            yield Row(part=FEEDS, name=name, finding=replace(some[0].finding, found=found))
        else:
            yield from some


def count(rows: Sequence[Row], level: Level) -> int:
    return sum(row.finding.level is level for row in rows)


def summary(rows: Sequence[Row]) -> str:
    """``1 fault, 2 warnings; 37 checks are fine``."""
    faults, warnings, sound = (count(rows, each) for each in (Level.FAULT, Level.WARNING, Level.FINE))
    told = [plural(number, word) for number, word in ((faults, "fault"), (warnings, "warning")) if number]
    if not told:
        return f"all is well: {plural(sound, 'check')}"
    return f"{', '.join(told)}; {plural(sound, 'check')} {'is' if sound == 1 else 'are'} fine"
