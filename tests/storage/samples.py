"""Rows to store: complete records in which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model import (
    Delivery,
    Facts,
    Feed,
    Item,
    Judgement,
    Message,
    Nearest,
    Placement,
    Relation,
    Share,
    Span,
    Telling,
    Verdict,
)

NOW = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def feed(feed_id: str = "wire", **changes: Any) -> Feed:
    return Feed(
        **{"id": feed_id, "url": f"https://{feed_id}.example/feed.xml", "title": feed_id.title()} | changes
    )


def item(item_id: str = "aaaaaa01", **changes: Any) -> Item:
    given: dict[str, Any] = {
        "id": item_id,
        "feed_id": "wire",
        "url": f"https://www.wire.example/{item_id}?utm_source=feed",
        "canonical_url": f"https://wire.example/{item_id}",
        "title": "A chip is announced",
        "summary": "In two sentences.",
        "body": "In many more.",
        "author": "A. Writer",
        "language": "en",
        "published": NOW - HOUR,
        "seen_at": NOW,
        "content_hash": f"hash of {item_id}",
        "keys": (f"key of {item_id}",),
    }
    return Item(**given | changes)


def verdict(item_id: str = "aaaaaa01", topic_id: str = "silicon", **changes: Any) -> Verdict:
    given: dict[str, Any] = {
        "item_id": item_id,
        "topic_id": topic_id,
        "score": 0.8,
        "matched": True,
        "threshold": 0.5,
        "shares": (Share(signal="query", share=1.25, detail="“chip” in the title"),),
        "nearest": Nearest(exemplar="launch", similarity=0.7, relation=Relation.FOLLOW_UP),
        "spans": (Span(field="title", start=2, end=6, term="chip"),),
        "profile_version": "v1",
    }
    return Verdict(**given | changes)


def judgement(item_id: str = "aaaaaa01", *verdicts: Verdict, content_hash: str = "") -> Judgement:
    """Verdicts on the text that :func:`item` gives an item."""
    return Judgement(
        item_id=item_id, content_hash=content_hash or f"hash of {item_id}", verdicts=tuple(verdicts)
    )


def placement(item_id: str = "aaaaaa01", story_id: str = "story-1", **changes: Any) -> Placement:
    given: dict[str, Any] = {
        "item_id": item_id,
        "story_id": story_id,
        "opens": False,
        "similarity": 0.75,
        "because": "same title",
    }
    return Placement(**given | changes)


def delivery(key: str = "key-1", **changes: Any) -> Delivery:
    given: dict[str, Any] = {
        "key": key,
        "channel": "mail",
        "recipient": "reader@example.com",
        "origin": "morning",
        "message": Message(subject="Good news", content_type="message/rfc822", body=b"\x00\xff bytes"),
        "stories": ("story-1",),
        "created_at": NOW,
        "due_at": NOW,
    }
    return Delivery(**given | changes)


def telling(story_id: str = "story-1", **changes: Any) -> Telling:
    given: dict[str, Any] = {
        "channel": "mail",
        "story_id": story_id,
        "revision": 1,
        "told_at": NOW,
        "origin": "morning",
        "title": "A chip is announced",
        "sources": 2,
        "facts": Facts(parties=("Meta", "Broadcom"), figures=("$2 billion",), status="confirmed"),
    }
    return Telling(**given | changes)
