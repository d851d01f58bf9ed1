"""Upkeep: forget what is older than the configuration keeps."""

from __future__ import annotations

from datetime import timedelta

from bot.pipeline.deps import Deps


def upkeep(deps: Deps) -> tuple[int, int]:
    """Prune texts and messages. Returns how many items lost their text, and how many messages are gone.

    Forgets as well by what closed stories were found, and what advisors were asked; and has feeds polled that
    a wrong clock put off.
    """
    now = deps.clock.now()
    with deps.store.begin() as tx:
        tx.feeds.set_right(now)
        tx.grouping.forget(deps.story_policy.window / timedelta(days=1))
        tx.advice.prune(now - deps.retention.items)
        tx.updates.prune(now - deps.retention.items)
        return (
            tx.items.prune(now - deps.retention.items),
            tx.outbox.prune(now - deps.retention.deliveries),
        )
