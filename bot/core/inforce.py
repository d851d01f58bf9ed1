"""What is in force, spelled for the database: digests, alert rules and the rest of a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.model import AlertRule, DigestSpec, Feed, InForce

DIGEST, ALERT, CHANNEL, TOPIC = "digest", "alert", "channel", "topic"
SETTINGS, FEEDS, PROCESS = "settings", "feeds", "process"
CONFIGURED = (DIGEST, ALERT, CHANNEL, TOPIC, SETTINGS, FEEDS)
"""All parts but the process."""

_DIGEST, _ALERT = TypeAdapter(DigestSpec), TypeAdapter(AlertRule)


def in_force(
    now: datetime,
    *,
    digests: Iterable[DigestSpec],
    alerts: Iterable[AlertRule],
    channels: Mapping[str, Mapping[str, Any]],
    topics: Mapping[str, str],
    settings: Mapping[str, Mapping[str, Any]],
    feeds: Iterable[Feed],
) -> Sequence[InForce]:
    """A configuration as it is written down.

    ``channels``: name → its type and a fingerprint of its options. ``topics``: id → version of its profile.
    ``settings``: table → what it says, without secrets. Of ``feeds`` only what the feeds' own table lacks.
    """
    paced = {feed.id: _pace(feed) for feed in feeds if feed.every or feed.language}
    parts: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
        **spelled(digests, alerts),
        CHANNEL: channels,
        TOPIC: {topic: {"profile": version} for topic, version in topics.items()},
        SETTINGS: settings,
        FEEDS: {"paced": paced},
    }
    return [
        InForce(part=part, name=name, content=dict(content), since=now)
        for part, named in parts.items()
        for name, content in named.items()
    ]


def spelled(
    digests: Iterable[DigestSpec], alerts: Iterable[AlertRule]
) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Part → name → what is written down of it."""
    return {
        DIGEST: {spec.name: _DIGEST.dump_python(spec, mode="json") for spec in digests},
        ALERT: {rule.name: _ALERT.dump_python(rule, mode="json") for rule in alerts},
    }


def process(pid: int, now: datetime) -> InForce:
    """The daemon that began just now."""
    return InForce(part=PROCESS, name="run", content={"pid": pid, "started": now.isoformat()}, since=now)


def digest_of(known: InForce) -> DigestSpec | None:
    """The digest as it was written down; ``None`` where another version of chipwatch wrote it otherwise."""
    try:
        return _DIGEST.validate_python(dict(known.content))
    except ValidationError:
        return None


def of_part(known: Iterable[InForce], part: str) -> Mapping[str, InForce]:
    """By name."""
    return {each.name: each for each in known if each.part == part}


def _pace(feed: Feed) -> Mapping[str, Any]:
    return {"every": feed.every.total_seconds() if feed.every else None, "language": feed.language}
