"""What the pipeline asks of the world, in the pipeline's words: small protocols, no implementation."""

from bot.ports.stores import (
    AdviceStore,
    DriftStore,
    FeedbackStore,
    FeedStore,
    GroupingStore,
    ItemStore,
    Outbox,
    Store,
    StoryStore,
    Tx,
)
from bot.ports.world import Advisor, Channel, Clock, Draw, Fetcher, Guard, Read, Reader

__all__ = [
    "AdviceStore",
    "Advisor",
    "Channel",
    "Clock",
    "Draw",
    "DriftStore",
    "FeedStore",
    "FeedbackStore",
    "Fetcher",
    "GroupingStore",
    "Guard",
    "ItemStore",
    "Outbox",
    "Read",
    "Reader",
    "Store",
    "StoryStore",
    "Tx",
]
