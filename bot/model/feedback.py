"""Feedback: what a reader says of an item and a topic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A reader's yes or no to whether an item is on a topic.

    It keeps the text that was answered for: an edit or the end of its retention changes nothing of what
    the answer teaches. Nothing is ever overwritten but the two last times, each of them once.
    """

    id: str
    item_id: str
    topic_id: str
    yes: bool
    note: str = ""
    title: str
    summary: str = ""
    body: str = ""
    language: str | None = None
    answered_at: datetime
    adopted_at: datetime | None = None
    """From when it has an effect; ``None`` while it is pending."""
    withdrawn_at: datetime | None = None
    """From when it has none any more."""

    @property
    def pending(self) -> bool:
        return self.adopted_at is None and self.withdrawn_at is None

    @property
    def adopted(self) -> bool:
        return self.adopted_at is not None and self.withdrawn_at is None
