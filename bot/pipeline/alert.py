"""Alert: tell each channel at once what a rule finds urgent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.core.alerts import (
    BUDGET_SPAN,
    WAITS_AT_MOST,
    Standing,
    keyword_test,
    looks_back,
    outcome,
    select_alerts,
    spent,
    still_waiting,
)
from bot.core.quiet import quiet_at
from bot.core.select import Selection
from bot.core.telling import Background
from bot.core.text import digest as text_hash
from bot.model import AlertRule, Becomes, Story, Telling
from bot.pipeline.deps import Deps
from bot.pipeline.telling import background, background_of, decide, write_down
from bot.ports import Tx


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What a rule makes of a story for one channel."""

    rule: str
    channel: str
    text: str
    becomes: Becomes
    at: datetime | None = None
    """When it was told, or will be where that is known."""


def alert(deps: Deps, since: datetime | None = None) -> int:
    """Put an alert into the outbox for every story that a rule finds urgent. Returns how many messages.

    ``since``: look only at stories that were touched since then, and at those that wait; by default at all
    that are young enough for the rule. So what was just judged costs no more, the more the day has brought.
    """
    count = 0
    shared = background(deps)
    for rule in deps.alerts:
        if quiet_at(rule.quiet, rule.timezone, deps.clock.now()):
            continue
        for channel in rule.channels:
            count += (
                deps.guard(f"alerts {rule.name}", partial(_alert, deps, rule, channel, shared, since)) or 0
            )
    return count


def why_alerted(deps: Deps, tx: Tx, story: Story) -> Sequence[Reason]:
    """What each rule makes of a story, for each of its channels, as things stand now."""
    reasons = []
    for rule in deps.alerts:
        keywords = keyword_test(rule, deps.judge.lexicon)
        for channel in rule.channels:
            _, standing = _standing(deps, tx, channel, [story], deps.clock.now())
            against = background_of(deps, tx, channel)
            becomes, text, at = outcome(rule, story, standing, against, keywords)
            reasons.append(Reason(rule=rule.name, channel=channel, text=text, becomes=becomes, at=at))
    return reasons


def would_alert(deps: Deps, tx: Tx, rule: AlertRule, channel: str) -> int:
    """How many stories the rule would tell the channel now, or note for later. Writes nothing."""
    now = deps.clock.now()
    touched = tx.stories.touched(rule.topics, looks_back(rule, now))
    stories, standing = _standing(deps, tx, channel, touched, now)
    keywords = keyword_test(rule, deps.judge.lexicon)
    alerts = select_alerts(rule, channel, stories, standing, background_of(deps, tx, channel), keywords)
    return sum(len(each.tellings) for each in alerts.selections) + len(alerts.waiting)


def _alert(deps: Deps, rule: AlertRule, channel: str, shared: Background, since: datetime | None) -> int:
    with deps.store.begin() as tx:
        return _compose_alerts(deps, tx, rule, channel, shared, since)


def _compose_alerts(
    deps: Deps, tx: Tx, rule: AlertRule, channel: str, shared: Background, since: datetime | None
) -> int:
    now = deps.clock.now()
    touched = tx.stories.touched(rule.topics, looks_back(rule, now, since))
    stories, standing = _standing(deps, tx, channel, touched, now)
    if not stories:
        return 0
    keywords = keyword_test(rule, deps.judge.lexicon)
    against = background_of(deps, tx, channel, shared)
    decide(tx, rule.topics, stories, standing.told, against, now)
    alerts = select_alerts(rule, channel, stories, standing, against, keywords)
    tx.outbox.add((), alerts.waiting)
    return sum(
        write_down(deps, tx, channel, _threaded(tx, channel, each), _key(rule, channel, each, standing), now)
        for each in alerts.selections
    )


def _standing(
    deps: Deps, tx: Tx, channel: str, touched: Sequence[Story], now: datetime
) -> tuple[Sequence[Story], Standing]:
    """How the channel stands, and beside the stories given those that wait.

    What was told is asked first: from then on nobody else tells this channel anything before we are done.
    """
    rules = [rule.name for rule in deps.alerts]
    notes = tx.alerts.waiting(channel, rules, now - WAITS_AT_MOST)
    notes = list(still_waiting(notes, tx.outbox.told(channel, [note.story_id for note in notes])).values())
    stories = {story.id: story for story in touched}
    notes = _led(tx, notes, stories)
    told = tx.outbox.told(channel, list(stories))
    # Not what a clock told that was ahead: it would spend the budget until that time has come.
    lately = [each for each in tx.alerts.told_since(channel, rules, now - BUDGET_SPAN) if each.told_at <= now]
    known = _whole(tx, (telling.story_id for telling in lately), stories)
    return list(stories.values()), Standing(
        now=now,
        told=told,
        waiting=still_waiting(notes, told),
        spent=spent(deps.alerts, lately, known),
        digests=frozenset(
            topic for spec in deps.digests.values() if channel in spec.channels for topic in spec.topics
        ),
        timezone=deps.timezone,
    )


def _led(tx: Tx, notes: Sequence[Telling], stories: dict[str, Story]) -> Sequence[Telling]:
    """The notes, each of the story that it is part of now; adds those stories."""
    led = []
    for note in notes:
        story = stories.get(note.story_id) or tx.stories.get(note.story_id)
        if story is not None:
            stories[story.id] = story
            led.append(replace(note, story_id=story.id))
    return led


def _whole(tx: Tx, ids: Iterable[str], known: dict[str, Story]) -> dict[str, Story]:
    """Id → story, for those ids that still lead to one."""
    found = {story_id: known.get(story_id) or tx.stories.get(story_id) for story_id in ids}
    return {story_id: story for story_id, story in found.items() if story is not None}


def _threaded(tx: Tx, channel: str, selection: Selection) -> Selection:
    """An update knows where its story's first alert stands; a message of several stories has no thread."""
    if len(selection.tellings) > 1 or selection.tellings[0].revision == 1:
        return selection
    thread = tx.outbox.receipts(channel, selection.tellings[0].story_id)
    return replace(selection, digest=replace(selection.digest, thread=thread))


def _key(rule: AlertRule, channel: str, selection: Selection, standing: Standing) -> str:
    """The same for the same stories told as often, whenever they are composed; another one once they waited.

    For what waits may have been in a message that was given up, whose key no second one can have.
    """
    told = [(telling.story_id, str(telling.revision)) for telling in selection.tellings]
    waited = (standing.waiting.get(telling.story_id) for telling in selection.tellings)
    told += [("since", note.told_at.isoformat()) for note in waited if note]
    return text_hash((rule.name, channel, *(part for each in told for part in each)), size=16)
