"""What digests and alerts have in common: stories in words, messages written down with what they tell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot.core.facts import story_facts
from bot.core.select import Selection
from bot.core.telling import Background
from bot.model import Delivery, Digest, Rendered
from bot.pipeline.deps import Deps
from bot.ports import Tx


def background(deps: Deps) -> Background:
    """What stories are told against."""
    return Background(
        topics=deps.topics,
        exemplars=deps.exemplars,
        facts=lambda story: story_facts(story, deps.judge.lexicon),
    )


def write_down(deps: Deps, tx: Tx, channel: str, selection: Selection, key: str, now: datetime) -> int:
    """Remembered as told is what a message shows: the rest waits for the next one."""
    rendered = _rendered(deps, channel, selection.digest, key)
    shown = {story for each in rendered for story in each.stories}
    deliveries = [
        Delivery(
            key=each.key,
            channel=channel,
            recipient=each.recipient,
            origin=selection.digest.name,
            message=each.message,
            stories=each.stories,
            created_at=now,
            due_at=now,
        )
        for each in rendered
    ]
    return tx.outbox.add(deliveries, [told for told in selection.tellings if told.story_id in shown])


def _rendered(deps: Deps, channel: str, digest: Digest, key: str) -> Sequence[Rendered]:
    """What a channel makes of a digest. A story that can't be rendered is left out, and so stays untold."""

    def render(some: Digest) -> Sequence[Rendered] | None:
        return deps.guard(
            f"rendering {digest.name} for {channel}", partial(deps.channels[channel].render, some, key)
        )

    whole = render(digest)
    if whole is not None:
        return whole
    sound = {story.id for story in digest.stories if render(_only(digest, {story.id})) is not None}
    return (render(_only(digest, sound)) if sound else None) or ()


def _only(digest: Digest, ids: Collection[str]) -> Digest:
    """The digest with these stories and no others."""
    sections = (
        replace(section, stories=tuple(story for story in section.stories if story.id in ids))
        for section in digest.sections
    )
    return replace(digest, sections=tuple(each for each in sections if each.stories), also_seen=())
