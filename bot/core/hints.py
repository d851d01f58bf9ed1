"""What a document says of when to come: RSS ``ttl``, ``skipHours`` and ``skipDays``, the syndication module.

Read from what stands around the entries, with patterns: feedparser keeps the last of several hours only, and
is not asked where all entries are known.
"""

from __future__ import annotations

import re
from datetime import timedelta

from bot.model import Hints

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = timedelta(days=365)
_READ = 100_000
"""Characters of a document's frame in which hints are looked for."""

_TTL = re.compile(r"<ttl\s*>\s*(\d{1,9})\s*</ttl", re.IGNORECASE)
_PERIOD = re.compile(r"<\w+:updatePeriod\s*>\s*(?:<!\[CDATA\[\s*)?([A-Za-z]{5,7})\b", re.IGNORECASE)
_FREQUENCY = re.compile(r"<\w+:updateFrequency\s*>\s*(?:<!\[CDATA\[\s*)?(\d{1,6})\b", re.IGNORECASE)
_SKIPPED = re.compile(
    r"<(skipHours|skipDays)\s*>((?:\s*<(?:hour|day)\s*>[^<>]{0,20}</(?:hour|day)\s*>){0,50})", re.I
)
_VALUE = re.compile(r">\s*(\w{1,9})\s*</")


def hints(frame: str) -> Hints:
    """The hints of a document; ``frame`` is what stands around its entries."""
    frame = frame[:_READ]
    skipped = {match[1].lower(): _VALUE.findall(match[2]) for match in _SKIPPED.finditer(frame)}
    # RSS 0.91 counts hours from 1 to 24, RSS 2.0 from 0 to 23: 24 is midnight, as 0 is.
    hours = {int(hour) % 24 for hour in skipped.get("skiphours", ()) if hour.isdecimal() and int(hour) <= 24}
    days = {day.lower() for day in skipped.get("skipdays", ())}
    return Hints(
        ttl=_ttl(frame),
        skip_hours=tuple(sorted(hours)),
        skip_days=tuple(number for number, day in enumerate(_DAYS) if day in days),
    )


def _ttl(frame: str) -> timedelta | None:
    """RSS ``ttl`` in minutes, or the period of the syndication module over its frequency."""
    if (ttl := _TTL.search(frame)) is not None:
        return min(timedelta(minutes=int(ttl[1])), _LONGEST)
    period = _PERIOD.search(frame)
    if period is None or period[1].lower() not in _PERIODS:
        return None
    frequency = _FREQUENCY.search(frame)
    return _PERIODS[period[1].lower()] / max(1, int(frequency[1]) if frequency else 1)
