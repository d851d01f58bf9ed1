"""What digests and alerts have in common: stories in words, messages written down with what they tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial

from bot.core.earlier import LOOKED_BACK, candidates, closest
from bot.core.facts import story_facts
from bot.core.features import Features, features_of
from bot.core.select import WAITING, Selection
from bot.core.telling import Background, chief_of, weighed
from bot.model import Delivery, Digest, Earlier, Facts, Item, Rendered, Story, Telling
from bot.pipeline.deps import Deps
from bot.pipeline.unsubscribe import wanted
from bot.ports import Tx

_REMEMBERED = 5000
"""Tellings that a new story is held against at most: a busy channel's of some months."""


def background(deps: Deps) -> Background:
    """What stories are told against, whoever is told."""
    return Background(topics=deps.topics, exemplars=deps.exemplars, facts=_stated(deps))


def background_of(deps: Deps, tx: Tx, channel: str, against: Background | None = None) -> Background:
    """The same for one channel: new stories also stand against what it was told before.

    ``against``: what several channels share, so that each story is read once for all of them.
    """
    return replace(against or background(deps), earlier=_Memory(deps, tx, channel).closest)


def decide(
    tx: Tx,
    topics: Sequence[str],
    stories: Sequence[Story],
    told: Mapping[str, Telling],
    against: Background,
    now: datetime,
) -> None:
    """Write down of stories that a channel was told whether they have news for it, and why."""
    known = ((story, told[story.id]) for story in stories if story.id in told)
    decided = [
        decision
        for story, telling in known
        if telling.revision > WAITING and (decision := weighed(story, topics, telling, against, now))
    ]
    tx.updates.record(decided)


def _stated(deps: Deps) -> Callable[[Story], Facts]:
    """The facts of stories, read once a story however often they are asked for."""
    known: dict[tuple[tuple[str, str], ...], Facts] = {}

    def facts(story: Story) -> Facts:
        key = tuple((member.item.id, member.item.content_hash) for member in story.members)
        if key not in known:
            known[key] = story_facts(story, deps.judge.lexicon)
        return known[key]

    return facts


class _Memory:
    """What a channel was told in the past half year, read when it is first asked for."""

    def __init__(self, deps: Deps, tx: Tx, channel: str) -> None:
        self._deps, self._tx, self._channel = deps, tx, channel

    def closest(self, story: Story, facts: Facts) -> Earlier | None:
        """The told story that a new one stands closest to."""
        chief = chief_of(story)
        item = self._features(chief.item)
        read = []
        for telling in candidates(chief.item.title, facts, self._told):
            before = self._tx.stories.get(telling.story_id)
            if before is not None and before.id != story.id:
                read.append((telling, self._features(chief_of(before).item)))
        return closest(item, read)

    @cached_property
    def _told(self) -> Sequence[Telling]:
        since = self._deps.clock.now() - LOOKED_BACK
        return self._tx.updates.heard(self._channel, since, _REMEMBERED)

    def _features(self, item: Item) -> Features:
        return features_of(item, self._deps.judge.lexicon)


def write_down(deps: Deps, tx: Tx, channel: str, selection: Selection, key: str, now: datetime) -> int:
    """Remembered as told is what a message shows: the rest waits for the next one.

    Also where nobody is left who wants it: who comes back gets what is new then.
    """
    rendered = _rendered(deps, channel, selection.digest, key)
    shown = {story for each in rendered for story in each.stories}
    deliveries = [
        Delivery(
            key=each.key,
            channel=channel,
            recipient=each.recipient,
            origin=selection.digest.name,
            kind=selection.digest.kind,
            message=each.message,
            stories=each.stories,
            created_at=now,
            due_at=now,
        )
        for each in wanted(tx, channel, rendered)
    ]
    new = tx.outbox.add(deliveries, [told for told in selection.tellings if told.story_id in shown])
    return sum(not each.alternative for each in rendered) if new else 0


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
