"""What was put off by a clock that was wrong: when it is due by the clock that is right."""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(hours=25)
"""Nothing is put off for longer: quiet hours are part of a day, and channels wait for half of one at most."""


def try_again(
    due_at: datetime, created_at: datetime, attempt: int, now: datetime, back: timedelta
) -> datetime:
    """When a message that waits is due. ``back``: by how much the clock was set back just now, if it was.

    A next try is so long after the one before: it moves with the clock. What waits for the end of quiet hours
    waits for a time of day, which does not. All else was due when it was written.
    """
    if not attempt and due_at == created_at:
        return min(due_at, now)
    return paused_until(due_at, now, back if attempt else timedelta(0))


def paused_until(until: datetime, now: datetime, back: timedelta) -> datetime:
    """When a wait ends that was to end at ``until``: it moves with the clock, and none is endless."""
    moved = until - back
    return moved if moved <= now + LONGEST_WAIT else now
