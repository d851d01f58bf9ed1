"""What the pipeline asks of the world, in the pipeline's words: small protocols, no implementation."""

from bot.ports.coverage import CoverageStore
from bot.ports.looking import GlanceStore, InForceStore
from bot.ports.opinions import AdviceStore, DriftStore, FeedbackStore, UpdateStore
from bot.ports.outbox import AlertStore, Outbox
from bot.ports.stores import FeedStore, ItemStore, Store, Tx
from bot.ports.stories import GroupingStore, StoryEdits, StoryStore
from bot.ports.subscribers import Linked, UnsubscriptionStore
from bot.ports.world import Advisor, Channel, Checkable, Clock, Draw, Fetcher, Guard, Read, Reader

__all__ = [
    "AdviceStore",
    "Advisor",
    "AlertStore",
    "Channel",
    "Checkable",
    "Clock",
    "CoverageStore",
    "Draw",
    "DriftStore",
    "FeedStore",
    "FeedbackStore",
    "Fetcher",
    "GlanceStore",
    "GroupingStore",
    "Guard",
    "InForceStore",
    "ItemStore",
    "Linked",
    "Outbox",
    "Read",
    "Reader",
    "Store",
    "StoryEdits",
    "StoryStore",
    "Tx",
    "UnsubscriptionStore",
    "UpdateStore",
]
