"""What is told when: the tables ``[[alerts]]`` and ``[digests.NAME]`` of ``chipwatch.toml``."""

from __future__ import annotations

import re
from datetime import time, timedelta

from pydantic import Field, field_validator

from bot.documents import Duration, Strict

_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)


class Alert(Strict):
    """One rule for stories that are told as soon as they are seen: all of it must hold."""

    name: str = ""
    topics: tuple[str, ...] = Field(min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    min_score: float = Field(default=0.0, ge=0, le=1)
    tags: tuple[str, ...] = ()
    """Only stories with an article of a feed that has one of these tags."""
    keywords: str = ""
    """Only stories with an article that matches this query."""
    max_age: Duration = timedelta(hours=24)
    """Stories whose newest article is older are left to the digest."""
    budget: int = Field(default=6, ge=1)
    """Stories an hour, topic and channel; beyond it they wait for the digest."""
    quiet: str = Field(default="", json_schema_extra={"examples": ["22:00-07:00"]})
    """Hours of the day in which nothing is sent; what comes then goes out when they end."""
    timezone: str = ""
    """Of the quiet hours; empty: that of ``[schedule]``."""

    @field_validator("quiet")
    @classmethod
    def _hours(cls, value: str) -> str:
        if value and not _HOURS.fullmatch(value):
            raise ValueError('write two times of the day, such as "22:00-07:00", or "" for none')
        if value and value[:5] == value[6:]:
            raise ValueError("it would never end: a rule that sends nothing is better left out")
        return value

    @property
    def quiet_hours(self) -> tuple[time, time] | None:
        """Their beginning and their end, by the wall clock."""
        if not self.quiet:
            return None
        begin, end = map(time.fromisoformat, self.quiet.split("-"))
        return begin, end


class Digest(Strict):
    """A message on a clock with everything that was not told before."""

    title: str = ""
    topics: tuple[str, ...] = Field(min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    schedule: str
    """Cron line of five fields: ``30 7 * * 1-5``."""
    timezone: str = ""
    max_stories: int = Field(default=20, ge=1, le=200)
    send_empty: bool = False
    catch_up: Duration = timedelta(hours=24)
    """A slot missed while the bot was down is sent when it is back, if it is not older than this."""
