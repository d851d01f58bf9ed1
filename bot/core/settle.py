"""What becomes of a delivery after an attempt: sent, tried again at a time, held, or dead."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import (
    Delivery,
    DeliveryState,
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

    ``delivery.attempt`` counts the attempts that ended before this one; ``jitter`` is random, 0 to 1.
    """
    match result:
        case Sent(receipt=receipt):
            return _ended(delivery, DeliveryState.SENT, receipt, sent_at=now)
        case Refused(reason=reason, permanent=True):
            return _ended(delivery, DeliveryState.DEAD, reason)
        case Refused():
            return _again(delivery, result, policy, now, jitter)
        case Unanswered(reason=reason) if policy.resend_unanswered:
            return _again(delivery, Refused(reason=f"no answer: {reason}"), policy, now, jitter)
        case Unanswered(reason=reason):
            return _ended(delivery, DeliveryState.UNKNOWN, f"no answer: {reason}")


def wait(attempt: int, retry_after: timedelta | None, policy: RetryPolicy, jitter: float) -> timedelta:
    """How long to wait after the failed ``attempt`` (1 is the first).

    The longer of the channel's own schedule and what the server asked for (at most an hour of that),
    plus up to a fifth at random.
    """
    planned = policy.waits[min(attempt, len(policy.waits)) - 1]
    asked = min(retry_after or timedelta(0), LONGEST_SERVER_WAIT)
    return max(planned, asked) * (1 + SPREAD * jitter)


def _again(
    delivery: Delivery, refused: Refused, policy: RetryPolicy, now: datetime, jitter: float
) -> Settlement:
    attempt = delivery.attempt + 1
    due_at = now + wait(attempt, refused.retry_after, policy, jitter)
    if due_at > delivery.created_at + policy.give_up:
        return _ended(delivery, DeliveryState.DEAD, f"gave up after {attempt} attempts: {refused.reason}")
    return Settlement(
        key=delivery.key, state=DeliveryState.PENDING, attempt=attempt, due_at=due_at, note=refused.reason
    )


def _ended(
    delivery: Delivery, state: DeliveryState, note: str, *, sent_at: datetime | None = None
) -> Settlement:
    return Settlement(key=delivery.key, state=state, attempt=delivery.attempt + 1, sent_at=sent_at, note=note)
