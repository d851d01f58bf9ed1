from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.budget import allowance, stretch

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("polls_per_hour", "time", "polls"),
    [(6, 10 * 60, 1), (60, 60, 1), (90, 80, 2), (6_000, 60, 100)],
)
def test_a_stretch_holds_a_whole_number_of_polls(polls_per_hour: int, time: int, polls: int) -> None:
    assert stretch(polls_per_hour) == (timedelta(seconds=time), polls)


@given(st.integers(min_value=1, max_value=100_000))
def test_a_budget_is_spent_and_not_exceeded_whatever_it_is(polls_per_hour: int) -> None:
    time, polls = stretch(polls_per_hour)
    assert polls >= 1
    assert abs(polls * (HOUR / time) - polls_per_hour) < 0.01 * polls_per_hour
    assert time >= timedelta(minutes=1) - timedelta(milliseconds=100)


def test_what_was_polled_and_what_is_under_way_are_spent() -> None:
    assert allowance(600, polled=0, under_way=0) == 10
    assert allowance(600, polled=7, under_way=2) == 1
    assert allowance(600, polled=30, under_way=2) == 0
