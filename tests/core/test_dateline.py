from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dateline import find_date

DAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-04",
        "2026-03-04T09:30:00Z",
        "Published: March 4, 2026",
        "Mar. 4th, 2026 at 9:30 am",
        "Wednesday, 4 March 2026",
        "Stand: 4. März 2026, 16:05 Uhr",
        "le 4 mars 2026",
        "4 de marzo de 2026",
        "4 mrt 2026",
        "04.03.2026 | Redaktion",
        "2026年3月4日",
        "2026/03/04",
    ],
)
def test_a_full_date_is_read_in_the_ways_it_is_written(line: str) -> None:
    assert find_date(["By Jane Doe", line]) == DAY


@pytest.mark.parametrize(
    "line", ["Zawya11-03-2025", "11/03/2025", "March 4", "Wednesday, March 4", "04/2026", "2026"]
)
def test_what_can_be_read_in_two_ways_or_lacks_a_part_is_no_date(line: str) -> None:
    assert find_date([line]) is None


def test_numbers_that_fit_one_order_only_are_a_date() -> None:
    assert find_date(["25-03-2025"]) == find_date(["03/25/2025"]) == date(2025, 3, 25)
    assert find_date(["03/03/2025"]) == date(2025, 3, 3)


@pytest.mark.parametrize(
    "line", ["2025-02-30", "31. April 2025", "99/99/2025", "1066-10-14", "build 2025-13-01"]
)
def test_days_that_never_were_and_years_before_the_web_are_no_dates(line: str) -> None:
    assert find_date([line]) is None


@pytest.mark.parametrize("line", ["Joined: May 04, 2020", "Member since 2020-05-04", "© 2020-05-04 Example"])
def test_dates_of_people_and_sites_are_not_the_article_s(line: str) -> None:
    assert find_date([line]) is None


def test_a_dateline_counts_and_a_date_in_a_sentence_does_not() -> None:
    assert find_date([], "UTRECHT, March 4, 2026 /WireDesk/ -- Brightfen bought chips.") == DAY
    assert find_date([], "UTRECHT (4 March 2026) – Brightfen bought chips.") == DAY
    assert find_date([], "Brightfen said on March 4, 2026 that it bought chips.") is None


def test_the_head_comes_before_the_dateline() -> None:
    assert find_date(["4 March 2026"], "UTRECHT, March 3, 2026 -- Brightfen") == DAY


@given(
    st.dates(date(1990, 1, 1), date(2100, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%b %d, %Y", "%d.%m.%Y"]),
)
def test_every_day_is_read_back(day: date, form: str) -> None:
    assert find_date([day.strftime(form)]) == day


@given(st.text(), st.text())
def test_any_text_is_searched(head: str, paragraph: str) -> None:
    found = find_date([head], paragraph)
    assert found is None or found.year >= 1990
