"""How attempts settle: one result in, one next state out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.settle import LONGEST_SERVER_WAIT, SPREAD, settle, wait
from bot.model import Delivery, DeliveryState, Message, Refused, RetryPolicy, Sent, Unanswered

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WAITS = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=2))
POLICY = RetryPolicy(waits=WAITS, give_up=timedelta(hours=6))
DEDUPLICATED = RetryPolicy(waits=WAITS, give_up=timedelta(hours=6), resend_unanswered=True)


def delivery(*, attempt: int = 0, age: timedelta = timedelta(0)) -> Delivery:
    return Delivery(
        key="k",
        channel="chat",
        recipient="r",
        origin="daily",
        message=Message(subject="s", content_type="text/plain", body=b"b"),
        created_at=NOW - age,
        due_at=NOW,
        state=DeliveryState.SENDING,
        attempt=attempt,
    )


def test_sent_keeps_the_receipt_and_the_time() -> None:
    settled = settle(delivery(attempt=2), Sent(receipt="250 queued"), POLICY, NOW, 0.5)
    assert (settled.key, settled.state, settled.attempt) == ("k", DeliveryState.SENT, 3)
    assert (settled.sent_at, settled.due_at, settled.note) == (NOW, None, "250 queued")


def test_a_permanent_refusal_is_dead_at_once() -> None:
    settled = settle(delivery(), Refused(reason="410 gone", permanent=True), POLICY, NOW, 0)
    assert (settled.state, settled.due_at, settled.note) == (DeliveryState.DEAD, None, "410 gone")


@pytest.mark.parametrize(
    ("attempt", "expected"), [(0, WAITS[0]), (1, WAITS[1]), (2, WAITS[2]), (9, WAITS[2])]
)
def test_the_schedule_is_followed_and_its_last_wait_repeats(attempt: int, expected: timedelta) -> None:
    settled = settle(delivery(attempt=attempt), Refused(reason="503"), POLICY, NOW, 0)
    assert (settled.state, settled.due_at) == (DeliveryState.PENDING, NOW + expected)


def test_the_server_may_ask_for_more_time_but_not_less() -> None:
    assert wait(1, timedelta(minutes=1), POLICY, 0) == timedelta(minutes=1)
    assert wait(2, timedelta(seconds=1), POLICY, 0) == WAITS[1]
    assert wait(1, timedelta(days=30), POLICY, 0) == LONGEST_SERVER_WAIT


def test_an_old_delivery_is_given_up_and_says_how_often_it_was_tried() -> None:
    settled = settle(delivery(attempt=3, age=timedelta(hours=5)), Refused(reason="503"), POLICY, NOW, 0)
    assert settled.state is DeliveryState.DEAD
    assert settled.note == "gave up after 4 attempts: 503"


def test_no_answer_is_sent_again_only_where_the_receiver_drops_repeats() -> None:
    lost = Unanswered(reason="connection closed")
    held = settle(delivery(), lost, POLICY, NOW, 0)
    again = settle(delivery(), lost, DEDUPLICATED, NOW, 0)
    assert (held.state, held.due_at) == (DeliveryState.UNKNOWN, None)
    assert (again.state, again.due_at) == (DeliveryState.PENDING, NOW + WAITS[0])
    assert "connection closed" in held.note
    assert "connection closed" in again.note


@given(
    st.integers(1, 50),
    st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)),
    st.floats(0, 1),
)
def test_a_wait_is_never_shorter_than_planned_nor_longer_than_planned_or_an_hour_and_a_fifth(
    attempt: int, asked: timedelta | None, jitter: float
) -> None:
    planned = WAITS[min(attempt, 3) - 1]
    assert planned <= wait(attempt, asked, POLICY, jitter) <= max(planned, LONGEST_SERVER_WAIT) * (1 + SPREAD)
