"""What HTTP headers say about time: how long an answer stays fresh, and when to come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)
"""No server is believed beyond this."""


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta:
    """How long not to ask again: ``max-age`` less ``Age``, else ``Expires`` (RFC 9111, 4.2)."""
    directives = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    if "no-cache" in directives or "no-store" in directives:
        return timedelta(0)
    for directive in directives:
        name, _, value = directive.partition("=")
        if name == "max-age" and (seconds := _seconds(value.strip('"'))) is not None:
            return _bounded(seconds - (_seconds(headers.get("age", "")) or timedelta(0)))
    expires = _date(headers.get("expires", ""))
    return _bounded(expires - (_date(headers.get("date", "")) or now)) if expires else timedelta(0)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """``Retry-After`` in seconds or as a date (RFC 9110, 10.2.3); ``None`` where it asks for nothing."""
    value = headers.get("retry-after", "").strip()
    wait = _seconds(value)
    if wait is None:
        date = _date(value)
        wait = date - now if date else timedelta(0)
    return _bounded(wait) if wait > timedelta(0) else None


def ahead(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How far the server's clock is ahead of ours; ``None`` where it doesn't tell the time.

    A cache hands on the ``Date`` of the origin and adds ``Age`` (RFC 9111, 5.1).
    """
    date = _date(headers.get("date", ""))
    return date - now + (_seconds(headers.get("age", "")) or timedelta(0)) if date else None


def _seconds(value: str) -> timedelta | None:
    if not (value.isascii() and value.isdigit()):
        return None
    return timedelta(seconds=min(int(value[:12]), 10**9))


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value[:60])
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(wait: timedelta) -> timedelta:
    return min(max(wait, timedelta(0)), LONGEST)
