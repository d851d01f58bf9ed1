"""Alarm: tell by other channels, once, that one can't be reached, and that it can be again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot.core import alarms
from bot.model import Alarm, Delivery, Part, Settlement
from bot.pipeline.deps import Deps
from bot.pipeline.unsubscribe import wanted
from bot.ports import Tx

_ELSEWHERE = "its channel is disabled; another one tells it"


def raise_alarm(tx: Tx, alarm: Alarm) -> bool:
    """Have people told of trouble, unless they were. Whether it is news."""
    if not alarms.is_news(alarm, tx.alarms.all()):
        return False
    tx.alarms.put(alarm)
    return True


def end_alarm(tx: Tx, part: Part, subject: str, cause: str, now: datetime) -> bool:
    """Have people told, where they were told of it, that a trouble is over. Whether there was one."""
    for alarm in tx.alarms.all():
        if alarms.identity(alarm) == (part, subject, cause) and alarm.over_at is None:
            tx.alarms.put(replace(alarm, over_at=now))
            return True
    return False


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
    for alarm in alarms.ended(channel, tx.alarms.all(), now):
        tx.alarms.put(alarm)


def tell_alarms(deps: Deps, tx: Tx, now: datetime) -> int:
    """Compose messages for what people should know by now. Returns how many.

    An alarm that no channel can tell waits until one can.
    """
    known = tx.alarms.all()
    for done in filter(alarms.is_done_with, known):
        tx.alarms.remove(done)
    destinations = tx.queue.destinations()
    by_channel: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms.to_tell(known):
        for target in alarms.targets(alarm, deps.alarms, deps.channels, destinations):
            by_channel[target].append(alarm)
    composed = [
        delivery
        for channel, told in by_channel.items()
        for delivery in _compose(deps, tx, channel, told, now)
    ]
    for alarm in {alarms.identity(each): each for told in by_channel.values() for each in told}.values():
        if alarm.over_at is None:
            tx.alarms.put(replace(alarm, told_at=now))
        else:
            tx.alarms.remove(alarm)
    return tx.outbox.add(composed, ())


def _compose(deps: Deps, tx: Tx, channel: str, told: Sequence[Alarm], now: datetime) -> list[Delivery]:
    digest = alarms.digest_of(told, now, deps.timezone)
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
