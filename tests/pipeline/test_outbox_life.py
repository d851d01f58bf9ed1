"""Any sequence of rounds, kills, answers and repairs: nothing lost, nothing told twice, doubts named.

The real step on a real database. Receivers answer as drawn, and the process is killed before any of its
transactions: the database refuses it from then on, as if it were gone, and another process begins.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.model import Delivery, DeliveryState, Message, Refused, RetryPolicy, SendResult, Sent, Unanswered
from bot.pipeline.deliver import deliver
from bot.ports import Store, Tx
from tests.fakes import RecordingChannel
from tests.pipeline.conftest import opened_bot

WAITS = (timedelta(minutes=1), timedelta(minutes=10))
POLICIES = {
    "hook": RetryPolicy(waits=WAITS, give_up=timedelta(hours=6), resend_unanswered=True),
    "chat": RetryPolicy(waits=WAITS, give_up=timedelta(hours=6)),
}
LOST = Unanswered(reason="timeout")
ANSWERS: dict[str, SendResult] = {
    "accepted": Sent(receipt="ok"),
    "accepted, answer lost": LOST,
    "lost": LOST,
    "busy": Refused(reason="503"),
    "throttled": Refused(reason="429", retry_after=timedelta(minutes=5)),
    "refused": Refused(reason="400", permanent=True),
    "disabled": Refused(reason="404", permanent=True, disables=True),
}


MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""In memory where that can be: a life has hundreds of commits, and each would wait for the disk."""
LIKELY = [*ANSWERS, "accepted", "busy", "busy", "busy"]
FOR_EVER = 10_000


class Killed(Exception):
    """The process is gone."""


@dataclass
class MortalStore:
    """A store for one process, which is killed before it begins its transaction number ``left``."""

    store: Store
    left: int

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        self.left -= 1
        if self.left < 0:
            raise Killed
        with self.store.begin() as tx:
            yield tx

    def unhurried(self) -> AbstractContextManager[Tx]:
        return self.begin()

    def tidy(self) -> bool:
        return self.store.tidy()

    def read(self) -> AbstractContextManager[Tx]:
        return self.store.read()


@dataclass
class Receiver:
    """Answers from a script, then accepts; counts what it took in, and what left the sender in doubt."""

    script: list[str] = field(default_factory=list)
    accepted: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)

    def answer(self, key: str) -> SendResult:
        how = self.script.pop(0) if self.script else "accepted"
        self.asked[key] += 1
        if how.startswith("accepted"):
            self.accepted[key] += 1
        self.unanswered[key] += ANSWERS[how] is LOST
        return ANSWERS[how]


@cache
def migrated() -> bytes:
    """A database with all tables: making them takes longer than a whole life."""
    with tempfile.TemporaryDirectory(prefix="chipwatch-life-") as folder, opened_bot(Path(folder)) as bot:
        bot.store.close()
        return (Path(folder) / "chipwatch.db").read_bytes()


