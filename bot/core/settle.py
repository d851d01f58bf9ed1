"""What becomes of a delivery after an attempt: sent, tried again at a time, held, given up, or dead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import (
    AlertRule,
    Delivery,
    DeliveryState,
    DigestSpec,
    Refused,
    RetryPolicy,
    SendResult,
    Sent,
    Settlement,
    Unanswered,
)

# A server may ask for a longer pause; beyond this we ask again rather than forget the delivery.
LONGEST_SERVER_WAIT = timedelta(hours=1)
# Random part of a wait, so that what failed together does not come back together.
SPREAD = 0.2


def settle(
    delivery: Delivery, result: SendResult, policy: RetryPolicy, now: datetime, jitter: float
) -> Settlement:
    """Decide the next state of a delivery after one more attempt.

    ``delivery.attempt`` counts the attempts that ended before this one; ``jitter`` is random, 0 to 1. Where
    the server asked for a pause, or gave no answer, the whole channel pauses: the next message would fare
    no better.
    """
    settled = _settled(delivery, result, policy, now, jitter)
    return replace(settled, in_short=result.in_short) if isinstance(result, Refused) else settled


def _settled(
    delivery: Delivery, result: SendResult, policy: RetryPolicy, now: datetime, jitter: float
) -> Settlement:
    match result:
        case Sent(receipt=receipt):
            return _ended(delivery, DeliveryState.SENT, receipt, sent_at=now)
        case Refused(reason=reason, disables=True):
            return _waits(delivery, now, reason, disables=True)
        case Refused(reason=reason, permanent=True):
            return _ended(delivery, DeliveryState.DEAD, reason)
        case Refused():
            again = _again(delivery, result, policy, now, jitter)
            if result.retry_after is None:
                return again
            return replace(again, pause_until=_next_try(delivery, result, policy, now, jitter))
        case Unanswered(reason=reason):
            lost = Refused(reason=f"no answer: {reason}")
            if policy.resend_unanswered:
                settled = _again(delivery, lost, policy, now, jitter)
            else:
                settled = _ended(delivery, DeliveryState.UNKNOWN, lost.reason)
            return replace(
                settled, unanswered=True, pause_until=_next_try(delivery, lost, policy, now, jitter)
            )


def is_too_old(delivery: Delivery, policy: RetryPolicy, now: datetime) -> bool:
    """Whether it is no use to try (again): it failed before or is an alert, and its time is over.

    What was never tried is as old as it is due: sent again by hand it is new once more.
    """
    if delivery.attempt:
        return now > delivery.created_at + policy.give_up
    return delivery.kind == "alert" and now > delivery.due_at + policy.give_up


def is_followed(delivery: Delivery, digests: Iterable[DigestSpec], alerts: Iterable[AlertRule]) -> bool:
    """Whether a digest comes to the channel that could tell what the delivery told."""
    of_channel = [spec for spec in digests if delivery.channel in spec.channels]
    if delivery.kind == "digest":
        return any(spec.name == delivery.origin for spec in of_channel)
    told = {topic for spec in of_channel for topic in spec.topics}
    return delivery.kind == "alert" and any(
        rule.name == delivery.origin and set(rule.topics) <= told for rule in alerts
    )


def expire(delivery: Delivery) -> Settlement:
    """Given up before another attempt."""
    tries = f" after {delivery.attempt} attempts" if delivery.attempt else ""
    note = f"gave up{tries}: too old{f'; {delivery.note}' if delivery.note else ''}"
    return Settlement(
        key=delivery.key,
        channel=delivery.channel,
        state=DeliveryState.DEAD,
        attempt=delivery.attempt,
        note=note,
        gave_up=True,
        unanswered=delivery.interrupted,
    )


def wait(attempt: int, retry_after: timedelta | None, policy: RetryPolicy, jitter: float) -> timedelta:
    """How long to wait after the failed ``attempt`` (1 is the first).

    The longer of the channel's own schedule and what the server asked for (at most an hour of that),
    plus up to a fifth at random.
    """
    planned = policy.waits[min(attempt, len(policy.waits)) - 1]
    asked = min(retry_after or timedelta(0), LONGEST_SERVER_WAIT)
    return max(planned, asked) * (1 + SPREAD * jitter)


def _next_try(
    delivery: Delivery, refused: Refused, policy: RetryPolicy, now: datetime, jitter: float
) -> datetime:
    return now + wait(delivery.attempt + 1, refused.retry_after, policy, jitter)


def _again(
    delivery: Delivery, refused: Refused, policy: RetryPolicy, now: datetime, jitter: float
) -> Settlement:
    due_at = _next_try(delivery, refused, policy, now, jitter)
    if due_at > delivery.created_at + policy.give_up:
        tries = delivery.attempt + 1
        gave_up = _ended(delivery, DeliveryState.DEAD, f"gave up after {tries} attempts: {refused.reason}")
        return replace(gave_up, gave_up=True)
    return _waits(delivery, due_at, refused.reason)


def _waits(delivery: Delivery, due_at: datetime, note: str, *, disables: bool = False) -> Settlement:
    return Settlement(
        key=delivery.key,
        channel=delivery.channel,
        state=DeliveryState.PENDING,
        attempt=delivery.attempt + 1,
        due_at=due_at,
        note=note,
        disables=disables,
    )


def _ended(
    delivery: Delivery, state: DeliveryState, note: str, *, sent_at: datetime | None = None
) -> Settlement:
    return Settlement(
        key=delivery.key,
        channel=delivery.channel,
        state=state,
        attempt=delivery.attempt + 1,
        sent_at=sent_at,
        note=note,
    )
