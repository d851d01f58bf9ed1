"""Which stories are urgent enough for an alert, as far as the rule's budget goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.select import WAITING, Chosen, Selection, choose
from bot.core.telling import Background, is_late, newest
from bot.model import AlertRule, Digest, Receipt, Section, Story, Telling, Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Alerts:
    """One selection a story, the most important first."""

    selections: tuple[Selection, ...] = ()
    held_back: int = 0
    """Stories beyond the budget; the last alert says how many."""
    waiting: tuple[Telling, ...] = ()
    """For those of them that a digest will tell: revision 0, so that no later alert does."""


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
        each for each in choose(rule.topics, urgent, told, background) if each.story.score >= rule.min_score
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
    rule: AlertRule, channel: str, chosen: Chosen, background: Background, now: datetime, timezone: str
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
