"""What is told when: the tables ``[[alerts]]`` and ``[digests.NAME]`` of ``chipwatch.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bot.documents import DURATION, Duration, Strict, read_duration, spell_duration, unknown

_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d", re.ASCII)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_WEEK = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order in which cron counts them, from 0."""
_DAYS: Mapping[str, tuple[int, ...]] = {
    "day": tuple(range(7)),
    "weekday": (1, 2, 3, 4, 5),
    "weekend": (0, 6),
    **{name: (number,) for number, name in enumerate(_WEEK)},
}
_USUAL_PAUSES = [
    *(timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 20, 30)),
    *(timedelta(hours=each) for each in (1, 2, 3, 4, 6, 8, 12, 24)),
]
_EITHER = 'say it once: either schedule = "…", or at and every'


def _listed(value: object) -> object:
    """One text as a list of it."""
    return [value] if isinstance(value, str) else value


def _one_or_more(one: Mapping[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})


_Times = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    _one_or_more({"type": "string", "pattern": f"^{_TIME.pattern}$", "examples": ["07:30"]}),
]
_Every = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    _one_or_more({"anyOf": [{"enum": [*_DAYS]}, {"type": "string", "pattern": DURATION.pattern}]}),
]


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

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("schedule", "at", "every")]}
    )

    title: str = ""
    topics: tuple[str, ...] = Field(min_length=1)
    channels: tuple[str, ...] = Field(min_length=1)
    at: _Times = ()
    """Time of the day, or a list of them: ``"07:30"``."""
    every: _Every = ()
    """With ``at`` the days: ``"day"`` (which is usual), ``"weekday"``, ``"monday"``, or a list of them.
    Without, a pause that is counted from midnight and divides a day: ``"2h"``."""
    schedule: str = ""
    """In place of ``at`` and ``every``, a cron line of five fields: ``30 7 * * 1-5``."""
    timezone: str = ""
    max_stories: int = Field(default=20, ge=1, le=200)
    send_empty: bool = False
    catch_up: Duration = timedelta(hours=24)
    """A slot missed while the bot was down is sent when it is back, if it is not older than this."""

    @field_validator("at")
    @classmethod
    def _times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if not _TIME.fullmatch(each):
                raise ValueError(f'"{each}" is no time of the day; write hours and minutes: "07:30"')
        return value

    @field_validator("every")
    @classmethod
    def _days_or_pause(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        pauses = [each for each in value if DURATION.match(each)]
        for each in value:
            if each not in _DAYS and each not in pauses:
                raise ValueError(f'{unknown("day", each, [*_DAYS])}; or a pause, such as "2h"')
        if pauses and info.data.get("at"):
            raise ValueError('with at, it names days: "day", "weekday", "monday"; for a pause leave out at')
        if pauses and len(value) > 1:
            raise ValueError("one pause, or days: not both, and not several pauses")
        if value and not pauses and info.data.get("at") == ():
            raise ValueError('days need a time of the day as well: at = "07:30"')
        for each in pauses:
            _check_pause(each)
        return value

    @field_validator("schedule")
    @classmethod
    def _instead(cls, value: str, info: ValidationInfo) -> str:
        if value and (info.data.get("at") or info.data.get("every")):
            raise ValueError(_EITHER)
        return value

    @model_validator(mode="after")
    def _some_time(self) -> Digest:
        if not (self.at or self.every or self.schedule):
            raise ValueError('say when: at = "07:30", or every = "2h", or schedule = "30 7 * * 1-5"')
        return self

    @property
    def times(self) -> tuple[time, ...]:
        """When it comes on each of its days; none where a cron line says that."""
        if self.at:
            return tuple(time.fromisoformat(each.zfill(5)) for each in self.at)
        if not self.every:
            return ()
        minutes = read_duration(self.every[0]) // _MINUTE
        return tuple(time(minute // 60, minute % 60) for minute in range(0, _DAY // _MINUTE, minutes))

    @property
    def weekdays(self) -> frozenset[int]:
        """Its days as cron counts them: 0 is Sunday."""
        days = self.every if self.at and self.every else ("day",)
        return frozenset(number for day in days for number in _DAYS[day])


def _check_pause(spelled: str) -> None:
    """Raises ValueError, with the nearest ones that would do, where a pause does not divide a day."""
    pause = read_duration(spelled)
    if pause >= _MINUTE and not pause % _MINUTE and not _DAY % pause:
        return
    near = sorted(sorted(_USUAL_PAUSES, key=lambda each: abs(each - pause))[:2])
    would = " and ".join(f'"{spell_duration(each)}"' for each in near)
    raise ValueError(f'"{spelled}" does not divide a day into whole minutes; {would} do')
