"""Dates as feeds write them → aware UTC; the impossible becomes ``None``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A date before it is a default or a mistake: the web is younger."""
FUTURE = timedelta(days=2)
"""How far ahead of the clock a date may lie: time zones left out, and slow clocks."""

# Names of time zones in use beside RFC 822's, in hours east of UTC. Names that several zones share (IST, and
# CST in China) are left out.
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "SAST": 2, "PKT": 5, "WIB": 7, "ICT": 7, "HKT": 8, "SGT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5,
    "ACDT": 10.5, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3, "NDT": -2.5, "NST": -3.5,
    "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
_ENDS_WITH_ZONE = re.compile(r"\d:\d\d\s+([A-Za-z]{3,4})$")


def zone_unknown_to_feedparser(text: str) -> timedelta:
    """What a date's time zone is ahead of UTC, where feedparser 6.0 doesn't know it and takes it for UTC."""
    zone = _ENDS_WITH_ZONE.search(text)
    return timedelta(hours=_ZONES.get(zone[1].upper(), 0) if zone else 0)


def from_text(text: str) -> datetime | None:
    """An ISO 8601, RFC 3339 or mail date; without a zone it is taken as UTC."""
    text = text.strip()[:60]
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _plausible(reader(text))
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def from_fields(fields: Sequence[int] | None) -> datetime | None:
    """Year, month, day, hour, minute, second in UTC, as feedparser gives them; a leap second is its eve."""
    if not fields or len(fields) < 6:
        return None
    year, month, day, hour, minute, second = fields[:6]
    try:
        return _plausible(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC))
    except (ValueError, OverflowError, TypeError):
        return None


def _plausible(date: datetime) -> datetime | None:
    aware = date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    return aware.replace(microsecond=0) if aware >= EARLIEST else None


def not_ahead(date: datetime | None, now: datetime) -> datetime | None:
    """The date, unless it lies further ahead of ``now`` than :data:`FUTURE`."""
    return date if date is not None and date <= now + FUTURE else None
