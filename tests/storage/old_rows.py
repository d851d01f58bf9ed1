"""Rows for every table of every revision, with all columns that any of them ever had.

Frozen like the migrations: a row is put in with the columns that its table has in a revision. A column or
table that is new belongs here too; ``test_migrations`` says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

THEN = datetime(2026, 6, 16, 8, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
LETTER = b"From: bot\r\n\r\n\x00\xff bytes"
TOLD = {"parties": ["Skerry Lines"], "figures": ["$2 million"], "status": "confirmed"}


def _feed(feed_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "feed_id": feed_id,
        "title": feed_id.title(),
        "tags": ["primary"],
        "configured_url": f"https://{feed_id}.example/rss",
        "configured": True,
        "enabled": True,
        "url": f"https://{feed_id}.example/rss",
        "next_poll_at": THEN + HOUR,
        "etag": '"7"',
        "modified": "Tue, 16 Jun 2026 06:00:00 GMT",
        "body_hash": "hash of a body",
        "rhythm": 3_600_000_000,
        "failures": 1,
        "failing_since": THEN - HOUR,
        "last_polled_at": THEN,
        "last_ok_at": THEN - HOUR,
        "last_full_at": THEN - 2 * HOUR,
        "last_result": "304",
        "disabled": None,
        "leased_until": None,
        "last_new_at": THEN - 3 * HOUR,
        "moving_to": "https://new.example/rss",
        "moving_since": THEN,
        "trouble_since": THEN,
        "seen": b"",
        "read_whole": True,
        "published": [1781596800],
        "hints": {"ttl": 60, "skip_hours": [1], "skip_days": []},
        "quiet": 2,
        "trouble": "failing",
        "added_at": THEN,
    } | changes


def _item(item_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": item_id,
        "feed_id": "harbor",
        "url": f"https://harbor.example/{item_id}?from=feed",
        "canonical_url": f"https://harbor.example/{item_id}",
        "title": "Skerry Lines orders a ferry",
        "summary": "It takes 90 cars – über den Sund.",
        "body": "The whole text.",
        "author": "A. Writer",
        "language": "en",
        "published": THEN - HOUR,
        "seen_at": THEN,
        "content_hash": f"hash of {item_id}",
        "keys": [f"guid:{item_id}"],
        "baseline": False,
        "folded": "skerry lines orders a ferry\nit takes 90 cars – über den sund.",
        "revised": 1,
        "judged_at": THEN,
        "kept": True,
    } | changes


def _placement(position: int, item_id: str, story_id: str) -> dict[str, Any]:
    return {
        "position": position,
        "item_id": item_id,
        "story_id": story_id,
        "opens": True,
        "copy_of": None,
        "similarity": 0.75,
        "because": "same title",
        "merges": [],
        "placed_at": THEN,
        "placed_in": None,
    }


def _delivery(position: int, state: str, **changes: Any) -> dict[str, Any]:
    return {
        "position": position,
        "key": f"key-{position}",
        "channel": "folder",
        "recipient": "reader@example.com",
        "origin": "daily",
        "subject": "Harbor news",
        "content_type": "message/rfc822",
        "body": LETTER,
        "body_hash": hashlib.sha256(LETTER).hexdigest(),
        "stories": ["story-1"],
        "created_at": THEN,
        "due_at": THEN,
        "state": state,
        "attempt": 1,
        "leased_until": None,
        "note": "250 ok",
        "sent_at": THEN,
        "kind": "digest",
        "unanswered": False,
    } | changes


ROWS: Mapping[str, Sequence[dict[str, Any]]] = {
    "feeds": [_feed("harbor"), _feed("gone", disabled="410", leased_until=THEN, rhythm=None)],
    "notices": [{"position": 1, "feed_id": "harbor", "kind": "failing", "text": "for a day", "at": THEN}],
    "items": [
        _item("item-1"),
        _item("item-2", baseline=True, language=None, published=None),
        _item("item-3", judged_at=None),
        _item("item-4", summary="", body="", kept=False, folded="skerry lines orders a ferry\n"),
    ],
    "identities": [
        {"key": "guid:item-1", "item_id": "item-1", "last_seen_at": THEN},
        {"key": "url:item-1", "item_id": "item-1", "last_seen_at": THEN},
    ],
    "verdicts": [
        {
            "item_id": "item-1",
            "topic_id": "ferries",
            "score": 0.8,
            "matched": True,
            "threshold": 0.5,
            "shares": [{"signal": "query", "share": 1.25, "detail": "“ferry” in the title"}],
            "nearest": {"exemplar": "new-ferry", "similarity": 0.7, "relation": "follow-up"},
            "spans": [{"field": "title", "start": 2, "end": 6, "term": "ferry"}],
            "profile_version": "v1",
            "judged_at": THEN,
        }
    ],
    "stories": [
        {"id": "story-1", "first_seen": THEN - HOUR, "last_seen": THEN, "muted_at": None},
        {"id": "story-2", "first_seen": THEN - HOUR, "last_seen": THEN, "muted_at": THEN},
        {"id": "story-3", "first_seen": THEN - HOUR, "last_seen": THEN, "muted_at": None},
    ],
    "redirects": [
        {"story_id": "story-3", "survivor": "story-1", "texts": 1, "survivor_texts": 1, "at": THEN}
    ],
    "story_edits": [
        {
            "position": 1,
            "kind": "merge",
            "story_id": "story-1",
            "other": "story-3",
            "items": ["item-4"],
            "at": THEN,
            "by": "ann",
            "because": "the same order",
        }
    ],
    "kept_apart": [
        {"story_id": "story-1", "other": "story-2"},
        {"story_id": "story-2", "other": "story-1"},
    ],
    "placements": [
        _placement(1, "item-1", "story-1"),
        _placement(2, "item-2", "story-2"),
        _placement(3, "item-4", "story-1") | {"placed_in": "story-3", "copy_of": "item-1", "opens": False},
    ],
    "deliveries": [
        _delivery(1, "sent"),
        _delivery(2, "dead", sent_at=None, origin="urgent", kind="alert", unanswered=True),
        _delivery(3, "pending", sent_at=None, attempt=0, recipient="waiting.eml"),
    ],
    "delivered_stories": [
        {"story_id": "story-1", "delivery_key": "key-1"},
        {"story_id": "story-1", "delivery_key": "key-2"},
    ],
    "destinations": [
        {
            "channel": "mail",
            "leased_until": THEN,
            "disabled_at": THEN,
            "disabled_why": "535 wrong password",
            "fingerprint": "f",
            "paused_until": THEN,
            "paused_why": "429",
        }
    ],
    "alarms": [
        {
            "channel": "mail",
            "cause": "disabled",
            "text": "wrong password",
            "raised_at": THEN,
            "told_at": THEN,
            "over_at": None,
        }
    ],
    "part_alarms": [
        {
            "part": "channel",
            "subject": "mail",
            "cause": "disabled",
            "text": "wrong password",
            "raised_at": THEN,
            "told_at": THEN,
            "over_at": None,
        }
    ],
    "tellings": [
        {
            "channel": "folder",
            "story_id": "story-1",
            "revision": 1,
            "told_at": THEN,
            "origin": "daily",
            "title": "Skerry Lines orders a ferry",
            "sources": 2,
            "facts": TOLD,
        }
    ],
    "slots": [
        {"digest": "daily", "at": THEN, "taken_at": THEN, "time_of_day": "2026-06-16T08:00"},
        {"digest": "daily", "at": THEN - 24 * HOUR, "taken_at": THEN, "time_of_day": None},
    ],
    "unsubscriptions": [{"channel": "mail", "address": "ann@example.com", "at": THEN}],
    "answers": [
        {
            "position": 1,
            "id": "answer-1",
            "item_id": "item-1",
            "topic_id": "ferries",
            "yes": True,
            "note": "exactly this",
            "title": "Skerry Lines orders a ferry",
            "summary": "It takes 90 cars.",
            "body": "The whole text.",
            "language": "en",
            "answered_at": THEN,
            "adopted_at": THEN,
            "withdrawn_at": THEN,
        }
    ],
    "advice": [
        {
            "position": 1,
            "content_hash": "hash of item-1",
            "profile_version": "v1",
            "advisor": "model",
            "asked_at": THEN,
            "state": "answered",
            "on_topic": True,
            "confidence": 0.9,
            "reason": "a ferry",
            "until": THEN,
        }
    ],
    "update_decisions": [
        {
            "position": 1,
            "channel": "folder",
            "story_id": "story-1",
            "at": THEN,
            "revision": 1,
            "material": False,
            "reasons": ["the same facts"],
        }
    ],
    "in_force": [{"part": "feed", "name": "harbor", "content": {"url": "x"}, "since": THEN}],
    "pauses": [{"start": THEN - HOUR, "end": THEN}],
    # Of no format that grouping knows: it makes its memory anew.
    "grouping": [
        {
            "id": 1,
            "format": 0,
            "turn": 3,
            "articles": 2,
            "clock": 20_620.5,
            "latest": 20_620.5,
            "newest": "item-2",
            "opened": 2,
        }
    ],
    "words": [{"key": -7, "found_in": 2, "capital": 1, "small": 1, "holders": "item-1:9", "last": 20_620.5}],
    "open_stories": [
        {"story_id": "story-1", "first": 20_620.0, "last": 20_620.5, "grown": 20_620.5, "opened": 1}
    ],
    "traces": [{"position": 1, "item_id": "item-1", "story_id": "story-1", "trace": b"\x00\x01"}],
}
