"""Days that a text names, as the calendar counts them: ``on Tuesday``, ``May 23``, ``23.5.2026``.

News says when a thing happened, and two like things of different days are two. A name of a weekday means the
last one before the text was published, or the day itself; a date without a year means the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

_MONTHS = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
)
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"
_MONTH_NUMBER = {name: number for names in _MONTHS for number, name in enumerate(names.split(), 1)} | {
    "sept": 9
}
_WEEKDAY_NUMBER = {name: number for number, name in enumerate(_WEEKDAYS.split())}
_MONTH = "|".join(sorted(_MONTH_NUMBER, key=len, reverse=True))
_NAMED = re.compile(
    rf"""\b(?:
        (?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y1>(?:19|20)\d\d)\b)?
      | (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH})\b\.?(?:,?\s+(?P<y2>(?:19|20)\d\d)\b)?
      | (?P<m3>\d{{1,2}})/(?P<d3>\d{{1,2}})/(?P<y3>(?:20)?\d\d)\b
      | (?P<d4>\d{{1,2}})\.(?P<m4>\d{{1,2}})\.(?P<y4>20\d\d)\b
      | (?P<y5>20\d\d)[-/](?P<m5>\d{{1,2}})[-/](?P<d5>\d{{1,2}})(?!\d)
      | (?P<y6>20\d\d)\s?[年년]\s?(?P<m6>\d{{1,2}})\s?[月월]\s?(?P<d6>\d{{1,2}})\s?[日일]
      | (?P<weekday>{"|".join(_WEEKDAY_NUMBER)})s?\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_CENTURY = 2000


class NamedDay(NamedTuple):
    """A day and where the text names it (``text[start:end]``)."""

    start: int
    end: int
    day: int
    """As :meth:`datetime.date.toordinal` counts."""


def named_days(text: str, published: date | None) -> Iterator[NamedDay]:
    """The days that a text names, in order; without its own date only those with a year."""
    for found in _NAMED.finditer(text):
        part = {name[0]: value.lower() for name, value in found.groupdict().items() if value}
        day = _weekday(part["w"], published) if "w" in part else _date(part, published)
        if day is not None:
            yield NamedDay(found.start(), found.end(), day)


def _weekday(name: str, published: date | None) -> int | None:
    if published is None:
        return None
    day = published.toordinal() - (published.weekday() - _WEEKDAY_NUMBER[name]) % 7
    return day if day > 0 else None  # in the calendar's first week


def _date(part: dict[str, str], published: date | None) -> int | None:
    month, day = _MONTH_NUMBER.get(part["m"]) or int(part["m"]), int(part["d"])
    if "y" in part:
        year = int(part["y"])
        return _ordinal(year if year >= 100 else year + _CENTURY, month, day)
    if published is None:
        return None
    own = published.toordinal()
    near = (_ordinal(year, month, day) for year in range(published.year - 1, published.year + 2))
    return min((found for found in near if found is not None), key=lambda it: abs(it - own), default=None)


def _ordinal(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).toordinal()
    except ValueError:  # no such day
        return None
