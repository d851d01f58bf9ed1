"""Of an address that was never seen: what is known of the feeds that could have brought it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Application
    from bot.ports import Tx

_RECENT = timedelta(days=30)


def unseen(application: Application, tx: Tx, reference: str) -> Sequence[str]:
    """Lines for people; none for what is no web address."""
    from bot.core.unseen import what_is_known

    if "://" not in reference:
        return ()
    deps = application.deps
    notices = tx.feeds.notices(deps.clock.now() - _RECENT)
    return [*what_is_known(reference, deps.feeds.values(), tx.feeds.states(), notices)]
