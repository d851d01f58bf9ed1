"""What becomes of a story by every digest and alert rule that watches its topics. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.alerts import WAITS_AT_MOST, still_waiting
from bot.core.outlook import Reading, digest_outlook
from bot.core.slots import next_slot
from bot.model import Becomes, DigestSpec, Outlook, Story
from bot.pipeline.alert import Reason, why_alerted
from bot.pipeline.deps import Deps
from bot.pipeline.digest import looks_at, slot_due, would_tell
from bot.pipeline.telling import background_of
from bot.ports import Tx


def outlooks(deps: Deps, tx: Tx, story: Story, reasons: Sequence[Reason] | None = None) -> Sequence[Outlook]:
    """A line a digest, alert rule and channel, as things stand now. None where the story matches no topic.

    ``reasons``: of :func:`why_alerted`, where the caller has them already.
    """
    topics = {verdict.topic_id for member in story.members for verdict in member.verdicts}
    rules = {rule.name for rule in deps.alerts if topics.intersection(rule.topics)}
    asked = why_alerted(deps, tx, story) if reasons is None else reasons
    alerts = [_of_rule(reason) for reason in asked if reason.rule in rules]
    digests = [
        _of_digest(deps, tx, spec, channel, story)
        for spec in deps.digests.values()
        if topics.intersection(spec.topics)
        for channel in spec.channels
    ]
    hindered = {channel: "; ".join(_hindrances(tx, channel)) for channel in deps.channels}
    return [_with(each, hindered) for each in (*alerts, *_in_turn(digests))]


def next_time(deps: Deps, tx: Tx, spec: DigestSpec) -> datetime | None:
    """When a digest comes next: the slot itself where it has come and was not taken yet."""
    now = deps.clock.now()
    return slot_due(tx, spec, now) or next_slot(spec, now)


def _of_rule(reason: Reason) -> Outlook:
    return Outlook(
        kind="alert",
        origin=reason.rule,
        channel=reason.channel,
        becomes=reason.becomes,
        text=reason.text.removeprefix("no alert: "),
        at=reason.at,
    )


def _of_digest(deps: Deps, tx: Tx, spec: DigestSpec, channel: str, story: Story) -> Outlook:
    slot = next_time(deps, tx, spec)
    last = tx.outbox.last_slot(spec.name, deps.clock.now())
    notes = tx.alerts.waiting(channel, None, deps.clock.now() - WAITS_AT_MOST)
    told = tx.outbox.told(channel, [story.id, *(note.story_id for note in notes)])
    reading = Reading(
        told=told.get(story.id),
        note=still_waiting(notes, told).get(story.id),
        slot=slot,
        chosen=would_tell(deps, tx, spec, channel, slot) if slot else (),
        since=looks_at(spec, last, slot)[1] if slot else None,
    )
    return digest_outlook(spec, channel, story, reading, background_of(deps, tx, channel))


def _in_turn(digests: Sequence[Outlook]) -> Iterator[Outlook]:
    """A story is told once a channel: of several digests that would tell it the one that comes first does."""
    first: dict[str, Outlook] = {}
    for each in digests:
        if each.becomes is Becomes.WAITS and each.at is not None:
            known = first.get(each.channel)
            if known is None or known.at is None or each.at < known.at:
                first[each.channel] = each
    for each in digests:
        before = first.get(each.channel)
        if each.becomes is Becomes.WAITS and before is not None and before.origin != each.origin:
            yield replace(each, text=f"{each.text}; {before.origin} comes sooner and will have told it")
        else:
            yield each


def _with(outlook: Outlook, hindered: Mapping[str, str]) -> Outlook:
    """What keeps messages from the channel is said of those to come."""
    hindrance = hindered.get(outlook.channel)
    if outlook.becomes is not Becomes.WAITS or not hindrance:
        return outlook
    return replace(outlook, text=f"{outlook.text}; {hindrance}")


def _hindrances(tx: Tx, channel: str) -> Iterator[str]:
    state = tx.queue.destinations().get(channel)
    if state and state.disabled_at:
        yield f"{channel} is disabled ({state.disabled_why}): the message will wait"
    if addresses := sorted(tx.unsubscriptions.addresses(channel)):
        yield f"not for {', '.join(addresses)}, who unsubscribed"
