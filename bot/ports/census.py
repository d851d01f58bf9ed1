"""The database counted, for a monitor."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.model.census import Census, FirstTold


class CensusStore(Protocol):
    """Numbers that cost milliseconds, however much is stored."""

    def take(self, now: datetime) -> Census: ...

    def first_told(self, key: str) -> FirstTold | None:
        """What a delivery told for the first time; ``None`` where there is no such delivery."""
        ...
