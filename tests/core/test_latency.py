"""How long after its publication an item was first seen, and what half and 95 % of them waited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.latency import LEAST_ITEMS, between, in_words, latency, percentiles
from bot.model import Item, Latency

SEEN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def item(published: datetime | None, *, baseline: bool = False) -> Item:
    return Item(
        id="a",
        feed_id="wire",
        url="",
        canonical_url="",
        title="A chip",
        published=published,
        seen_at=SEEN,
        content_hash="h",
        baseline=baseline,
    )


@pytest.mark.parametrize(
    ("published", "waited"),
    [
        (SEEN - 9 * MINUTE, 9 * MINUTE),
        (SEEN, timedelta(0)),
        # A clock that is ahead, or an announcement.
        (SEEN + 20 * MINUTE, timedelta(0)),
        (SEEN - timedelta(days=7), timedelta(days=7)),
        # Old when it came up.
        (SEEN - timedelta(days=7, seconds=1), None),
        # A day without a time.
        (datetime(2026, 11, 22, tzinfo=UTC), None),
        (datetime(2026, 11, 22, 0, 0, 1, tzinfo=UTC), timedelta(hours=8, minutes=29, seconds=59)),
        (None, None),
    ],
)
def test_an_item_waited_from_its_publication_to_its_first_sight(
    published: datetime | None, waited: timedelta | None
) -> None:
    assert latency(item(published)) == waited


def test_what_was_old_when_its_feed_was_first_polled_did_not_wait_for_us() -> None:
    assert latency(item(SEEN - 9 * MINUTE, baseline=True)) is None
    assert between(SEEN - 9 * MINUTE, SEEN) == 9 * MINUTE


def test_too_few_items_say_nothing() -> None:
    assert percentiles({}) is None
    assert percentiles({3: LEAST_ITEMS - 1}) is None
    assert percentiles({3: LEAST_ITEMS}) == Latency(items=LEAST_ITEMS, half=3 * MINUTE, most=3 * MINUTE)


def test_percentiles_are_values_that_items_had() -> None:
    known = percentiles(dict.fromkeys(range(1, 101), 1))
    assert known == Latency(items=100, half=50 * MINUTE, most=95 * MINUTE)
    assert percentiles({5: 19, 600: 1}) == Latency(items=20, half=5 * MINUTE, most=5 * MINUTE)


@given(st.lists(st.integers(0, 10_080), min_size=LEAST_ITEMS, max_size=200))
def test_at_least_that_part_waited_no_longer_and_fewer_would_have_done_with_less(waited: list[int]) -> None:
    known = percentiles({minute: waited.count(minute) for minute in waited})
    assert known is not None
    assert (known.half // MINUTE, known.most // MINUTE) == (
        sorted(waited)[ceil(len(waited) * 0.5) - 1],
        sorted(waited)[ceil(len(waited) * 95 / 100) - 1],
    )


@pytest.mark.parametrize(
    ("half", "most", "words"),
    [
        (0, 1, "within a minute of publication, 95 % within a minute"),
        (9, 41, "within 9 minutes of publication, 95 % within 41 minutes"),
        (90, 91, "within 90 minutes of publication, 95 % within 2 hours"),
        (60 * 26, 60 * 49, "within 26 hours of publication, 95 % within 3 days"),
    ],
)
def test_in_words_it_is_rounded_up(half: int, most: int, words: str) -> None:
    known = Latency(items=20, half=half * MINUTE, most=most * MINUTE)
    assert in_words(known) == f"half of the items were seen {words}"
