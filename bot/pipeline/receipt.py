"""The coverage receipt of a digest, and which of its topics have far more stories than usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core import coverage, volume
from bot.core.advice import AdvicePolicy, borderline
from bot.core.profile import TopicProfile
from bot.model import DigestSpec, Receipt, Volume, Window
from bot.pipeline.deps import Deps
from bot.ports import Tx


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What was read for a digest, whichever channel it goes to."""

    receipt: Receipt
    volumes: tuple[Volume, ...]


def covered(deps: Deps, tx: Tx, spec: DigestSpec, window: Window) -> Coverage:
    """Reads only; the database does the counting."""
    notices = [notice for notice in tx.feeds.notices(window.start) if notice.at <= window.end]
    receipt = coverage.receipt(
        deps.feeds.values(),
        tx.feeds.states(),
        notices,
        window,
        items=tx.coverage.items_read(window),
        minutes=tx.coverage.minutes_waited(window),
        pauses=tx.coverage.pauses(window),
    )
    return Coverage(receipt=receipt, volumes=_volumes(deps, tx, spec.topics, window))


def _volumes(deps: Deps, tx: Tx, topics: Sequence[str], window: Window) -> tuple[Volume, ...]:
    profiles = {each.topic.id: each for each in deps.judge.profiles if each.topic.id in topics}
    stories = _stories(tx, {topic: profile.version for topic, profile in profiles.items()}, window)
    # Nearly always nothing is left to be looked at.
    many = (topic for topic in topics if stories[topic] >= volume.LEAST_STORIES)
    found = (_volume(tx, profiles[topic], window) for topic in many)
    return tuple(each for each in found if each)


def _volume(tx: Tx, profile: TopicProfile, window: Window) -> Volume | None:
    topic = profile.topic
    whole = Window(start=window.start - volume.REFERENCE, end=window.end)
    found = tx.coverage.sightings({topic.id: profile.version}, whole)
    before = volume.reference(window, found[0].seen_at)
    if before is None:
        # The topic may have been quiet until then; whether it was judged already is dear to ask.
        begins = tx.drift.begins(borderline(profile, AdvicePolicy()), whole.start)
        before = volume.reference(window, begins) if begins else None
    if before is None:
        return None
    new = tx.coverage.added_after(before.start)
    seen = [(each.seen_at, each.story_id) for each in found if each.feed_id not in new]
    usual = volume.usual(window, before, seen)
    if usual is None:
        return None
    return Volume(topic_id=topic.id, topic=topic.title, stories=volume.stories(seen, window), usual=usual)


def _stories(tx: Tx, versions: Mapping[str, str], window: Window) -> Counter[str]:
    """Topic → its stories in a window."""
    found = {(each.topic_id, each.story_id) for each in tx.coverage.sightings(versions, window)}
    return Counter(topic_id for topic_id, _ in found)
