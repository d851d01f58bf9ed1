"""How a delivery stands, and what happens to it next."""

from __future__ import annotations

from datetime import datetime

from bot.core.moments import clock
from bot.model import Delivery, DeliveryState, Destination


def what_next(delivery: Delivery, destination: Destination | None, *, known: bool, now: datetime) -> str:
    """A sentence without its full stop. ``known``: whether its channel is configured."""
    key, channel = delivery.key[:12], delivery.channel
    match delivery.state:
        case DeliveryState.PENDING if not known:
            return f"no channel {channel} is configured any more: at the next round it dies"
        case DeliveryState.PENDING if destination and destination.disabled_at:
            why = destination.disabled_why
            return f"it waits: {channel} is disabled ({why}) until: chipwatch deliveries enable {channel}"
        case DeliveryState.PENDING if (until := _paused_until(destination, now)) is not None:
            return f"it waits: {channel} is paused until {clock(until)}"
        case DeliveryState.PENDING if delivery.due_at > now:
            return f"it is tried {'again ' if delivery.attempt else ''}at {clock(delivery.due_at)}"
        case DeliveryState.PENDING:
            return "it goes out with the next round; by hand: chipwatch deliver"
        case DeliveryState.SENDING:
            return "an attempt is under way; if its process died it comes again when the lease ends"
        case DeliveryState.SENT:
            return "nothing: the receiver has accepted it"
        case DeliveryState.UNKNOWN:
            return (
                "nothing by itself: it may have arrived. Look there, and if it did not: "
                f"chipwatch deliveries retry {key}"
            )
        case DeliveryState.DEAD:
            return f"nothing by itself: mend what the note says, then: chipwatch deliveries retry {key}"
        case DeliveryState.EXPIRED:
            return "nothing: what it told goes into a later message"


def _paused_until(destination: Destination | None, now: datetime) -> datetime | None:
    until = destination.paused_until if destination else None
    return until if until and until > now else None
