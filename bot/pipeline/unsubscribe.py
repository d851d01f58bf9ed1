"""Unsubscribe: a reader's wish is written down, and messages composed later are not for them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.letters import address_of
from bot.model import Rendered, Unsubscription
from bot.pipeline.deps import Deps
from bot.ports import Linked, Tx


def subscriber(deps: Deps, token: str) -> Unsubscription | None:
    """Whose link has this token: what would be written down. ``None`` for none of ours, or no longer.

    Raises ChipwatchError where the tokens can't be told just now.
    """
    for name, channel in deps.channels.items():
        recipient = channel.tokens().get(token) if isinstance(channel, Linked) else None
        if recipient is not None:
            return Unsubscription(channel=name, address=_address(recipient), at=deps.clock.now())
    return None


def unsubscribe(deps: Deps, token: str) -> Unsubscription | None:
    """Write down that the reader with this link wants no more; again is like once.

    Raises ChipwatchError where it can't be done just now.
    """
    wish = subscriber(deps, token)
    if wish is not None:
        with deps.store.begin() as tx:
            tx.unsubscriptions.add(wish)
    return wish


def resubscribe(deps: Deps, address: str) -> int:
    """Take back what an address unsubscribed from. Returns how many channels."""
    with deps.store.begin() as tx:
        return tx.unsubscriptions.remove(_address(address))


def wanted(tx: Tx, channel: str, rendered: Sequence[Rendered]) -> Sequence[Rendered]:
    """The messages whose recipients have not unsubscribed from the channel."""
    gone = tx.unsubscriptions.addresses(channel)
    return [each for each in rendered if _address(each.recipient) not in gone] if gone else rendered


def _address(mailbox: str) -> str:
    return address_of(mailbox).casefold()
