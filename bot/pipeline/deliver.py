"""Deliver: one queue a destination; make one attempt at each due message, record how it ended.

A destination is a channel. Each sends one message at a time, all of them side by side, and while a slow one
is under way the others go on. One thread talks to the database: a turn is one transaction, which settles
the attempts that ended and notes those that begin. So many destinations share a commit, and a process that
is killed leaves at most one message of each in doubt.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.core.alarms import stands
from bot.core.settle import expire, is_followed, is_too_old, settle
from bot.errors import StoreError
from bot.model import (
    Delivery,
    DeliveryState,
    Part,
    Refused,
    RetryPolicy,
    SendResult,
    Settlement,
    Unanswered,
)
from bot.pipeline.alarm import end_alarms, note_alarms, tell_alarms
from bot.pipeline.deps import Deps
from bot.pipeline.senders import Ended, Senders
from bot.ports import Tx

_TAKEN = 20
"""Messages of one destination in memory."""
_LOOK_AGAIN = 1.0
"""Seconds between looks for destinations that became due while others are under way."""
_TRIES = 600
"""Transactions tried before a round ends without settling what it sent, whose outcome is unknown then: a
letter would go out twice. Ten minutes, in which a database's server is restarted and room made on a disk."""
_TRY_AGAIN = 1.0
"""Seconds between those tries, beside what each waits for the database."""
_UNKNOWN_CHANNEL = RetryPolicy(waits=(timedelta(hours=1),), give_up=timedelta(0))

End: TypeAlias = tuple[Delivery, Settlement]


def deliver(deps: Deps) -> Sequence[Settlement]:
    """One round as a whole."""
    return tuple(send(deps))


def send(deps: Deps) -> Iterator[Settlement]:
    """One round: send what is due, and what becomes due while something is under way; each as it ends."""
    return _Round(deps).run()


@dataclass
class _Line:
    """A destination that this round serves."""

    channel: str
    leased_until: datetime
    waiting: deque[Delivery] = field(default_factory=deque)
    under_way: bool = False
    closed: bool = False
    """Paused or disabled meanwhile, or lost."""
    lost: bool = False
    """Served by another process now."""
    asked: bool = False
    """``waiting`` is what the database says; else it has to be asked what is next."""

    def forget(self) -> None:
        self.waiting.clear()
        self.asked = False


