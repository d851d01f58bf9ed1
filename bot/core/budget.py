"""A budget of polls an hour, spread evenly: none of it is spent at the top of the hour."""

from __future__ import annotations

import math
from datetime import timedelta

_HOUR = timedelta(hours=1)
_SHORTEST = timedelta(minutes=1)


def stretch(polls_per_hour: int) -> tuple[timedelta, int]:
    """The shortest stretch of at least a minute that holds a whole number of polls, and that number.

    90 polls an hour are two in 80 seconds, six are one in ten minutes.
    """
    apart = _HOUR / polls_per_hour
    polls = math.ceil(_SHORTEST / apart)
    return apart * polls, polls


def allowance(polls_per_hour: int, polled: int, under_way: int) -> int:
    """How many more polls may begin now: ``polled`` were within the last :func:`stretch`."""
    return max(0, stretch(polls_per_hour)[1] - polled - under_way)
