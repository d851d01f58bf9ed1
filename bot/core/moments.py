"""Moments and spans of time as messages write them, in the reader's time zone.

Spelled here and not by strftime, which follows the locale of the machine.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import Window

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def when(moment: datetime, zone: ZoneInfo) -> str:
    """``21 Nov 14:05``."""
    return f"{day_and_month(moment, zone)} {moment.astimezone(zone):%H:%M}"


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
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"
