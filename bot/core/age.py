"""How old an article is by all that tells its age, not only by the date that its feed gives it.

Old articles come up again under a fresh date: moved to another system, edited in a comma, or found by an
aggregator. Their address or their dateline often still says when they were written.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlsplit

from bot.core.dateline import find_date
from bot.core.origin import published
from bot.model import Item, Story

LATE_AFTER = timedelta(days=7)
"""A story whose newest article was that old when it was first seen is no news."""

_IN_ADDRESS = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))?(?![\d.])"
)
_HEAD = 300


def appeared(item: Item) -> datetime:
    """When an article appeared: as published, unless its address or dateline is more than a week older."""
    claimed = published(item)
    texts = (address_date(item.url), find_date((), (item.summary or item.body)[:_HEAD]))
    ends = [datetime.combine(day, time.max, UTC) for day in texts if day]
    return min([claimed, *(end for end in ends if claimed - end > LATE_AFTER)])


def newest(story: Story) -> datetime:
    """When the story's newest article appeared; a date after its first sight is not believed."""
    return max(appeared(member.item) for member in story.members)


def is_late(story: Story) -> bool:
    """Whether even the newest article was more than seven days old when the story was first seen."""
    return story.first_seen - newest(story) > LATE_AFTER


def address_date(url: str) -> date | None:
    """``/2019/05/12/`` or ``/2019-05-12-``; of ``/2019/05/`` the last day of the month."""
    found = _IN_ADDRESS.search(urlsplit(url).path)
    if not found:
        return None
    year, month = int(found[1]), int(found[2])
    last = monthrange(year, month)[1]
    return date(year, month, min(int(found[3] or last), last))
