"""Deliver: take due messages from the outbox, make one attempt each, record how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from bot.core.settle import settle
from bot.model import Delivery, Refused, RetryPolicy, SendResult, Settlement, Unanswered
from bot.pipeline.deps import Deps
from bot.ports import Channel

BATCH = 100
_DESTINATIONS_AT_ONCE = 8
_UNKNOWN_CHANNEL = RetryPolicy(waits=(timedelta(hours=1),), give_up=timedelta(0))


def deliver(deps: Deps, limit: int = BATCH) -> Sequence[Settlement]:
    """Send what is due, channels side by side, so that a slow one holds up no other.

    No transaction is open while a channel talks; each delivery is settled alone.
    """
    with deps.store.begin() as tx:
        claimed = tx.outbox.claim(deps.clock.now(), limit, deps.pace.delivery_lease)
    queues: dict[str, list[Delivery]] = {}
    for delivery in claimed:
        queues.setdefault(delivery.channel, []).append(delivery)
    if not queues:
        return ()
    with ThreadPoolExecutor(min(len(queues), _DESTINATIONS_AT_ONCE), thread_name_prefix="deliver") as pool:
        settled = pool.map(lambda queue: _drain(deps, queue), queues.values())
        return tuple(settlement for queue in settled for settlement in queue)


def _drain(deps: Deps, queue: Sequence[Delivery]) -> list[Settlement]:
    """Send one channel's messages in order. On a stop the rest is left: its lease ends and it comes again."""
    settlements = []
    for delivery in queue:
        if deps.stopping():
            break
        channel = deps.channels.get(delivery.channel)
        result = _attempt(deps, channel, delivery)
        if result is None:
            continue
        policy = channel.retry if channel else _UNKNOWN_CHANNEL
        settlement = settle(delivery, result, policy, deps.clock.now(), deps.clock.jitter())
        with deps.store.begin() as tx:
            tx.outbox.settle(settlement)
        settlements.append(settlement)
    return settlements


def _attempt(deps: Deps, channel: Channel | None, delivery: Delivery) -> SendResult | None:
    """One attempt; ``None`` where another process took the message while it waited in our queue."""
    if channel is None:
        return Refused(reason=f'channel "{delivery.channel}" is not configured any more', permanent=True)
    if delivery.interrupted and not channel.retry.resend_unanswered:
        return Unanswered(reason="the process ended while it was being sent")
    with deps.store.begin() as tx:
        if not tx.outbox.begin_attempt(delivery.key, delivery.attempt):
            return None
    send = partial(channel.send, delivery.message, delivery.recipient, delivery.key)
    return deps.guard(f"sending {delivery.key}", send) or Unanswered(reason="a fault of ours; see the log")
