"""Which stories a digest or an alert tells a channel, and what to write down about it.

A story is told once a channel, whatever tells it: digests and alerts share the memory of what was told. It is
told again only when it has grown by news (see ``bot.core.telling``). Nothing is dropped: a story that doesn't
fit a digest becomes one of its one-line mentions, one beyond an alert's budget waits for the digest, and what
a channel has no room for waits for the next message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.telling import LATE, NEW, UPDATED, Background, best_verdicts, is_late, newest, remember, tell
from bot.model import (
    AlertRule,
    Digest,
    DigestSpec,
    NearMiss,
    Notice,
    Receipt,
    Section,
    Story,
    Telling,
    ToldStory,
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
class Alerts:
    """One selection a story, the most important first."""

    selections: tuple[Selection, ...] = ()
    held_back: int = 0
    """Stories beyond the budget; the last alert says how many."""
    waiting: tuple[Telling, ...] = ()
    """For those of them that a digest will tell: revision 0, so that no later alert does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
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
    notices: Sequence[Notice] = (),
    near_misses: Sequence[NearMiss] = (),
) -> Selection | None:
    """The digest of a window for one channel: every matched story that the channel does not know yet.

    ``stories``: those touched in the window, in any order. ``told``: story id → what the channel was last
    told. ``None`` where there is nothing to tell and the digest isn't sent empty; ``notices`` about feeds
    and ``near_misses`` are nothing to tell by themselves.
    """
    chosen = _choose(spec.topics, stories, told, background)
    if not chosen and not spec.send_empty:
        return None
    matched = sum(bool(best_verdicts(story, spec.topics)) for story in stories)
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
        receipt=replace(receipt, stories_matched=matched) if receipt else None,
        notices=tuple(notices),
        near_misses=tuple(near_misses),
    )
    return Selection(digest=digest, tellings=tuple(each.telling(channel, spec.name, now) for each in chosen))


def select_alerts(
    rule: AlertRule,
    channel: str,
    stories: Sequence[Story],
    told: Mapping[str, Telling],
    background: Background,
    *,
    now: datetime,
    budget_left: int,
    digest_follows: bool = True,
    timezone: str = "UTC",
    receipt: Receipt | None = None,
) -> Alerts:
    """One alert a story, best first, as far as the budget goes.

    What is beyond it waits for the digest, if one follows on this channel, and else for the next budget.
    Left to the digest are also stories below the rule's score, stories whose newest article is older than
    its limit, and old articles that surfaced late. ``receipt`` stands on the last alert if some wait.
    """
    urgent = [
        story
        for story in stories
        if now - newest(story) <= rule.max_age and not is_late(story) and not _waits(story, told)
    ]
    chosen = [
        each for each in _choose(rule.topics, urgent, told, background) if each.story.score >= rule.min_score
    ]
    kept = chosen[: max(0, budget_left)]
    held_back = len(chosen) - len(kept)
    selections = [_alert(rule, channel, each, background, now, timezone) for each in kept]
    if held_back and selections:
        receipt = receipt or Receipt(feeds=0, feeds_failing=(), items_read=0, stories_matched=len(chosen))
        last = selections[-1]
        digest = replace(last.digest, receipt=replace(receipt, held_back=held_back))
        selections[-1] = replace(last, digest=digest)
    waiting = [
        replace(each.telling(channel, rule.name, now), revision=WAITING)
        for each in chosen[len(kept) :]
        if digest_follows and each.story.revision == 1
    ]
    return Alerts(selections=tuple(selections), held_back=held_back, waiting=tuple(waiting))


def _waits(story: Story, told: Mapping[str, Telling]) -> bool:
    return story.id in told and told[story.id].revision == WAITING


def _alert(
    rule: AlertRule, channel: str, chosen: _Chosen, background: Background, now: datetime, timezone: str
) -> Selection:
    story = chosen.story
    section = Section(title=background.title(chosen.topics[0]), stories=(story,))
    digest = Digest(
        kind="alert",
        name=rule.name,
        title=section.title,
        window=Window(start=min(story.first_seen, now), end=now),
        timezone=timezone,
        sections=(section,),
    )
    return Selection(digest=digest, tellings=(chosen.telling(channel, rule.name, now),))


def _choose(
    topics: Sequence[str], stories: Sequence[Story], told: Mapping[str, Telling], background: Background
) -> list[_Chosen]:
    """What there is to tell, in order: new, updated, late; then by number of sources and score."""
    told = {story_id: telling for story_id, telling in told.items() if telling.revision > WAITING}
    chosen = [
        _Chosen(story=fresh, topics=tuple(best_verdicts(story, topics)), before=told.get(story.id))
        for story in {story.id: story for story in stories}.values()
        if (fresh := tell(story, topics, told.get(story.id), background))
    ]
    return sorted(chosen, key=_importance)


def _importance(chosen: _Chosen) -> tuple[int, int, float, str]:
    story = chosen.story
    return (_STATUS_ORDER.index(story.status), -len(story.sources), -story.score, story.id)


def _sections(
    topics: Sequence[str], chosen: Sequence[_Chosen], background: Background
) -> tuple[Section, ...]:
    """One section a topic that has stories; a story stands under the topic it matches best."""
    under: dict[str, list[ToldStory]] = defaultdict(list)
    for each in chosen:
        under[each.topics[0]].append(each.story)
    return tuple(
        Section(title=background.title(topic), stories=tuple(under[topic]))
        for topic in topics
        if topic in under
    )


def _quiet(topics: Sequence[str], chosen: Sequence[_Chosen], background: Background) -> tuple[str, ...]:
    told = {topic for each in chosen for topic in each.topics}
    return tuple(background.title(topic) for topic in topics if topic not in told)
