"""A digest as the JSON event that webhooks and files carry. ``webhook.schema.json`` describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.render import LIST, Cut, Detail
from bot.core.text import shorten
from bot.model import (
    Digest,
    Earlier,
    Latency,
    NamedFeed,
    NearMiss,
    Notice,
    Receipt,
    Source,
    ToldStory,
    Volume,
)

# Version of the body's shape: raised when a key changes its meaning or goes, not when one is added.
VERSION = 1
_TYPES = {"digest": "digest.ready", "alert": "alert.raised", "alarm": "alarm.raised"}


def event(cut: Cut) -> str:
    """Minified JSON with a fixed order of keys."""
    digest = cut.digest
    body = {
        "type": _TYPES[digest.kind],
        "timestamp": stamp(digest.window.end),
        "data": _data(digest, cut),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def stamp(moment: datetime) -> str:
    """``2026-11-22T08:00:00Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _data(digest: Digest, cut: Cut) -> Mapping[str, Any]:
    return {
        "version": VERSION,
        "name": digest.name,
        "title": digest.title,
        "window": {
            "start": stamp(digest.window.start),
            "end": stamp(digest.window.end),
            "timezone": digest.timezone,
        },
        "late": digest.late,
        "sections": [
            {"title": section.title, "stories": [_story(story, cut.detail) for story in section.stories]}
            for section in digest.sections
        ],
        "also_seen": [{"id": story.id, "title": story.title, "url": story.url} for story in digest.also_seen],
        "not_shown": cut.left_out,
        "quiet_topics": list(digest.quiet_topics),
        "volumes": [_volume(each) for each in digest.volumes],
        "receipt": _receipt(digest.receipt, cut.left_out) if digest.receipt else None,
        "near_misses": [_near_miss(missed) for missed in digest.near_misses],
        "notices": [_notice(notice) for notice in digest.notices[-LIST:]],
    }


def _story(story: ToldStory, detail: Detail) -> Mapping[str, Any]:
    return {
        "id": story.id,
        "revision": story.revision,
        "status": story.status,
        "title": story.title,
        "url": story.url,
        "lead": shorten(story.lead, detail.lead),
        "topics": list(story.topics),
        "score": round(story.score, 4),
        "items": story.items,
        "sources_count": len(story.sources),
        "sources": [_source(source) for source in story.sources[: detail.sources]],
        "facts": {
            "parties": list(story.facts.parties[: detail.values]),
            "chips": list(story.facts.chips[: detail.values]),
            "figures": list(story.facts.figures[: detail.values]),
            "status": story.facts.status,
        },
        "news": list(story.news[: detail.news]),
        "news_since": stamp(story.news_since) if story.news_since else None,
        "because": list(story.because[: detail.reasons]),
        "relation": story.relation,
        "earlier": _earlier(story.earlier) if story.earlier else None,
        "first_seen": stamp(story.first_seen),
        "published": stamp(story.published) if story.published else None,
    }


def _earlier(earlier: Earlier) -> Mapping[str, Any]:
    return {
        "story": earlier.story_id,
        "relation": earlier.words,
        "title": earlier.title,
        "told_at": stamp(earlier.told_at),
    }


def _source(source: Source) -> Mapping[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "url": source.url,
        "published": stamp(source.published) if source.published else None,
        "primary": source.primary,
        "copies": source.copies,
    }


def _near_miss(missed: NearMiss) -> Mapping[str, Any]:
    return {
        "item": missed.item_id,
        "title": missed.title,
        "url": missed.url,
        "source": missed.source,
        "topic": missed.topic_id,
        "score": round(missed.score, 4),
        "threshold": round(missed.threshold, 4),
    }


def _notice(notice: Notice) -> Mapping[str, Any]:
    return {"at": stamp(notice.at), "feed": notice.feed_id, "kind": notice.kind, "text": notice.text}


def _volume(volume: Volume) -> Mapping[str, Any]:
    return {
        "topic": volume.topic_id,
        "title": volume.topic,
        "stories": volume.stories,
        "usual": round(volume.usual, 2),
    }


def _receipt(receipt: Receipt, not_shown: int) -> Mapping[str, Any]:
    return {
        "feeds": receipt.feeds,
        "feeds_polled": receipt.feeds_polled,
        "feeds_failing": _names(receipt.feeds_failing),
        "feeds_silent": _names(receipt.feeds_silent),
        "feeds_rolled_over": _names(receipt.feeds_rolled_over),
        "pauses": [
            {"start": stamp(pause.start), "end": stamp(pause.end)} for pause in receipt.pauses[-LIST:]
        ],
        "items_read": receipt.items_read,
        "latency": _latency(receipt.latency) if receipt.latency else None,
        "stories_matched": receipt.stories_matched,
        "stories_told": max(0, receipt.stories_told - not_shown),
        "waited": receipt.waited,
        "held_back": receipt.held_back + not_shown,
    }


def _names(feeds: Sequence[NamedFeed]) -> list[str]:
    """The first few, and how many more there are."""
    names = [feed.name for feed in feeds if feed.name][:LIST]
    rest = len(feeds) - len(names)
    return [*names, *([f"and {rest} more"] if rest else [])]


def _latency(latency: Latency) -> Mapping[str, int]:
    minute = timedelta(minutes=1)
    return {
        "items": latency.items,
        "p50_minutes": latency.half // minute,
        "p95_minutes": latency.most // minute,
    }
