"""What a digest's receipt is made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.model import Sighting, Window


class CoverageStore(Protocol):
    """What was read, and when nothing was."""

    def items_read(self, window: Window) -> int:
        """Items first seen in a window."""
        ...

    def minutes_waited(self, window: Window) -> Mapping[int, int]:
        """Whole minutes, rounded up, from publication to first sight → items of the window."""
        ...

    def sightings(self, topics: Mapping[str, str], window: Window) -> Sequence[Sighting]:
        """Articles of a window that matched a topic by this version of its profile, in order."""
        ...

    def added_after(self, moment: datetime) -> Collection[str]:
        """Ids of the feeds that were added, or came back, after a moment."""
        ...

    def note_pause(self, now: datetime, least: timedelta) -> None:
        """Write down since when feeds were due and none was polled, if that is ``least`` or longer."""
        ...

    def pauses(self, window: Window) -> Sequence[Window]:
        """Those that reach into a window, oldest first."""
        ...
