"""Clock: what was put off by a wall clock that was wrong goes on by the one that is right."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.amounts import length
from bot.model import Alarm, Part
from bot.pipeline.alarm import raise_alarm
from bot.pipeline.deps import Deps
from bot.ports import Tx

JUMPED = "jumped"
TOLD_FROM = timedelta(minutes=1)
"""People are told of a clock that was set by so much; less is in the log."""


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
        f"The clock went {way} by {length(abs(after - before))}, from {before:%Y-%m-%d %H:%M:%S} to "
        f"{after:%Y-%m-%d %H:%M:%S} UTC: it was set. All goes on by the new time; "
        "look whether it is right: timedatectl, or date -u"
    )
