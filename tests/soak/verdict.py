"""Whether a month kept the promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.soak.month import DIGESTS, Month

DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def faults(month: Month, began: datetime, ended: datetime) -> Iterator[str]:
    """The promises that were broken, each in a sentence."""
    yield from _stories(month, ended)
    for digest in DIGESTS:
        yield from _digests(month, digest, began, ended)
    received = {"alert": month.hooks, "alarm": month.alarms, "letter": month.letters_with_ids()}
    for name, sent in received.items():
        bodies: dict[str, set[bytes]] = {}
        for key, body in sent:
            bodies.setdefault(key, set()).add(body)
        for key, several in bodies.items():
            if len(several) > 1:
                yield f"{name} {key} was sent with {len(several)} different bodies"
    told: dict[str, datetime] = {}
    for at, text in sorted(month.alarm_lines()):
        if text in told and at - told[text] < DAY:
            yield f"told again within a day, at {at}: {text}"
        told[text] = at


def _stories(month: Month, ended: datetime) -> Iterator[str]:
    titles = month.titles()
    due = {title for title, at in titles.items() if at < ended - _HOUR}
    by_hook = month.told_by_hook()
    yield from (f"no alert told “{title}”, to be seen by {titles[title]}" for title in due - by_hook.keys())
    yield from (f"{count} alerts told “{title}”" for title, count in by_hook.items() if count > 1)
    for digest in DIGESTS:
        in_time = {title for title, at in titles.items() if at < ended - _HOUR - DAY}
        by_mail = month.told_by_mail(digest)
        yield from (f"no letter of {digest} told “{title}”" for title in in_time - by_mail.keys())
        yield from (
            f"{count} letters of {digest} told “{title}”" for title, count in by_mail.items() if count > 1
        )


def _digests(month: Month, digest: str, began: datetime, ended: datetime) -> Iterator[str]:
    """Each day's slot has one letter, composed before the next one is due."""
    slots = expected_slots(digest, began, ended)
    dates = month.dates(digest)
    for slot, following in zip(slots, [*slots[1:], ended], strict=True):
        found = [date for date in dates if slot <= date < following]
        if len(found) != 1 and slot < ended - _HOUR:
            yield f"{digest}'s slot {slot:%d %b %H:%M} UTC has {len(found)} letters"
    yield from (f"{digest} was sent at {date}, before any slot" for date in dates if date < slots[0])


def expected_slots(digest: str, began: datetime, ended: datetime) -> list[datetime]:
    """In UTC. Of two equal wall times the first counts; for one that a day lacks, the moment of the jump."""
    zone, hour, minute = DIGESTS[digest]
    day = began.astimezone(ZoneInfo(zone)).date()
    slots: list[datetime] = []
    while True:
        local = datetime.combine(day, time(hour, minute), ZoneInfo(zone))
        moment = local.astimezone(UTC)
        if moment >= ended:
            return slots
        if moment > began:
            slots.append(moment)
        day += DAY
