"""Alarm: tell once, by a channel that works, what is wrong, and once that it is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from bot.core import alarms
from bot.core.alarms import Observation, Over, identity
from bot.core.bulletin import bulletin
from bot.model import Alarm, Delivery, Part, Settlement
from bot.pipeline.deps import Deps
from bot.pipeline.unsubscribe import wanted
from bot.ports import Tx

_ELSEWHERE = "its channel is disabled; another one tells it"


# ── raised and ended ─────────────────────────────────────────────────────────────────────────────


def raise_alarm(tx: Tx, alarm: Alarm) -> bool:
    """Have people told of trouble, unless they know. Whether it is new."""
    return bool(note_observations(tx, [alarm], alarm.raised_at))


def end_alarm(tx: Tx, part: Part, subject: str, cause: str, now: datetime) -> bool:
    """Have people told, where they were told of it, that a trouble is over. Whether there was one."""
    return bool(note_observations(tx, [Over(part=part, subject=subject, cause=cause)], now))


def note_observations(tx: Tx, observations: Sequence[Observation], now: datetime) -> list[Observation]:
    """Raise and end the alarms that these give cause for. Returns those that changed something."""
    known = {identity(each): each for each in tx.alarms.all()} if observations else {}
    changing = []
    for observation in observations:
        written = alarms.noted(observation, known.get(identity(observation)), now)
        if written is not None:
            tx.alarms.put(written)
            known[identity(written)] = written
            changing.append(observation)
    return changing


def note_alarms(tx: Tx, ended: Sequence[tuple[Delivery, Settlement]], now: datetime) -> bool:
    """Keep what these attempts give cause for. Whether there is any to be told now."""
    noted = False
    for delivery, settlement in ended:
        if settlement.disables and tx.alarms.take_back(delivery.channel, _ELSEWHERE):
            noted = True
        alarm = alarms.raised(delivery, settlement, now)
        if alarm and raise_alarm(tx, alarm):
            noted = True
    return noted


def end_alarms(tx: Tx, channel: str, now: datetime) -> None:
    """Something was sent to a channel."""
    note_observations(tx, alarms.over_by_sending(channel, tx.alarms.all()), now)


# ── told ─────────────────────────────────────────────────────────────────────────────────────────


def tell_alarms(deps: Deps, tx: Tx, now: datetime) -> int:
    """Compose messages for what people should know by now. Returns how many.

    An alarm that no channel can tell waits until one can.
    """
    known = _tidied(deps, tx, now)
    due = alarms.to_tell(known, now)
    if not due:
        return 0
    destinations = tx.queue.destinations()
    by_channel: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in due:
        for target in alarms.targets(alarm, deps.alarms, deps.channels, destinations):
            by_channel[target].append(alarm)
    composed = [
        delivery
        for channel, told in by_channel.items()
        for delivery in _compose(deps, tx, channel, told, now)
    ]
    for alarm in {identity(each): each for told in by_channel.values() for each in told}.values():
        tx.alarms.put(alarms.told(alarm, now))
    return tx.outbox.add(composed, ())


def untellable(deps: Deps, tx: Tx, now: datetime) -> list[Alarm]:
    """What people should know by now and no channel is left to tell."""
    destinations = tx.queue.destinations()
    return [
        alarm
        for alarm in alarms.to_tell(tx.alarms.all(), now)
        if not alarms.targets(alarm, deps.alarms, deps.channels, destinations)
    ]


def _tidied(deps: Deps, tx: Tx, now: datetime) -> list[Alarm]:
    """The alarms without those that need no more telling, and with their times set right."""
    kept = []
    for alarm in tx.alarms.all():
        if alarms.is_done_with(alarm, now) or _is_about_nothing(deps, alarm):
            tx.alarms.remove(alarm)
        elif alarms.is_ahead(alarm, now):
            kept.append(alarms.set_right(alarm, now))
            tx.alarms.put(kept[-1])
        else:
            kept.append(alarm)
    return kept


def _is_about_nothing(deps: Deps, alarm: Alarm) -> bool:
    """Whether what it is about is configured no more. Messages refused for just that are told of, once."""
    if alarm.part is Part.FEED and identity(alarm) != alarms.NETWORK:
        feed = deps.feeds.get(alarm.subject)
        return feed is None or not feed.enabled
    if alarm.part is Part.TOPIC:
        return alarm.subject not in deps.topics
    if alarm.part is Part.CHANNEL:
        return alarm.subject not in deps.channels and alarms.stands(alarm)
    return False


def _compose(deps: Deps, tx: Tx, channel: str, told: Sequence[Alarm], now: datetime) -> list[Delivery]:
    digest = bulletin(told, now, deps.timezone)
    render = partial(deps.channels[channel].render, digest, alarms.key_of(told, channel, now))
    return [
        Delivery(
            key=each.key,
            channel=channel,
            recipient=each.recipient,
            origin=digest.name,
            kind=digest.kind,
            message=each.message,
            created_at=now,
            due_at=now,
        )
        for each in wanted(tx, channel, deps.guard(f"rendering alarms for {channel}", render) or ())
    ]