class _Round:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._senders = Senders(deps)
        self._lines: dict[str, _Line] = {}
        """By channel; the one that sent last stands last."""
        self._free_at: dict[str, float] = {}
        """When a channel's pace allows its next message, by the monotonic clock."""
        self._look_at = 0.0
        self._troubled: set[str] = set()
        """Channels with an alarm that the next message sent there may end."""

    def run(self) -> Iterator[Settlement]:
        self._take_up()
        ended: Sequence[Ended] = ()
        try:
            while True:
                settled = self._turn(ended)
                yield from settled
                if not self._senders.under_way and (self._deps.stopping() or not self._lines):
                    return
                ended = self._senders.ended(self._patience())
        finally:
            if self._lines:
                with self._deps.store.begin() as tx:
                    tx.queue.renew(tx.queue.held(self._leases()), self._deps.clock.now())

    def _leases(self) -> dict[str, datetime]:
        return {line.channel: line.leased_until for line in self._lines.values()}

    def _take_up(self) -> None:
        """Try channels again whose options changed since they were disabled."""
        deps = self._deps
        with deps.store.read() as tx:
            disabled = {name: each for name, each in tx.queue.destinations().items() if each.disabled_at}
        changed = [
            name
            for name, state in disabled.items()
            if name not in deps.channels or state.fingerprint != deps.fingerprint(name)
        ]
        if changed:
            with deps.store.begin() as tx:
                for name in changed:
                    tx.queue.enable(name)

    def _patience(self) -> float:
        """Seconds to wait for an attempt to end: until the next look, or until a pace allows a message."""
        if self._deps.stopping():
            return _LOOK_AGAIN  # nothing begins any more, and what is under way says when it ends
        paced = [
            self._free_at.get(line.channel, 0.0)
            for line in self._lines.values()
            if (line.waiting or not line.asked) and not line.under_way and self._senders.free
        ]
        return min([self._look_at, *paced]) - time.monotonic()

    # ── a turn ──

    def _turn(self, ended: Sequence[Ended]) -> Sequence[Settlement]:
        """Settle what ended and begin what is next; tried again where the database can't be written."""
        for left in reversed(range(_TRIES)):
            for delivery, _ in ended:
                self._lines[delivery.channel].under_way = False
            leases = self._leases()
            try:
                settled, begun, done = self._write(ended)
            except StoreError:
                self._undo(leases)
                if not left or not (ended or self._senders.under_way):
                    raise
                ended = [*ended, *self._senders.ended(_TRY_AGAIN)]
            else:
                for channel in done:
                    del self._lines[channel]
                for delivery in begun:
                    self._submit(delivery)
                return settled
        return ()

    def _undo(self, leases: Mapping[str, datetime]) -> None:
        """Nothing of a transaction came to be: what was taken is taken anew."""
        for channel in self._lines.keys() - leases.keys():
            del self._lines[channel]
        for channel, until in leases.items():
            self._lines[channel].leased_until = until
            self._lines[channel].forget()

    def _write(
        self, ended: Sequence[Ended]
    ) -> tuple[Sequence[Settlement], Sequence[Delivery], Sequence[str]]:
        """One transaction. Returns what was settled, what is to be sent, and which channels are done with."""
        now = self._deps.clock.now()
        begun: list[Delivery] = []
        with self._deps.store.begin() as tx:
            self._let_go(tx)
            settled = self._settle(tx, [(each, self._settlement(each, how, now)) for each, how in ended], now)
            if not self._deps.stopping():
                self._look_around(tx, now)
                heads = [(head, self._untried(head, now)) for head in self._heads(tx, now)]
                settled += self._settle(tx, [(head, end) for head, end in heads if end], now)
                tried = [head for head, end in heads if end is None]
                keys = tx.queue.begin(tried)
                begun = [head for head in tried if head.key in keys]
            done = self._keep_leases(tx, {each.channel for each in begun}, now)
        return settled, begun, done

    def _let_go(self, tx: Tx) -> None:
        """Serve no destination that another process took over, because this one stood still or its clock
        was put forward: two that serve one would take what the other sends for left behind by a kill."""
        held = tx.queue.held(self._leases())
        for line in self._lines.values():
            if line.channel not in held:
                line.forget()
                line.closed = line.lost = True

    def _look_around(self, tx: Tx, now: datetime) -> None:
        """Tell the alarms that became due, and serve the destinations that did."""
        if self._lines and time.monotonic() < self._look_at:
            return
        self._tell(tx)
        lease = self._deps.pace.delivery_lease
        for channel in tx.queue.due(now):
            if channel not in self._lines and tx.queue.serve(channel, now, lease):
                self._lines[channel] = _Line(channel=channel, leased_until=now + lease)
        self._look_at = time.monotonic() + _LOOK_AGAIN

    def _heads(self, tx: Tx, now: datetime) -> list[Delivery]:
        """The next message of each destination that is free, as far as there are threads."""
        heads: list[Delivery] = []
        moment = time.monotonic()
        for line in self._lines.values():
            if line.under_way or line.closed:
                continue
            if not line.waiting:
                line.waiting.extend(tx.queue.next(line.channel, now, _TAKEN))
                line.asked = True
            is_free = self._free_at.get(line.channel, 0.0) <= moment
            if line.waiting and is_free and len(heads) < self._senders.free:
                heads.append(line.waiting.popleft())
        return heads

    def _keep_leases(self, tx: Tx, begun: Collection[str], now: datetime) -> list[str]:
        """Give destinations back that have nothing more to send; keep the others. Returns the former."""
        done, ageing = [], []
        lease = self._deps.pace.delivery_lease
        for line in self._lines.values():
            is_busy = line.under_way or line.channel in begun
            if not is_busy and (line.closed or (line.asked and not line.waiting)):
                done.append(line.channel)
            elif not line.lost and line.leased_until - now < lease / 2:
                ageing.append(line.channel)
                line.leased_until = now + lease
        tx.queue.renew([channel for channel in done if not self._lines[channel].lost], now)
        tx.queue.renew(ageing, now + lease)
        return done

    def _submit(self, delivery: Delivery) -> None:
        # Behind all others: the next free thread is theirs.
        line = self._lines[delivery.channel] = self._lines.pop(delivery.channel)
        line.under_way = True
        self._free_at[delivery.channel] = time.monotonic() + self._policy(delivery).pace.total_seconds()
        self._senders.submit(delivery)

    # ── how attempts end ──

    def _policy(self, delivery: Delivery) -> RetryPolicy:
        channel = self._deps.channels.get(delivery.channel)
        return channel.retry if channel else _UNKNOWN_CHANNEL

    def _settlement(self, delivery: Delivery, result: SendResult | None, now: datetime) -> Settlement:
        policy, jitter = self._policy(delivery), self._deps.clock.jitter()
        if result is None:
            fault = settle(delivery, Unanswered(reason="a fault of ours; see the log"), policy, now, jitter)
            # It says nothing about the channel.
            return replace(fault, pause_until=None)
        return settle(delivery, result, policy, now, jitter)

    def _untried(self, delivery: Delivery, now: datetime) -> Settlement | None:
        """How a delivery ends without an attempt; ``None`` where there is to be one."""
        if delivery.channel not in self._deps.channels:
            gone = f'channel "{delivery.channel}" is not configured any more'
            return self._settlement(delivery, Refused(reason=gone, permanent=True), now)
        policy = self._policy(delivery)
        if delivery.interrupted and not policy.resend_unanswered:
            # It was counted when it began.
            counted = replace(delivery, attempt=delivery.attempt - 1)
            lost = Unanswered(reason="the process ended while it was being sent")
            return replace(self._settlement(counted, lost, now), pause_until=None)
        if is_too_old(delivery, policy, now) and self._is_followed(delivery):
            return expire(delivery)
        return None

    def _is_followed(self, delivery: Delivery) -> bool:
        return is_followed(delivery, self._deps.digests.values(), self._deps.alerts)

    def _settle(self, tx: Tx, ends: Sequence[End], now: datetime) -> list[Settlement]:
        """Write down how attempts ended, and what follows from it for their channels."""
        tx.queue.settle([settlement for _, settlement in ends])
        settled = [(delivery, self._given_back(tx, delivery, end, now)) for delivery, end in ends]
        for delivery, settlement in settled:
            if settlement.state is not DeliveryState.SENT:
                self._trouble(tx, delivery, settlement, now)
            elif delivery.channel in self._troubled:
                end_alarms(tx, delivery.channel, now)
                self._tell(tx)
        if note_alarms(tx, settled, now):
            self._tell(tx)
        return [settlement for _, settlement in settled]

    def _given_back(self, tx: Tx, delivery: Delivery, end: Settlement, now: datetime) -> Settlement:
        """What died of age goes into the next digest, where one follows and nobody can have got it."""
        if not end.gave_up or end.unanswered or delivery.unanswered or not self._is_followed(delivery):
            return end
        note = f"{end.note}; the next digest tells it"
        if not tx.queue.give_back(delivery, now, note):
            return end
        return replace(end, state=DeliveryState.EXPIRED, note=note)

    def _trouble(self, tx: Tx, delivery: Delivery, end: Settlement, now: datetime) -> None:
        """The channel may have to wait; and what comes next there, the database knows better now."""
        line = self._lines[delivery.channel]
        line.forget()
        if end.pause_until:
            tx.queue.pause(delivery.channel, end.pause_until, end.note)
        if end.disables:
            fingerprint = self._deps.fingerprint(delivery.channel)
            tx.queue.disable(delivery.channel, now, end.note, fingerprint)
        line.closed = line.closed or end.disables or end.pause_until is not None

    def _tell(self, tx: Tx) -> None:
        if tell_alarms(self._deps, tx, self._deps.clock.now()):
            self._look_at = 0.0
        self._troubled = {
            alarm.subject for alarm in tx.alarms.all() if alarm.part is Part.CHANNEL and stands(alarm)
        }
