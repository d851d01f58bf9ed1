from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.days import named_days

THURSDAY = date(2026, 3, 5)


def days(text: str, published: date | None = THURSDAY) -> list[date]:
    return [date.fromordinal(named.day) for named in named_days(text, published)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("The board met on Tuesday night", date(2026, 3, 3)),
        ("The board meets this THURSDAY", THURSDAY),
        ("closed Fridays", date(2026, 2, 27)),
        ("Published Dec. 30th by the desk", date(2025, 12, 30)),
        ("on 2 January", date(2026, 1, 2)),
        ("on the 2nd of January, 2024", date(2024, 1, 2)),
        ("Sept 3, 2025 1:50 PM", date(2025, 9, 3)),
        ("03/04/26", date(2026, 3, 4)),
        ("am 4.3.2026 in Bergen", date(2026, 3, 4)),
        ("2026-03-04T08:00", date(2026, 3, 4)),
        ("2026年3月4日", date(2026, 3, 4)),
    ],
)
def test_a_day_is_read_in_the_forms_that_news_has(text: str, day: date) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize(
    "text", ["February 30, 2026", "13/13/2026", "32 May", "2026-00-10", "Monde", "marching 5"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert days(text) == []


def test_without_a_date_of_its_own_a_text_names_full_dates_only() -> None:
    assert days("on Tuesday, March 3, and on May 4, 2026", None) == [date(2026, 5, 4)]


def test_it_says_where() -> None:
    text = "On Monday, March 2, it rained."
    assert [text[named.start : named.end] for named in named_days(text, THURSDAY)] == ["Monday", "March 2"]


@given(st.text(), st.none() | st.dates())
@example("Friday", date.min)
def test_any_text_can_be_read(text: str, published: date | None) -> None:
    for named in named_days(text, published):
        assert 0 <= named.start < named.end <= len(text)
        assert named.day > 0


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.dates(date(1990, 1, 2), date(2100, 1, 1)))
def test_a_full_date_is_itself_whenever_it_is_read(day: date, published: date) -> None:
    assert days(f"on {day:%B} {day.day}, {day.year}", published) == [day]
    assert days(f"{day:%Y-%m-%d}", published) == [day]
