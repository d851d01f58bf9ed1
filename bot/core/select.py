"""Which stories a digest tells a channel, and what to write down about it; ``core.alerts`` says it of alerts.

A story is told once a channel, whatever tells it: digests and alerts share the memory of what was told. It is
told again only when it has grown by news (see ``bot.core.telling``). Nothing is dropped: a story that doesn't
fit a digest becomes one of its one-line mentions, and what a channel
has no room for waits for the next message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.telling import LATE, NEW, UPDATED, Background, best_verdicts, remember, tell
from bot.model import (
    Digest,
    DigestSpec,
    NearMiss,
    Notice,
    Receipt,
    Section,
    Story,
    Telling,
    ToldStory,
    Volume,
    Window,
)

_STATUS_ORDER = (NEW, UPDATED, LATE)
WAITING = 0
"""Revision of a story that was beyond an alert's budget: noted, and not told yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """A digest for one channel, with what must be written down in the same transaction."""

    digest: Digest
    tellings: tuple[Telling, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A story that there is something to tell of."""

    story: ToldStory
    topics: tuple[str, ...]
    """Ids of the topics it matches, best first."""
    before: Telling | None

    def telling(self, channel: str, origin: str, now: datetime) -> Telling:
        return remember(self.story, self.before, channel, origin, now)


def select_digest(
    spec: DigestSpec,
    channel: str,
    window: Window,
    stories: Sequence[Story],
    told: Mapping[str, Telling],
    background: Background,
    *,
    now: datetime,
    late: bool = False,
    receipt: Receipt | None = None,
    waiting: Collection[str] = (),
    volumes: Sequence[Volume] = (),
    notices: Sequence[Notice] = (),
    near_misses: Sequence[NearMiss] = (),
) -> Selection | None:
    """The digest of a window for one channel: every matched story that the channel does not know yet.

    ``stories``: those touched in the window, and others that may be untold, in any order. ``told``: story
    id → what the channel was last told; ``waiting``: ids of those that an alert left for the digest.
    ``None`` where there is nothing to tell and the digest isn't sent empty; ``notices`` about feeds,
    ``volumes`` and ``near_misses`` are nothing to tell by themselves.
    """
    chosen = choose(spec.topics, stories, told, background)
    if not chosen and not spec.send_empty:
        return None
    news = {each.story.id for each in chosen}
    # Others are of an earlier window, looked at once more.
    matched = sum(
        story.id in news or (story.last_seen > window.start and bool(best_verdicts(story, spec.topics)))
        for story in stories
    )
    digest = Digest(
        kind="digest",
        name=spec.name,
        title=spec.title,
        window=window,
        timezone=spec.timezone,
        sections=_sections(spec.topics, chosen[: spec.max_stories], background),
        also_seen=tuple(each.story for each in chosen[spec.max_stories :]),
        quiet_topics=_quiet(spec.topics, chosen, background),
        late=late,
        receipt=receipt and _counting(receipt, matched, news, waiting),
        volumes=tuple(volumes),
        notices=tuple(notices),
        near_misses=tuple(near_misses),
    )
    return Selection(digest=digest, tellings=tuple(each.telling(channel, spec.name, now) for each in chosen))


def _counting(receipt: Receipt, matched: int, told: Collection[str], waiting: Collection[str]) -> Receipt:
    return replace(
        receipt,
        stories_matched=matched,
        stories_told=len(told),
        waited=sum(story_id in told for story_id in waiting),
    )


def choose(
    topics: Sequence[str], stories: Sequence[Story], told: Mapping[str, Telling], background: Background
) -> list[Chosen]:
    """What there is to tell, in order: new, updated, late; then by number of sources and score."""
    told = {story_id: telling for story_id, telling in told.items() if telling.revision > WAITING}
    chosen = [
        Chosen(story=fresh, topics=tuple(best_verdicts(story, topics)), before=told.get(story.id))
        for story in {story.id: story for story in stories}.values()
        if not story.muted and (fresh := tell(story, topics, told.get(story.id), background))
    ]
    return sorted(chosen, key=_importance)


def _importance(chosen: Chosen) -> tuple[int, int, float, str]:
    story = chosen.story
    return (_STATUS_ORDER.index(story.status), -len(story.sources), -story.score, story.id)


def _sections(topics: Sequence[str], chosen: Sequence[Chosen], background: Background) -> tuple[Section, ...]:
    """One section a topic that has stories; a story stands under the topic it matches best."""
    under: dict[str, list[ToldStory]] = defaultdict(list)
    for each in chosen:
        under[each.topics[0]].append(each.story)
    return tuple(
        Section(title=background.title(topic), stories=tuple(under[topic]))
        for topic in topics
        if topic in under
    )


def _quiet(topics: Sequence[str], chosen: Sequence[Chosen], background: Background) -> tuple[str, ...]:
    told = {topic for each in chosen for topic in each.topics}
    return tuple(background.title(topic) for topic in topics if topic not in told)
