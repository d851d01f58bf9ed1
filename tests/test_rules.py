from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from bot.rules import Alert, Digest


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


# ── digests ──────────────────────────────────────────────────────────────────────────────────────


def digest(**table: Any) -> Digest:
    return Digest.model_validate({"topics": ["chips"], "channels": ["chat"], **table})


@pytest.mark.parametrize(
    ("table", "times", "weekdays"),
    [
        ({"at": "07:30"}, {time(7, 30)}, {0, 1, 2, 3, 4, 5, 6}),
        ({"at": "7:30", "every": "day"}, {time(7, 30)}, {0, 1, 2, 3, 4, 5, 6}),
        ({"at": ["07:30", "18:00"], "every": "weekday"}, {time(7, 30), time(18)}, {1, 2, 3, 4, 5}),
        ({"at": "00:00", "every": ["sunday", "wednesday"]}, {time(0)}, {0, 3}),
        ({"at": "23:59", "every": ["weekend", "friday"]}, {time(23, 59)}, {0, 5, 6}),
        ({"every": "12h"}, {time(0), time(12)}, {0, 1, 2, 3, 4, 5, 6}),
        ({"every": "1d"}, {time(0)}, {0, 1, 2, 3, 4, 5, 6}),
        ({"schedule": "0 7 * * *"}, set(), {0, 1, 2, 3, 4, 5, 6}),
    ],
)
def test_a_digest_comes_at_times_of_its_days(
    table: dict[str, Any], times: set[time], weekdays: set[int]
) -> None:
    assert {*digest(**table).times} == times
    assert digest(**table).weekdays == weekdays


def test_a_pause_is_counted_from_midnight() -> None:
    assert [str(each)[:5] for each in digest(every="90m").times[:4]] == ["00:00", "01:30", "03:00", "04:30"]
    assert len(digest(every="90m").times) == 16
    assert len(digest(every="15m").times) == 96


@pytest.mark.parametrize(
    ("table", "key", "problem"),
    [
        ({}, None, 'say when: at = "07:30", or every = "2h", or schedule ='),
        ({"at": []}, None, "say when"),
        ({"at": "07:30", "schedule": "30 7 * * *"}, "schedule", "say it once"),
        ({"every": "2h", "schedule": "0 */2 * * *"}, "schedule", "say it once"),
        ({"at": "half past seven"}, "at", 'hours and minutes: "07:30"'),
        ({"at": "24:00"}, "at", '"24:00" is no time of the day'),
        ({"at": ["07:30", "18"]}, "at", '"18" is no time of the day'),
        ({"at": "07:30", "every": "mondey"}, "every", 'did you mean "monday"'),
        ({"at": "07:30", "every": "fortnight"}, "every", 'known are: day, .*; or a pause, such as "2h"'),
        ({"at": "07:30", "every": "2h"}, "every", "with at, it names days"),
        ({"every": "monday"}, "every", 'need a time of the day as well: at = "07:30"'),
        ({"every": ["2h", "3h"]}, "every", "not several pauses"),
        ({"every": ["2h", "monday"]}, "every", "one pause, or days"),
        ({"every": "7m"}, "every", '"7m" does not divide a day into whole minutes; "5m" and "10m" do'),
        ({"every": "5h"}, "every", '"4h" and "6h" do'),
        ({"every": "7d"}, "every", '"12h" and "1d" do'),
        ({"every": "90s"}, "every", '"1m" and "2m" do'),
        ({"every": "0h"}, "every", "does not divide a day"),
    ],
)
def test_what_says_no_time_says_how_to_write_one(
    table: dict[str, Any], key: str | None, problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem) as raised:
        digest(**table)
    (error,) = raised.value.errors()
    assert error["loc"] == ((key,) if key else ())
