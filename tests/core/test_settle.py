"""How attempts settle: one result in, one next state out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.settle import LONGEST_SERVER_WAIT, SPREAD, expire, is_followed, is_too_old, settle, wait
from bot.model import (
    AlertRule,
    Delivery,
    DeliveryState,
    DigestSpec,
    Message,
    Refused,
    RetryPolicy,
    Sent,
    Unanswered,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WAITS = (timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=2))
POLICY = RetryPolicy(waits=WAITS, give_up=timedelta(hours=6))
DEDUPLICATED = RetryPolicy(waits=WAITS, give_up=timedelta(hours=6), resend_unanswered=True)


def delivery(
    *, attempt: int = 0, age: timedelta = timedelta(0), kind: str = "digest", origin: str = "daily"
) -> Delivery:
    return Delivery(
        key="k",
        channel="chat",
        recipient="r",
        origin=origin,
        kind=kind,
        message=Message(subject="s", content_type="text/plain", body=b"b"),
        created_at=NOW - age,
        due_at=NOW - age,
        state=DeliveryState.SENDING,
        attempt=attempt,
    )


def test_an_alert_sent_again_by_hand_gets_its_try_however_old_it_is() -> None:
    sent_again = replace(delivery(kind="alert", age=timedelta(days=1)), due_at=NOW)
    assert not is_too_old(sent_again, POLICY, NOW + timedelta(minutes=1))
    assert is_too_old(replace(sent_again, attempt=1), POLICY, NOW + timedelta(minutes=1))


def test_what_a_dead_process_may_have_sent_expires_in_doubt() -> None:
    assert expire(replace(delivery(attempt=1), interrupted=True)).unanswered
    assert not expire(delivery(attempt=1)).unanswered


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


def test_a_refusal_that_a_person_must_mend_disables_and_keeps_the_message() -> None:
    refused = Refused(reason="404 no_service", permanent=True, disables=True)
    settled = settle(delivery(attempt=1), refused, POLICY, NOW, 0.5)
    assert (settled.state, settled.due_at, settled.attempt) == (DeliveryState.PENDING, NOW, 2)
    assert (settled.disables, settled.note, settled.gave_up) == (True, "404 no_service", False)


def test_a_server_that_names_a_time_pauses_the_whole_channel() -> None:
    asked = Refused(reason="429", retry_after=timedelta(minutes=7))
    settled = settle(delivery(), asked, POLICY, NOW, 0)
    assert settled.due_at == settled.pause_until == NOW + timedelta(minutes=7)
    assert settle(delivery(), Refused(reason="503"), POLICY, NOW, 0).pause_until is None


@pytest.mark.parametrize("policy", [POLICY, DEDUPLICATED])
def test_no_answer_pauses_the_channel_and_leaves_a_doubt(policy: RetryPolicy) -> None:
    settled = settle(delivery(), Unanswered(reason="timeout"), policy, NOW, 0)
    assert (settled.unanswered, settled.pause_until) == (True, NOW + WAITS[0])


def test_dying_of_age_is_told_apart_from_a_refusal() -> None:
    old = delivery(attempt=3, age=timedelta(hours=5))
    assert settle(old, Refused(reason="503"), POLICY, NOW, 0).gave_up
    assert not settle(old, Refused(reason="400", permanent=True), POLICY, NOW, 0).gave_up
    given_up = expire(old)
    assert (given_up.state, given_up.gave_up, given_up.attempt) == (DeliveryState.DEAD, True, 3)
    assert given_up.note == "gave up after 3 attempts: too old"


@pytest.mark.parametrize(
    ("attempt", "kind", "hours", "too_old"),
    [(1, "digest", 7, True), (0, "alert", 7, True), (0, "digest", 7, False), (1, "alert", 5, False)],
)
def test_old_news_is_not_tried_but_a_digest_that_never_was_is(
    attempt: int, kind: str, hours: int, too_old: bool
) -> None:
    old = delivery(attempt=attempt, kind=kind, age=timedelta(hours=hours))
    assert is_too_old(old, POLICY, NOW) is too_old


def test_what_follows_is_a_digest_of_the_same_channel_and_topics() -> None:
    def digest(name: str, channel: str, *topics: str) -> DigestSpec:
        return DigestSpec(
            name=name, title="", topics=topics, channels=(channel,), schedule=("0 7 * * *",), timezone="UTC"
        )

    rules = [AlertRule(name="now", topics=("chips", "deals"), channels=("chat",))]
    both = [digest("a", "chat", "chips"), digest("b", "chat", "deals")]
    alert = delivery(kind="alert", origin="now")
    assert is_followed(alert, both, rules)
    assert not is_followed(alert, both[:1], rules)
    assert not is_followed(alert, [digest("a", "mail", "chips", "deals")], rules)
    assert not is_followed(delivery(kind="alert", origin="gone"), both, rules)
    assert is_followed(delivery(origin="a"), both, rules)
    assert not is_followed(delivery(origin="daily"), both, rules)
    assert not is_followed(delivery(kind="alarm", origin="now"), both, rules)
