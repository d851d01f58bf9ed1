"""The database's opinions: what readers answered, advisors said, and scores show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from bot.model import (
    Advice,
    AdviceKey,
    AdviceOutcome,
    AdviceRecord,
    Answer,
    Borderline,
    Item,
    ScoreTally,
    Telling,
    UpdateDecision,
    Verdict,
    Window,
)


class FeedbackStore(Protocol):
    """What readers answered; no answer is ever dropped."""

    def add(self, answer: Answer) -> None: ...

    def answers(self, *, withdrawn: bool = False) -> tuple[Answer, ...]:
        """Pending and adopted ones, or with those that were withdrawn, in the order of answering.

        In a writing transaction they stay as they are until it ends.
        """
        ...

    def adopt(self, ids: Sequence[str], now: datetime) -> None: ...

    def withdraw(self, ids: Sequence[str], now: datetime) -> None: ...

    def prune(self, before: datetime) -> int:
        """Forget the texts of answers that were withdrawn before. Returns how many."""
        ...


class AdviceStore(Protocol):
    """What advisors were asked and said."""

    def in_question(
        self, where: Sequence[Borderline], advisor: str, *, since: datetime, tries: int, limit: int
    ) -> Sequence[tuple[Item, Verdict]]:
        """Verdicts without advice on items judged after ``since``, newest first.

        Leaves out what this advisor was asked ``tries`` times without a useful answer.
        """
        ...

    def known(self, key: AdviceKey) -> Advice | None: ...

    def record(self, advisor: str, since: datetime) -> AdviceRecord:
        """Counts what was asked after ``since``, whoever was; others that ask wait until this ends."""
        ...

    def begin(self, key: AdviceKey, now: datetime) -> int:
        """Note, before the question goes out, that it is asked. Returns its number."""
        ...

    def end(self, number: int, outcome: AdviceOutcome, until: datetime | None = None) -> None:
        """Note what came of a question, and until when no other one is asked."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many that were asked before. Returns how many."""
        ...


class DriftStore(Protocol):
    """Stored verdicts in numbers. Leaves out items that were already old when their feed was polled first."""

    def begins(self, where: Borderline, since: datetime) -> datetime | None:
        """First sight of the oldest item after ``since`` with a verdict of that topic and profile."""
        ...

    def tally(self, where: Borderline, edges: Sequence[float], window: Window) -> ScoreTally:
        """Count the scores of items first seen in a window; ``edges`` part the bins, lowest first."""
        ...

    def sample(self, where: Borderline, window: Window, limit: int) -> Sequence[Item]:
        """Some items of a window whose score is in question or above; always the same ones."""
        ...

    def last_match(self, topic_id: str, since: datetime | None = None) -> datetime | None:
        """First sight of the newest item that matched a topic, if that was after ``since``."""
        ...

    def days_matched(self, topic_id: str, limit: int) -> Sequence[date]:
        """The latest days on which items that matched a topic were published, newest first."""
        ...

    def days_heard(self, since: datetime) -> int:
        """On how many days after ``since`` any item was first seen."""
        ...


class UpdateStore(Protocol):
    """Whether stories that were told had news, and why."""

    def record(self, decided: Sequence[UpdateDecision]) -> int:
        """Write down those that differ from the last one of their channel and story. Returns how many."""
        ...

    def heard(self, channel: str, since: datetime, limit: int) -> Sequence[Telling]:
        """The last telling of each story that the channel was told after ``since``, newest first."""
        ...

    def of_story(self, story_id: str) -> Sequence[UpdateDecision]:
        """Oldest first, all channels."""
        ...

    def prune(self, before: datetime, limit: int) -> int:
        """Drop up to so many that were decided before. Returns how many."""
        ...
