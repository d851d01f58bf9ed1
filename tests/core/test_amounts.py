"""Amounts in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.amounts import length, plural, size


@pytest.mark.parametrize(
    ("count", "noun", "spelled"),
    [
        (1, "story", "1 story"),
        (2, "story", "2 stories"),
        (1204, "item", "1,204 items"),
        (0, "copy", "0 copies"),
        (2, "day", "2 days"),
        (3, "key", "3 keys"),
    ],
)
def test_a_count_of_something(count: int, noun: str, spelled: str) -> None:
    assert plural(count, noun) == spelled


@pytest.mark.parametrize(
    ("time", "spelled"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=61), "61 minutes"),
        (timedelta(minutes=60, seconds=20), "1 hour"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=365), "365 days"),
    ],
)
def test_a_length_is_in_the_unit_of_which_there_are_two(time: timedelta, spelled: str) -> None:
    assert length(time) == spelled


@pytest.mark.parametrize(
    ("count", "spelled"),
    [
        (0, "0 kB"),
        (324_000, "324 kB"),
        (15_200_000, "15.2 MB"),
        (2 * 10**9, "2.0 GB"),
        (3 * 10**12, "3.0 TB"),
    ],
)
def test_a_size_is_in_powers_of_ten(count: int, spelled: str) -> None:
    assert size(count) == spelled
