"""Items, stories and deliveries for programs, and their topics for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.model import Answer, Delivery, Item, Story, Verdict


def matched(verdicts: Sequence[Verdict]) -> str:
    """``mtia 97%, chip-deals 61%``: the topics, each with its best score."""
    best: dict[str, float] = {}
    for verdict in verdicts:
        if verdict.matched:
            best[verdict.topic_id] = max(verdict.score, best.get(verdict.topic_id, 0.0))
    return ", ".join(f"{topic} {score:.0%}" for topic, score in best.items())


def scores(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Topic → score, of those that matched."""
    return {verdict.topic_id: verdict.score for verdict in verdicts if verdict.matched}


def spell_item(item: Item) -> dict[str, Any]:
    """An item without its identity keys."""
    return {key: value for key, value in asdict(item).items() if key != "keys"}


def spell_story(story: Story) -> dict[str, Any]:
    """A story with its items, without their texts."""
    return {
        "id": story.id,
        "muted": story.muted,
        "first_seen": story.first_seen,
        "last_seen": story.last_seen,
        "items": [
            {
                "id": member.item.id,
                "title": member.item.title,
                "url": member.item.url,
                "source": member.source,
                "copy_of": member.placement.copy_of,
                "because": member.placement.because,
                "similarity": member.placement.similarity,
                "merges": member.placement.merges,
                "topics": scores(member.verdicts),
            }
            for member in story.members
        ],
    }


def spell_answer(answer: Answer) -> dict[str, Any]:
    """An answer without the item that it is about."""
    told = ("id", "topic_id", "yes", "note", "answered_at", "adopted_at")
    return {name: getattr(answer, name) for name in told}


def spell_delivery(delivery: Delivery) -> dict[str, Any]:
    """A delivery without its bytes."""
    kept = asdict(delivery)
    del kept["message"]
    return kept | {"subject": delivery.message.subject}
