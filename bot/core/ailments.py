"""What is wrong with a feed, a disk, a clock, …, and what to do about it: each judged by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from statistics import median

from bot.core.amounts import length, plural, size
from bot.core.findings import fault, fine, warning
from bot.core.text import one_line, shorten
from bot.core.urls import host
from bot.model import Fetched, FetchFailed, Finding, Held, Visit

CLOCK_OFF = timedelta(minutes=1)
"""Beyond the second or two of an answer's way and the seconds that caches round away."""
ZONES_OLD = 2
"""Years since a release of the time-zone database; there are several a year (data.iana.org/time-zones)."""
SETTLED = timedelta(days=3)
"""So long a database must have filled before its pace says anything."""

_REASON = 200
_AGAIN = "try again later: chipwatch feeds test ADDRESS; it is polled less and less often until it answers"
_FIND = "find its new address with chipwatch feeds discover SITE, or take it out with chipwatch feeds remove"
FEED_REMEDIES: Mapping[str, str] = {
    "timeout": "try again later; if it stays, raise total_timeout in [http]",
    "dns": "look for a slip in its address; if the site is gone, take it out with chipwatch feeds remove",
    "connect": _AGAIN,
    "tls": "its publisher must mend the certificate; a clock that is wrong here looks the same",
    "refused": "name the host in allow_networks in [http] if it is one of your own; else correct the address",
    "redirect": _FIND,
    "too-large": "raise max_body_mb in [http], or ask the publisher for a shorter feed",
    "encoding": "tell its publisher: no program can unpack it",
    "protocol": "tell its publisher: what answers there speaks no HTTP",
    "blocked": "ask its publisher to let feed readers in; chipwatch does not evade a wall",
    "status": _AGAIN,
    "throttled": "set a longer `every` for it in feeds.toml; what its server asks for is kept to anyway",
    "gone": _FIND,
    "not-a-feed": "find the site's feeds with chipwatch feeds discover ADDRESS",
    "unreadable": "tell its publisher; if it is well-formed, please report it to us",
    "fault": "please report it to us, with what the log says",
}
"""What to do about each kind of :class:`~bot.model.FetchFailed`."""
_SHUT_OUT = frozenset({401, 402, 403, 407})
_LOGIN = (
    "it wants a login (https://name:password@host/… in feeds.toml), or to know who asks: contact in [http]"
)
_MISSING = 404


def feed_finding(visit: Visit, retired: str = "") -> Finding:
    """How a feed stands after a visit. ``retired``: why it is polled no more, as the database has it."""
    outcome, asked = visit.outcome, host(visit.state.url)
    match outcome:
        case FetchFailed() if retired and outcome.kind == "gone":
            return warning(f"polled no more: {one_line(retired)}", _FIND, host=asked)
        case FetchFailed():
            found = shorten(one_line(f"{outcome.kind}: {outcome.detail}"), _REASON)
            made = (warning if outcome.kind == "throttled" else fault)(found, _remedy(outcome), host=asked)
            return replace(made, unreached=outcome.kind == "dns", ahead=outcome.ahead)
        case Held():
            return warning(f"not asked: {outcome.reason}", FEED_REMEDIES["throttled"], host=asked)
        case _ if retired:
            remedy = "poll it by name, and it is polled again from then on: chipwatch poll --feed ADDRESS"
            return warning("it answers, and is polled no more: it was thought gone", remedy, host=asked)
    told = plural(len(visit.reading.items), "item") if visit.reading else "nothing new"
    return replace(fine(told, host=asked), ahead=outcome.ahead if isinstance(outcome, Fetched) else None)


def _remedy(failure: FetchFailed) -> str:
    if failure.kind == "status" and failure.status in _SHUT_OUT:
        return _LOGIN
    if failure.kind == "status" and failure.status == _MISSING:
        return _FIND
    return FEED_REMEDIES.get(failure.kind, _AGAIN)


def clock_finding(ahead: Collection[timedelta]) -> Finding:
    """How far our clock is from the others', one a host; the one in the middle of them counts."""
    if not ahead:
        return warning(
            "not known whether it is right: no server told the time",
            "try again where a feed or a channel answers, or look yourself: timedatectl, or date -u",
        )
    off = timedelta(seconds=median(each.total_seconds() for each in ahead))
    if abs(off) <= CLOCK_OFF:
        return fine(f"right, by {plural(len(ahead), 'server')}")
    way = "behind" if off > timedelta(0) else "ahead of"
    return warning(
        f"{length(abs(off))} {way} {plural(len(ahead), 'server')}",
        "set it by NTP: digests come at wrong times, items get wrong ages, receivers refuse webhooks that "
        "are more than five minutes off, and sound certificates look expired",
    )


def disk_finding(free: int, total: int, least: int) -> Finding:
    """All in bytes; ``least``: what ``[alarms] disk_free_mb`` wants free."""
    told = f"{size(free)} of {size(total)} free"
    if free < least:
        remedy = "make room, or lower [retention] or disk_free_mb in [alarms]: a full disk ends everything"
        return fault(f"almost full: {told}, and {size(least)} should be", remedy)
    return fine(told)


def growth_finding(now_bytes: int, free: int, filling: timedelta, retention: timedelta) -> Finding | None:
    """Whether the disk has room for what ``[retention]`` keeps, at the pace at which it was filled so far."""
    if filling < SETTLED or filling >= retention:
        return None
    more = now_bytes * (retention / filling) - now_bytes
    if more <= free:
        return None
    return warning(
        f"{size(now_bytes)} in {filling.days} days; at this pace it wants {size(int(more))} more until the "
        f"{retention.days} days of [retention] are full, and the disk has {size(free)}",
        "lower items and deliveries in [retention], or make room",
    )


def zones_finding(version: str, today: date) -> Finding:
    """``version`` as IANA names its releases: ``2026a``."""
    year = re.match(r"[0-9]{4}", version)
    if year is None:
        return fine("of an unknown age")
    if today.year - int(year[0]) > ZONES_OLD:
        return warning(
            f"time zones as of {version}",
            "update the system's tzdata, or pip install --upgrade tzdata: digests come an hour off wherever "
            "the law has changed since",
        )
    return fine(f"as of {version}")
