"""Moments and spans of time as people read them, in their time zone.

Spelled here and not by strftime, which follows the locale of the machine.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UTC = ZoneInfo("UTC")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(moment: datetime, zone: ZoneInfo) -> str:
    """``21 Nov 14:05``."""
    return f"{day_and_month(moment, zone)} {moment.astimezone(zone):%H:%M}"


def clock(moment: datetime, zone: ZoneInfo = _UTC) -> str:
    """``2026-11-22 08:00 Europe/Berlin``; without a zone of the reader's in ``UTC``."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"


def weekday_clock(moment: datetime, zone: ZoneInfo) -> str:
    """``Sun 2026-11-22 08:00 Europe/Berlin``."""
    return f"{weekday(moment.astimezone(zone))} {clock(moment, zone)}"


def weekday(local: datetime) -> str:
    """``Sun``: of a moment that is in the reader's zone already."""
    return _DAYS[local.weekday()]


def day_and_month(moment: datetime, zone: ZoneInfo) -> str:
    """``21 Nov``."""
    local = moment.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]}"


def span(window: Window, zone: ZoneInfo) -> str:
    """``Sat 21 Nov 08:00 – Sun 22 Nov 08:00 CET``; the day once where it is the same."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    name = end.tzname() or ""
    name = f"UTC{name}" if name[:1] in "+-" else name
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{_day(end)} {end:%H:%M}"
    return f"{_day(start)} {start:%H:%M} – {until} {name}".rstrip()


def _day(local: datetime) -> str:
    return f"{weekday(local)} {local.day} {_MONTHS[local.month - 1]}"
