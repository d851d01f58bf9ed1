from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.core.setright import LONGEST_WAIT, paused_until, try_again

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE = timedelta(0)

_SPANS = st.timedeltas(-400 * 24 * HOUR, 400 * 24 * HOUR)


def test_a_next_try_moves_with_the_clock() -> None:
    assert try_again(NOW + 1.5 * HOUR, NOW - HOUR, 2, NOW, HOUR) == NOW + 0.5 * HOUR
    assert try_again(NOW + 1.5 * HOUR, NOW - HOUR, 2, NOW, NONE) == NOW + 1.5 * HOUR


def test_the_end_of_quiet_hours_is_a_time_of_day_and_stays() -> None:
    assert try_again(NOW + 8 * HOUR, NOW - HOUR, 0, NOW, HOUR) == NOW + 8 * HOUR


def test_what_was_due_at_once_in_the_future_is_due_now() -> None:
    assert try_again(NOW + HOUR, NOW + HOUR, 0, NOW, NONE) == NOW
    assert try_again(NOW - HOUR, NOW - HOUR, 0, NOW, NONE) == NOW - HOUR


def test_nothing_waits_for_a_year() -> None:
    far = NOW + 365 * 24 * HOUR
    assert try_again(far, NOW, 0, NOW, NONE) == NOW
    assert try_again(far, NOW, 3, NOW, NONE) == NOW
    assert paused_until(far, NOW, NONE) == NOW
    assert paused_until(far, NOW, 365 * 24 * HOUR) == NOW


@given(_SPANS, _SPANS, st.integers(0, 9), st.timedeltas(NONE, 400 * 24 * HOUR))
def test_what_is_set_right_never_waits_longer_than_before_or_than_is_usual(
    due: timedelta, created: timedelta, attempt: int, back: timedelta
) -> None:
    found = try_again(NOW + due, NOW + created, attempt, NOW, back)
    assert found <= max(NOW, min(NOW + due, NOW + LONGEST_WAIT))
    assert try_again(found, NOW + created, attempt, NOW, NONE) == found or found <= NOW
