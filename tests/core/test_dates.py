from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dates import (
    EARLIEST,
    FUTURE,
    from_fields,
    from_text,
    not_ahead,
    zone_unknown_to_feedparser,
)

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-03T12:00:00Z",
        "2026-03-03T12:00:00",
        "2026-03-03T14:00:00+02:00",
        "2026-03-03T12:00:00.987Z",
        "Tue, 03 Mar 2026 07:00:00 -0500",
        " 2026-03-03 12:00 ",
    ],
)
def test_dates_become_utc(text: str) -> None:
    assert from_text(text) == NOON


@pytest.mark.parametrize(
    "text", ["", "yesterday", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-13-01", "9" * 5000]
)
def test_what_is_no_date_is_unknown(text: str) -> None:
    assert from_text(text) is None


def test_a_leap_second_is_its_eve() -> None:
    assert from_fields((2016, 12, 31, 23, 59, 60, 5, 366, 0)) == datetime(
        2016, 12, 31, 23, 59, 59, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "fields", [None, (), (2026, 2, 30, 0, 0, 0), (0, 1, 1, 0, 0, 0), (1980, 1, 1, 0, 0, 0)]
)
def test_impossible_fields_are_unknown(fields: tuple[int, ...] | None) -> None:
    assert from_fields(fields) is None


@given(st.text(max_size=60))
def test_any_text_is_a_plausible_date_or_none(text: str) -> None:
    date = from_text(text)
    assert date is None or (date >= EARLIEST and date.tzinfo is UTC)


def test_dates_far_ahead_are_unknown() -> None:
    assert not_ahead(NOON + FUTURE, NOON) == NOON + FUTURE
    assert not_ahead(NOON + FUTURE + timedelta(seconds=1), NOON) is None
    assert not_ahead(None, NOON) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Tue, 03 Mar 2026 13:00:00 BST", 1),
        ("Tue, 03 Mar 2026 13:00 aest", 10),
        ("Tue, 03 Mar 2026 13:00:00 NST", -3.5),
        ("Tue, 03 Mar 2026 13:00:00 GMT", 0),
        ("Tue, 03 Mar 2026 13:00:00 EST", 0),
        ("Tue, 03 Mar 2026 13:00:00 IST", 0),
        ("Tue, 03 Mar 2026 13:00:00 +0100", 0),
        ("BST", 0),
    ],
)
def test_zones_that_feedparser_takes_for_utc_are_known(text: str, hours: float) -> None:
    assert zone_unknown_to_feedparser(text) == timedelta(hours=hours)
