"""Digest and alert: choose what to tell each channel, render it, and write both down in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.core import cadence
from bot.core.facts import story_facts
from bot.core.letters import readable_parts
from bot.core.select import Selection, select_alerts, select_digest
from bot.core.telling import Background, best_verdicts, near_miss
from bot.core.text import digest as text_hash
from bot.model import (
    AlertRule,
    Delivery,
    Digest,
    DigestSpec,
    Message,
    NearMiss,
    Notice,
    Receipt,
    Rendered,
    Window,
)
from bot.pipeline.deps import Deps
from bot.ports import Tx

# Looked at once more beside the window: what was judged or edited after the last digest was composed, or
# waited for this one. The memory of what was told keeps everything else out.
_LOOK_BACK = timedelta(days=7)
# A digest that had no story for longer than this has had its reader look elsewhere.
_NOTICES_BACK = timedelta(days=30)
# Part of a threshold from which an item just missed it; how many such items are looked at for one to show.
_NEAR = 0.5
_NEAR_LOOKED_AT = 30
_BUDGET_SPAN = timedelta(hours=1)
_SUFFIXES = {
    "message/rfc822": ".eml",
    "application/json": ".json",
    "text/html": ".html",
    "text/plain": ".txt",
}


def compose_due(deps: Deps) -> int:
    """Compose every digest whose slot has come. Returns how many messages went into the outbox.

    A digest seen for the first time begins now: it owes nothing for slots before it was configured.
    """
    count = 0
    for spec in deps.digests.values():
        now = deps.clock.now()
        with deps.store.begin() as tx:
            last = tx.outbox.last_slot(spec.name)
            if last is None:
                tx.outbox.slot(spec.name, now, now)
        slot = cadence.due_slot(spec, last, now) if last else None
        if slot is not None:
            count += deps.guard(f"composing digest {spec.name}", partial(compose, deps, spec, slot)) or 0
    return count


def compose(deps: Deps, spec: DigestSpec, slot: datetime) -> int:
    """Compose one digest for every channel. Returns how many messages went into the outbox.

    The slot, the messages and the memory of what they tell are one transaction: killed at any point, the
    slot is either untouched or done. A slot that was taken before gives nothing.
    """
    now = deps.clock.now()
    count = 0
    with deps.store.begin() as tx:
        last = tx.outbox.last_slot(spec.name)
        if not tx.outbox.slot(spec.name, slot, now):
            return 0
        for channel in spec.channels:
            selection = _select(deps, tx, spec, channel, slot, last, now)
            if selection is not None:
                count += _write_down(deps, tx, channel, selection, _digest_key(spec, channel, slot), now)
    return count


def preview_digest(deps: Deps, spec: DigestSpec, slot: datetime) -> dict[str, bytes]:
    """What a digest would send, by file name; sends nothing and remembers nothing."""
    files: dict[str, bytes] = {}
    with deps.store.read() as tx:
        last = tx.outbox.last_slot(spec.name)
        for channel in spec.channels:
            selection = _select(deps, tx, spec, channel, slot, last, deps.clock.now())
            if selection is None:
                continue
            rendered = deps.channels[channel].render(selection.digest, _digest_key(spec, channel, slot))
            for number, each in enumerate(rendered, start=1):
                files |= readable_files(f"{spec.name}-{channel}-{number}", each.message)
    return files


def readable_files(stem: str, message: Message) -> dict[str, bytes]:
    """A message as files by name; a letter also as the HTML and the text that are read of it."""
    media_type = message.content_type.split(";")[0].strip()
    files = {f"{stem}{_SUFFIXES.get(media_type, '.bin')}": message.body}
    if media_type == "message/rfc822":
        files |= {f"{stem}{suffix}": part for suffix, part in readable_parts(message.body).items()}
    return files


def alert(deps: Deps) -> int:
    """Put an alert into the outbox for every story that a rule finds urgent. Returns how many messages."""
    count = 0
    for rule in deps.alerts:
        for channel in rule.channels:
            count += deps.guard(f"alerts {rule.name}", partial(_alert, deps, rule, channel)) or 0
    return count


def _alert(deps: Deps, rule: AlertRule, channel: str) -> int:
    with deps.store.begin() as tx:
        return _compose_alerts(deps, tx, rule, channel)


def _compose_alerts(deps: Deps, tx: Tx, rule: AlertRule, channel: str) -> int:
    now = deps.clock.now()
    stories = tx.stories.touched(rule.topics, now - rule.max_age)
    if not stories:
        return 0
    spent = tx.outbox.told_since(channel, rule.name, now - _BUDGET_SPAN)
    alerts = select_alerts(
        rule,
        channel,
        stories,
        tx.outbox.told(channel, [story.id for story in stories]),
        background(deps),
        now=now,
        budget_left=rule.budget - spent,
        digest_follows=any(
            channel in spec.channels and set(rule.topics) <= set(spec.topics)
            for spec in deps.digests.values()
        ),
        timezone=deps.timezone,
    )
    tx.outbox.add((), alerts.waiting)
    count = 0
    for selection in alerts.selections:
        (telling,) = selection.tellings
        key = text_hash((rule.name, channel, telling.story_id, str(telling.revision)), size=16)
        count += _write_down(deps, tx, channel, selection, key, now)
    return count


def _select(
    deps: Deps,
    tx: Tx,
    spec: DigestSpec,
    channel: str,
    slot: datetime,
    last: datetime | None,
    now: datetime,
) -> Selection | None:
    window = Window(start=cadence.window_start(spec, last, slot), end=slot)
    since = window.start - _LOOK_BACK if last else window.start
    stories = tx.stories.touched(spec.topics, since)
    return select_digest(
        spec,
        channel,
        window,
        stories,
        tx.outbox.told(channel, [story.id for story in stories]),
        background(deps),
        now=now,
        late=cadence.is_late(slot, now),
        receipt=_receipt(deps, tx, window),
        notices=_notices(tx, spec, channel, slot),
        near_misses=_near_misses(deps, tx, spec, window),
    )


def _notices(tx: Tx, spec: DigestSpec, channel: str, slot: datetime) -> list[Notice]:
    """About feeds, since the channel last got this digest: a window without stories isn't told of."""
    since = tx.outbox.last_composed(spec.name, channel, slot) or slot - _NOTICES_BACK
    return [notice for notice in tx.feeds.notices(max(since, slot - _NOTICES_BACK)) if notice.at <= slot]


