"""Upkeep: forget what is older than the configuration keeps, and give back the room that it took."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from bot.pipeline.clock import set_right
from bot.pipeline.deps import Deps
from bot.ports import Tx

_AT_ONCE = 500
"""Rows of one transaction: who writes beside waits for some hundredths of a second."""
_ROUNDS = 200
"""Transactions of a kind in one run; what is left comes the next time."""
_NOTICES = timedelta(days=90)
"""Notices about feeds are shown for 30 days, and to a digest's reader who has had none for as long."""


def upkeep(deps: Deps) -> tuple[int, int]:
    """Prune texts and messages. Returns how many items lost their text, and how many messages are gone.

    Forgets as well by what closed stories were found, and what advisors were asked; and sets right what
    a wrong clock put off. Others may write all the while.
    """
    now = deps.clock.now()
    texts, messages = now - deps.retention.items, now - deps.retention.deliveries
    window = deps.story_policy.window / timedelta(days=1)
    with deps.store.begin() as tx:
        set_right(tx, now)
        tx.feedback.prune(texts)
        tx.outbox.forget_slots(messages)
    _forget(deps, lambda tx: tx.grouping.forget(window, _AT_ONCE))
    _forget(deps, lambda tx: tx.feeds.forget_notices(now - _NOTICES, _AT_ONCE))
    _forget(deps, lambda tx: tx.advice.prune(texts, _AT_ONCE))
    _forget(deps, lambda tx: tx.updates.prune(texts, _AT_ONCE))
    items = _forget(deps, lambda tx: tx.items.prune(texts, _AT_ONCE))
    deliveries = _forget(deps, lambda tx: tx.outbox.prune(messages, _AT_ONCE))
    _tidy(deps)
    return items, deliveries


def _forget(deps: Deps, some: Callable[[Tx], int]) -> int:
    """How many were forgotten, a few a transaction."""
    total = 0
    for _ in range(_ROUNDS):
        if deps.stopping():
            break
        with deps.store.unhurried() as tx:
            count = some(tx)
        total += count
        if count < _AT_ONCE:
            break
    return total


def _tidy(deps: Deps) -> None:
    for _ in range(_ROUNDS):
        if deps.stopping() or not deps.store.tidy():
            break
