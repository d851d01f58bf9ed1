from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from bot.rules import Alert


def rule(**table: Any) -> Alert:
    return Alert(topics=("chips",), channels=("chat",), **table)


@pytest.mark.parametrize(
    ("quiet", "hours"),
    [
        ("", None),
        ("22:00-07:00", (time(22), time(7))),
        ("00:00-23:59", (time(0), time(23, 59))),
        ("12:30-13:15", (time(12, 30), time(13, 15))),
    ],
)
def test_quiet_hours_are_two_times_of_the_day(quiet: str, hours: tuple[time, time] | None) -> None:
    assert rule(quiet=quiet).quiet_hours == hours


@pytest.mark.parametrize("quiet", ["22-7", "22:00–07:00", "24:00-07:00", "22:00 07:00", "22:00-07:60", "x"])
def test_what_is_no_span_of_the_day_is_refused_with_an_example(quiet: str) -> None:
    with pytest.raises(ValidationError, match='such as "22:00-07:00"'):
        rule(quiet=quiet)


def test_a_rule_that_is_always_quiet_is_refused() -> None:
    with pytest.raises(ValidationError, match="never end"):
        rule(quiet="07:00-07:00")
