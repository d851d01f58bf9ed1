"""A step as every runtime sees it: a name, a pace and a call that says what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

Fields: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Step:
    name: str
    every: timedelta
    run: Callable[[], Fields]
    """Does what is due and returns the fields of its log line; empty where nothing was due."""


@dataclass
class Heartbeat:
    """When each step last ended well, and the error of those that did not. Safe between threads."""

    started_at: datetime
    limits: Mapping[str, timedelta]
    """How long each step may go without ending well before the process counts as unready."""
    _ended: dict[str, datetime] = field(default_factory=dict)
    _failed: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ended(self, step: str, at: datetime) -> None:
        with self._lock:
            self._ended[step] = at
            self._failed.pop(step, None)

    def failed(self, step: str, error: str) -> None:
        with self._lock:
            self._failed[step] = error

    def troubles(self, now: datetime) -> dict[str, str]:
        """Steps that have not ended well within their limit, with what is known of why."""
        with self._lock:
            late = {
                step: self._ended.get(step, self.started_at)
                for step, limit in self.limits.items()
                if now - self._ended.get(step, self.started_at) > limit
            }
            return {
                step: self._failed.get(step, f"has not ended since {since:%Y-%m-%d %H:%M:%S} UTC")
                for step, since in late.items()
            }