def _near_misses(deps: Deps, tx: Tx, spec: DigestSpec, window: Window) -> list[NearMiss]:
    """Items of the window to ask about: none that was answered, or whose story is told anyway."""
    if not spec.near_misses:
        return []
    answered = {(answer.item_id, answer.topic_id) for answer in tx.feedback.answers()}
    found: dict[str, NearMiss] = {}
    for item, verdict in tx.items.missed(spec.topics, window, _NEAR, _NEAR_LOOKED_AT):
        placement = tx.stories.placement(item.id)
        story_id = placement.story_id if placement else item.id
        if (item.id, verdict.topic_id) in answered or story_id in found or _is_told(tx, spec, story_id):
            continue
        found[story_id] = near_miss(item, verdict, deps.topics)
        if len(found) == spec.near_misses:
            break
    return [*found.values()]


def _is_told(tx: Tx, spec: DigestSpec, story_id: str) -> bool:
    story = tx.stories.get(story_id)
    return story is not None and bool(best_verdicts(story, spec.topics))


def _receipt(deps: Deps, tx: Tx, window: Window) -> Receipt:
    states = tx.feeds.states()
    polled = [feed for feed in deps.feeds.values() if feed.enabled]
    failing = [
        feed.title or feed.url
        for feed in polled
        if feed.id in states and (states[feed.id].failures or states[feed.id].disabled)
    ]
    return Receipt(
        feeds=len(polled),
        feeds_failing=tuple(failing),
        items_read=tx.items.count_since(window.start),
        stories_matched=0,
    )


def background(deps: Deps) -> Background:
    """What stories are told against."""
    return Background(
        topics=deps.topics,
        exemplars=deps.exemplars,
        facts=lambda story: story_facts(story, deps.judge.lexicon),
    )


def _write_down(deps: Deps, tx: Tx, channel: str, selection: Selection, key: str, now: datetime) -> int:
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


def _digest_key(spec: DigestSpec, channel: str, slot: datetime) -> str:
    return text_hash((spec.name, channel, slot.isoformat()), size=16)
