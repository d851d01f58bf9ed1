"""What a channel was told of a story made of several: what it heard of either part counts for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.facts import remembered
from bot.model import Telling


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A story that became part of another one, or that other one by itself."""

    texts: int
    """How many texts it had by itself when the two were put together."""
    since: datetime | None = None
    """When it became part of the other; ``None`` for that other one."""


def united(story_id: str, made_of: Sequence[tuple[Part, Telling | None]]) -> Telling | None:
    """What counts as told of the whole, from what each part was last told as; ``None`` for nothing.

    The highest revision, the title first told (mail threads by it), all facts. What a part only waits with
    (revision 0) was not told. The sources of an untold part count as told all the same: that two stories are
    one is no growth. Its facts do not: whoever heard of one part only may hear what is new in the other.
    """
    heard = [(part, told if told and told.revision > 0 else None) for part, told in made_of]
    known = sorted((told for _, told in heard if told), key=lambda told: (told.told_at, told.story_id))
    if not known:
        return None
    facts = known[0].facts
    for later in known[1:]:
        facts = remembered(facts, later.facts)
    return replace(
        known[-1],
        story_id=story_id,
        revision=max(told.revision for told in known),
        title=known[0].title,
        facts=facts,
        sources=_sources(heard),
    )


def _sources(heard: Sequence[tuple[Part, Telling | None]]) -> int:
    """Of a part that was put in before the whole was told last, nothing is added."""
    last = max((told.told_at for part, told in heard if told and not part.since), default=None)
    return sum(
        told.sources if told else part.texts
        for part, told in heard
        if not (part.since and last and last > part.since)
    )
