"""Clock: what was put off by a wall clock that was wrong goes on by the one that is right."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Alarm, Part
from bot.pipeline.alarm import raise_alarm
from bot.pipeline.deps import Deps
from bot.ports import Tx

JUMPED = "jumped"
TOLD_FROM = timedelta(minutes=1)
"""People are told of a clock that was set by so much; less is in the log."""
_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


def set_right(tx: Tx, now: datetime, back: timedelta = timedelta(0)) -> None:
    """Have polled and sent what a clock that was ahead put off.

    ``back``: by how much it was set back just now.
    """
    tx.feeds.set_right(now, back)
    tx.queue.set_right(now, back)


def jumped(deps: Deps, before: datetime, after: datetime) -> None:
    """The clock showed ``after`` where it should have shown ``before``."""
    with deps.store.begin() as tx:
        set_right(tx, after, max(before - after, timedelta(0)))
        if abs(after - before) >= TOLD_FROM:
            text = _text(before, after)
            raise_alarm(tx, Alarm(part=Part.CLOCK, subject="", cause=JUMPED, text=text, raised_at=after))


def _text(before: datetime, after: datetime) -> str:
    way = "ahead" if after > before else "back"
    return (
        f"The clock went {way} by {_spelled(abs(after - before))}, from {before:%Y-%m-%d %H:%M:%S} to "
        f"{after:%Y-%m-%d %H:%M:%S} UTC: it was set, or the machine slept. All goes on by the new time; "
        "look whether it is right: timedatectl, or date -u"
    )


def _spelled(span: timedelta) -> str:
    """In the largest unit of which there are two, or one and not more: ``1 hour``, ``90 minutes``."""
    for unit, size in _UNITS:
        if span >= 2 * size or abs(span - size) < size / 60:
            count = round(span / size)
            return f"{count} {unit}{'s' * (count != 1)}"
    return f"{round(span.total_seconds())} seconds"