class OutboxLife(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="chipwatch-life-", dir=MEMORY))
        (self.folder / "chipwatch.db").write_bytes(migrated())
        self.stack = ExitStack()
        self.bot = self.stack.enter_context(opened_bot(self.folder))
        self.receivers = {name: Receiver() for name in POLICIES}
        channels = {
            name: RecordingChannel(retry=policy, answer=self.receivers[name].answer)
            for name, policy in POLICIES.items()
        }
        # Alarms are no matter of this test, so they go to a channel of their own.
        self.deps = replace(self.bot.deps, channels={**channels, "pager": RecordingChannel()})
        self.deps = replace(self.deps, alarms=("pager",))
        self.composed: list[str] = []
        self.digests = self.kills = 0
        self.by_hand: set[str] = set()
        """What a person sent again although it may have arrived."""

    def teardown(self) -> None:
        try:
            self.all_that_can_go_out_does_in_the_end()
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    def compose(self, channel: str, parts: int) -> None:
        now = self.bot.clock.now()
        some = [
            Delivery(
                key=f"{channel} {self.digests:03} {part}",
                channel=channel,
                recipient="team",
                origin="daily",
                message=Message(subject="", content_type="text/plain", body=b"news"),
                created_at=now,
                due_at=now,
            )
            for part in range(parts)
        ]
        self.digests += 1
        self.composed += [each.key for each in some]
        with self.bot.store.begin() as tx:
            tx.outbox.add(some, ())

    @rule(
        minutes=st.sampled_from([0, 1, 3, 15, 60, 400]),
        parts=st.tuples(st.sampled_from([2, 0, 3, 1]), st.sampled_from([2, 0, 3, 1])),
        hook=st.lists(st.sampled_from(LIKELY), max_size=3),
        chat=st.lists(st.sampled_from(LIKELY), max_size=3),
        lives=st.sampled_from([2, 3, 4, 5, 1, FOR_EVER, FOR_EVER]),
    )
    def deliver(
        self, minutes: int, parts: tuple[int, int], hook: list[str], chat: list[str], lives: int
    ) -> None:
        """Some time later more is composed, and a process does a round, perhaps its last."""
        self.bot.clock.pass_by(timedelta(minutes=minutes))
        for channel, count in zip(POLICIES, parts, strict=True):
            self.compose(channel, count)
        self.receivers["hook"].script, self.receivers["chat"].script = hook, chat
        mortal = MortalStore(self.bot.store, lives)
        try:
            deliver(replace(self.deps, store=mortal))
        except Killed:
            self.kills += 1
        for thread in threading.enumerate():
            if thread.name == "deliver":
                thread.join()
        self.start_anew()

    def start_anew(self) -> None:
        with self.bot.store.begin() as tx:
            tx.queue.release()

    @rule(channel=st.sampled_from(sorted(POLICIES)))
    def enable(self, channel: str) -> None:
        with self.bot.store.begin() as tx:
            tx.queue.enable(channel)

    @rule(state=st.sampled_from([DeliveryState.DEAD, DeliveryState.UNKNOWN]))
    def retry(self, state: DeliveryState) -> None:
        with self.bot.store.begin() as tx:
            keys = tx.outbox.keys(state)
            tx.outbox.retry(keys, self.bot.clock.now())
        self.by_hand.update(keys)

    def stored(self) -> dict[str, Delivery]:
        with self.bot.store.read() as tx:
            found = tx.outbox.deliveries(state=None, limit=10_000)
        return {each.key: each for each in found if each.kind != "alarm"}

    # ── what holds at every moment ──

    @invariant()
    def everything_composed_is_there_and_stands_as_it_should(self) -> None:
        stored = self.stored()
        assert sorted(stored) == sorted(self.composed)
        for key, each in stored.items():
            receiver = self.receivers[each.channel]
            if each.state is DeliveryState.SENT:
                assert receiver.accepted[key], "what counts as sent arrived"
            if each.state is DeliveryState.UNKNOWN:
                assert each.unanswered
            if each.state is DeliveryState.PENDING and each.attempt == 0 and key not in self.by_hand:
                assert not receiver.asked[key], "nothing goes out that was not written down as begun"

    @invariant()
    def nothing_is_told_twice_without_a_doubt(self) -> None:
        for name, receiver in self.receivers.items():
            doubles = sum(count - 1 for count in receiver.accepted.values() if count > 1)
            # Of each destination a kill leaves one message in doubt at most.
            assert doubles <= sum(receiver.unanswered.values()) + self.kills
            if name == "chat":
                twice = {key for key, count in receiver.accepted.items() if count > 1}
                assert twice <= self.by_hand, "where no repeat is dropped none is sent, but by hand"

    @invariant()
    def parts_arrive_in_order(self) -> None:
        for receiver in self.receivers.values():
            parts: dict[str, list[str]] = defaultdict(list)
            for key in receiver.accepted:
                if key not in self.by_hand:
                    parts[key.rpartition(" ")[0]].append(key)
            assert all(some == sorted(some) for some in parts.values())

    def all_that_can_go_out_does_in_the_end(self) -> None:
        """Once a new process has begun, receivers are well and channels enabled, nothing is left waiting."""
        for receiver in self.receivers.values():
            receiver.script = []
        self.start_anew()
        for channel in POLICIES:
            self.enable(channel)
        for _ in range(8):
            self.bot.clock.pass_by(timedelta(minutes=15))
            with suppress(Killed):
                deliver(self.deps)
        ended = {DeliveryState.SENT, DeliveryState.DEAD, DeliveryState.UNKNOWN}
        assert {each.state for each in self.stored().values()} <= ended


@pytest.mark.parametrize("lives", [1, 2, 3, 4, FOR_EVER])
@pytest.mark.parametrize("how", ["busy", "accepted, answer lost", "disabled"])
def test_a_life_with_trouble_at_the_first_of_several_parts(how: str, lives: int) -> None:
    """Some of all lives that are tried every time; the others are drawn."""
    life = OutboxLife()
    for script, left in (([how], FOR_EVER), (["accepted", how], lives), ([], FOR_EVER)):
        life.deliver(minutes=3, parts=(3, 3), hook=[*script], chat=[*script], lives=left)
        life.everything_composed_is_there_and_stands_as_it_should()
        life.nothing_is_told_twice_without_a_doubt()
        life.parts_arrive_in_order()
    life.teardown()


TestOutboxLife = OutboxLife.TestCase
TestOutboxLife.settings = settings(
    max_examples=60,
    stateful_step_count=12,
    deadline=None,
    # A life that goes wrong is short enough to read, and making it shorter would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
