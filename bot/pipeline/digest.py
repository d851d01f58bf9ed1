"""Digest: choose what to tell each channel, render it, and write both down in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.core import slots
from bot.core.alerts import WAITS_AT_MOST, still_waiting
from bot.core.letters import readable_parts
from bot.core.select import Chosen, Selection, choose, select_digest
from bot.core.telling import Background, best_verdicts, near_miss
from bot.core.text import digest as text_hash
from bot.model import (
    DigestSpec,
    Message,
    NearMiss,
    Notice,
    Story,
    Window,
)
from bot.pipeline.deps import Deps
from bot.pipeline.receipt import Coverage, covered
from bot.pipeline.telling import background, background_of, decide, write_down
from bot.ports import Tx

# Looked at once more beside the window: what was judged or edited after the last digest was composed, or
# waited for this one. The memory of what was told keeps everything else out.
_LOOK_BACK = timedelta(days=7)
# A digest that had no story for longer than this has had its reader look elsewhere.
_NOTICES_BACK = timedelta(days=30)
# Part of a threshold from which an item just missed it; how many such items are looked at for one to show.
_NEAR = 0.5
_NEAR_LOOKED_AT = 30
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
        with deps.store.read() as tx:
            new = tx.outbox.last_slot(spec.name, now) is None
            slot = slot_due(tx, spec, now)
        if new:
            with deps.store.begin() as tx:
                tx.outbox.slot(spec.name, now, now)
        elif slot is not None:
            count += deps.guard(f"composing digest {spec.name}", partial(compose, deps, spec, slot)) or 0
    return count


def slot_due(tx: Tx, spec: DigestSpec, now: datetime) -> datetime | None:
    """The slot that has come and was not taken; none of a digest that is seen for the first time."""
    last = tx.outbox.last_slot(spec.name, now)
    if last is None:
        return None
    taken = tx.outbox.times_of_day(spec.name, now - spec.catch_up - slots.ZONES_DIFFER)
    return slots.due_slot(spec, last, now, taken)


def compose(deps: Deps, spec: DigestSpec, slot: datetime) -> int:
    """Compose one digest for every channel. Returns how many messages went into the outbox.

    The slot, the messages and the memory of what they tell are one transaction: killed at any point, the
    slot is either untouched or done. A slot that was taken before gives nothing.
    """
    now = deps.clock.now()
    count = 0
    shared = background(deps)
    with deps.store.begin() as tx:
        last = tx.outbox.last_slot(spec.name, slot)
        if not tx.outbox.slot(spec.name, slot, now, slots.time_of_day(spec, slot)):
            return 0
        read = covered(deps, tx, spec, looks_at(spec, last, slot)[0])
        for channel in spec.channels:
            selection = _select(deps, tx, spec, channel, slot, last, now, shared, read, decided=True)
            if selection is not None:
                count += write_down(deps, tx, channel, selection, _digest_key(spec, channel, slot), now)
    return count


def preview_digest(deps: Deps, spec: DigestSpec, slot: datetime) -> dict[str, bytes]:
    """What a digest would send, by file name; sends nothing and remembers nothing."""
    files: dict[str, bytes] = {}
    shared = background(deps)
    with deps.store.read() as tx:
        last = tx.outbox.last_slot(spec.name, slot)
        now = deps.clock.now()
        read = covered(deps, tx, spec, looks_at(spec, last, slot)[0])
        for channel in spec.channels:
            selection = _select(deps, tx, spec, channel, slot, last, now, shared, read, decided=False)
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


def _select(
    deps: Deps,
    tx: Tx,
    spec: DigestSpec,
    channel: str,
    slot: datetime,
    last: datetime | None,
    now: datetime,
    shared: Background,
    read: Coverage,
    *,
    decided: bool,
) -> Selection | None:
    window, since = looks_at(spec, last, slot)
    stories = {story.id: story for story in tx.stories.touched(spec.topics, since)}
    waiting = _waiting(tx, channel, now)
    stories |= waiting
    told = tx.outbox.told(channel, [*stories])
    against = background_of(deps, tx, channel, shared)
    if decided:
        decide(tx, spec.topics, [*stories.values()], told, against, now)
    return select_digest(
        spec,
        channel,
        window,
        [*stories.values()],
        told,
        against,
        now=now,
        late=slots.is_late(slot, now),
        receipt=read.receipt,
        waiting=waiting,
        volumes=read.volumes,
        notices=_notices(tx, spec, channel, slot),
        near_misses=_near_misses(deps, tx, spec, window),
    )


def looks_at(spec: DigestSpec, last: datetime | None, slot: datetime) -> tuple[Window, datetime]:
    """The window of a digest, and since when it looks at what was seen or judged."""
    window = Window(start=slots.window_start(spec, last, slot), end=slot)
    return window, window.start - _LOOK_BACK if last else window.start


def would_tell(deps: Deps, tx: Tx, spec: DigestSpec, channel: str, slot: datetime) -> Sequence[Chosen]:
    """What the digest of a slot would tell as things stand now, in order. Writes nothing."""
    _, since = looks_at(spec, tx.outbox.last_slot(spec.name, slot), slot)
    stories = {story.id: story for story in tx.stories.touched(spec.topics, since)}
    stories |= _waiting(tx, channel, deps.clock.now())
    told = tx.outbox.told(channel, [*stories])
    return choose(spec.topics, [*stories.values()], told, background_of(deps, tx, channel))


def _waiting(tx: Tx, channel: str, now: datetime) -> dict[str, Story]:
    """By id, the stories noted for the next digest: beyond an alert's budget, or in a message given up."""
    notes = tx.alerts.waiting(channel, None, now - WAITS_AT_MOST)
    told = tx.outbox.told(channel, [note.story_id for note in notes])
    found = [tx.stories.get(story_id) for story_id in still_waiting(notes, told)]
    return {story.id: story for story in found if story is not None}


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


def _digest_key(spec: DigestSpec, channel: str, slot: datetime) -> str:
    return text_hash((spec.name, channel, slot.isoformat()), size=16)
