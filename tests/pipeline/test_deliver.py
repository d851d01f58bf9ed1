import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from bot.errors import StoreError
from bot.model import Delivery, DeliveryState, Message, Refused, RetryPolicy, SendResult, Sent, Unanswered
from bot.pipeline.deliver import deliver
from bot.pipeline.deps import Pace
from bot.ports import Store, Tx
from bot.runtime.local import guard
from bot.storage.engine import open_store
from tests.fakes import START, RecordingChannel
from tests.pipeline.conftest import Bot


def delivery(key: str, channel: str = "chat") -> Delivery:
    return Delivery(
        key=key,
        channel=channel,
        recipient="team",
        origin="daily",
        message=Message(subject="Daily", content_type="text/plain", body=b"news"),
        created_at=START,
        due_at=START,
    )


def put(bot: Bot, *deliveries: Delivery) -> None:
    with bot.store.begin() as tx:
        tx.outbox.add(deliveries, [])


def states(bot: Bot) -> dict[str, DeliveryState]:
    with bot.store.begin() as tx:
        return {each.key: each.state for each in tx.outbox.deliveries(state=None, limit=99)}


def test_what_is_due_is_sent_once(bot: Bot) -> None:
    put(bot, delivery("a"), delivery("b"))
    assert {each.state for each in deliver(bot.deps)} == {DeliveryState.SENT}
    assert not deliver(bot.deps)
    assert bot.channel.by_key == {"a": 1, "b": 1}


def test_a_refusal_that_may_pass_is_tried_again_with_the_same_key_and_bytes(bot: Bot) -> None:
    answers: list[SendResult] = [Refused(reason="busy"), Sent()]
    bot.channel.answer = lambda _key: answers.pop(0)
    put(bot, delivery("a"))
    deliver(bot.deps)
    assert states(bot) == {"a": DeliveryState.PENDING}
    assert not deliver(bot.deps)
    bot.clock.pass_by(timedelta(minutes=2))
    deliver(bot.deps)
    assert states(bot) == {"a": DeliveryState.SENT}
    assert bot.channel.sent == [("a", "team", b"news")] * 2


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Refused(reason="no such channel", permanent=True), DeliveryState.DEAD),
        (Unanswered(reason="connection dropped"), DeliveryState.UNKNOWN),
    ],
)
def test_what_can_not_be_sent_is_kept_and_not_tried_again(
    bot: Bot, answer: SendResult, state: DeliveryState
) -> None:
    bot.channel.answer = lambda _key: answer
    put(bot, delivery("a"))
    deliver(bot.deps)
    bot.clock.pass_by(timedelta(days=1))
    assert not deliver(bot.deps)
    assert states(bot) == {"a": state}


def test_a_channel_that_left_the_configuration_leaves_a_dead_letter(bot: Bot) -> None:
    put(bot, delivery("a", channel="gone"))
    settlement, alarm = deliver(bot.deps)
    assert settlement.state is DeliveryState.DEAD
    assert "not configured any more" in settlement.note
    assert (alarm.channel, alarm.state) == ("chat", DeliveryState.SENT)


@pytest.mark.parametrize(("drops_repeats", "tries"), [(True, 1), (False, 0)])
def test_after_a_crash_only_receivers_that_drop_repeats_get_it_again(
    bot: Bot, drops_repeats: bool, tries: int
) -> None:
    bot.channel.retry = RetryPolicy(
        waits=(timedelta(minutes=1),), give_up=timedelta(hours=6), resend_unanswered=drops_repeats
    )
    put(bot, delivery("begun"), delivery("not begun"))
    with bot.store.begin() as tx:
        tx.queue.serve("chat", bot.clock.now(), bot.deps.pace.delivery_lease)
        tx.queue.begin(tx.queue.next("chat", bot.clock.now(), 1))  # and the process is killed here
    assert not deliver(bot.deps)
    bot.clock.pass_by(bot.deps.pace.delivery_lease)
    deliver(bot.deps)
    assert bot.channel.by_key.get("begun", 0) == tries
    assert bot.channel.by_key["not begun"] == 1


def test_a_channel_that_hangs_holds_up_no_other(bot: Bot) -> None:
    quick_one_was_sent = threading.Event()

    def hang(_key: str) -> SendResult:
        return Sent() if quick_one_was_sent.wait(10) else Refused(reason="the other channel was held up")

    def quick(_key: str) -> SendResult:
        quick_one_was_sent.set()
        return Sent()

    bot.channel.answer = hang
    deps = replace(bot.deps, channels={"chat": bot.channel, "other": RecordingChannel(answer=quick)})
    put(bot, delivery("a"), delivery("b", channel="other"))
    assert {each.state for each in deliver(deps)} == {DeliveryState.SENT}


def test_what_was_not_begun_when_the_process_was_asked_to_end_comes_again(bot: Bot) -> None:
    put(bot, delivery("a"))
    assert not deliver(replace(bot.deps, stopping=lambda: True))
    bot.clock.pass_by(bot.deps.pace.delivery_lease)
    deliver(bot.deps)
    assert bot.channel.by_key == {"a": 1}


def test_a_bug_in_sending_one_message_stops_no_other(bot: Bot) -> None:
    def broken(key: str) -> SendResult:
        if key == "a":
            raise ZeroDivisionError
        return Sent()

    bot.channel.answer = broken
    put(bot, delivery("a"), delivery("b"))
    deliver(replace(bot.deps, guard=guard))
    assert states(bot) == {"a": DeliveryState.UNKNOWN, "b": DeliveryState.SENT}


# ── one queue a destination ──


def test_what_becomes_due_while_a_channel_hangs_is_sent_in_the_same_round(bot: Bot) -> None:
    late_one_was_sent = threading.Event()

    def hang(_key: str) -> SendResult:
        # Composed while this round is under way.
        put(bot, delivery("late", channel="other"))
        return Sent() if late_one_was_sent.wait(10) else Refused(reason="the other channel was held up")

    def quick(key: str) -> SendResult:
        if key == "late":
            late_one_was_sent.set()
        return Sent()

    bot.channel.answer = hang
    deps = replace(bot.deps, channels={"chat": bot.channel, "other": RecordingChannel(answer=quick)})
    put(bot, delivery("a"), delivery("b", channel="other"))
    deliver(deps)
    assert set(states(bot).values()) == {DeliveryState.SENT}


def test_a_long_queue_of_one_channel_lets_the_others_through_first(bot: Bot) -> None:
    order: list[str] = []

    def note(key: str) -> SendResult:
        order.append(key)
        return Sent()

    deps = replace(
        bot.deps, channels={name: RecordingChannel(answer=note) for name in ("long", "short", "chat")}
    )
    put(bot, *(delivery(f"long {number:03}", channel="long") for number in range(200)))
    put(bot, delivery("short", channel="short"), delivery("chat"))
    deliver(deps)
    assert [key for key in order if key.startswith("long")] == [f"long {number:03}" for number in range(200)]
    assert max(order.index("short"), order.index("chat")) < 50


def test_parts_stay_in_order_and_wait_for_the_first(bot: Bot) -> None:
    answers: list[SendResult] = [Refused(reason="500"), Sent(), Sent()]
    bot.channel.answer = lambda _key: answers.pop(0)
    put(bot, delivery("1/2"), delivery("2/2"))
    deliver(bot.deps)
    assert bot.channel.by_key == {"1/2": 1}
    bot.clock.pass_by(timedelta(minutes=2))
    deliver(bot.deps)
    assert [key for key, _, _ in bot.channel.sent] == ["1/2", "1/2", "2/2"]


def test_a_429_pauses_the_whole_destination_across_a_restart(bot: Bot) -> None:
    answers: list[SendResult] = [Refused(reason="429", retry_after=timedelta(minutes=10)), Sent(), Sent()]
    bot.channel.answer = lambda _key: answers.pop(0)
    put(bot, delivery("a"), replace(delivery("b"), recipient="another"))
    deliver(bot.deps)
    bot.clock.pass_by(timedelta(minutes=9))
    with bot.store.begin() as tx:
        tx.queue.release()  # a new process
    assert not deliver(bot.deps)
    bot.clock.pass_by(timedelta(minutes=4))
    deliver(bot.deps)
    assert [key for key, _, _ in bot.channel.sent] == ["a", "a", "b"]


def test_a_pace_keeps_messages_apart(bot: Bot) -> None:
    bot.channel.retry = replace(bot.channel.retry, pace=timedelta(seconds=0.2))
    times: list[float] = []

    def note(_key: str) -> SendResult:
        times.append(time.monotonic())
        return Sent()

    bot.channel.answer = note
    put(bot, *(delivery(key) for key in "abc"))
    deliver(bot.deps)
    assert all(later - earlier >= 0.19 for earlier, later in pairwise(times))


def test_after_no_answer_the_next_message_is_not_sent_into_the_same_hole(bot: Bot) -> None:
    bot.channel.answer = lambda _key: Unanswered(reason="timeout")
    put(bot, *(delivery(key) for key in "abc"))
    deliver(bot.deps)
    assert bot.channel.by_key == {"a": 1}
    assert states(bot)["a"] is DeliveryState.UNKNOWN


def test_a_database_that_is_busy_for_a_moment_loses_no_outcome(bot: Bot, tmp_path: Path) -> None:
    """Another process holds it when the attempt ends, for longer than one waits for it."""
    url = f"sqlite:///{tmp_path / 'chipwatch.db'}"
    impatient = open_store(url, busy_timeout=timedelta(seconds=0.3))
    holder = open_store(url)

    def send(_key: str) -> SendResult:
        Thread(target=hold).start()
        held.wait(5)
        return Sent(receipt="kept")

    held = threading.Event()

    def hold() -> None:
        with holder.begin():
            held.set()
            time.sleep(0.5)

    bot.channel.answer = send
    put(bot, delivery("a"))
    (settled,) = deliver(replace(bot.deps, store=impatient))
    assert (settled.state, settled.note) == (DeliveryState.SENT, "kept")
    assert states(bot) == {"a": DeliveryState.SENT}
    impatient.close()
    holder.close()


def test_a_database_that_can_not_be_written_for_seconds_loses_no_outcome(bot: Bot, tmp_path: Path) -> None:
    """Its disk is full when the attempt ends: every write fails at once until room is made."""
    full = threading.Event()

    def send(_key: str) -> SendResult:
        full.set()
        threading.Timer(2.5, full.clear).start()
        return Sent(receipt="kept")

    bot.channel.answer = send
    put(bot, delivery("a"))
    (settled,) = deliver(replace(bot.deps, store=StoreOnFullDisk(bot.store, full)))
    assert (settled.state, settled.note) == (DeliveryState.SENT, "kept")
    assert states(bot) == {"a": DeliveryState.SENT}


@dataclass
class Through:
    """A store that does what another one does."""

    store: Store

    def begin(self) -> AbstractContextManager[Tx]:
        return self.store.begin()

    def unhurried(self) -> AbstractContextManager[Tx]:
        return self.store.unhurried()

    def read(self) -> AbstractContextManager[Tx]:
        return self.store.read()

    def tidy(self) -> bool:
        return self.store.tidy()


@dataclass
class StoreOnFullDisk(Through):
    """A store whose disk is full from time to time."""

    full: threading.Event

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        with self.store.begin() as tx:
            yield tx
            if self.full.is_set():
                raise StoreError("no room left for the database")


def test_a_service_that_never_ends_its_answer_is_given_up_and_paused(bot: Bot) -> None:
    for_ever = threading.Event()
    bot.channel.answer = lambda _key: Sent() if for_ever.wait(20) else Refused(reason="at last")
    put(bot, delivery("a"), delivery("b"))
    deliver(replace(bot.deps, pace=Pace(attempt=timedelta(seconds=0.2))))
    assert states(bot) == {"a": DeliveryState.UNKNOWN, "b": DeliveryState.PENDING}
    for_ever.set()


def test_a_round_that_is_to_end_waits_for_what_is_under_way_and_does_nothing_else(bot: Bot) -> None:
    asked, counted = threading.Event(), CountingStore(bot.store)

    def send(_key: str) -> SendResult:
        asked.set()
        time.sleep(1.5)
        return Sent()

    bot.channel.answer = send
    put(bot, delivery("a"), delivery("b"))
    deliver(replace(bot.deps, store=counted, stopping=asked.is_set))
    assert states(bot) == {"a": DeliveryState.SENT, "b": DeliveryState.PENDING}
    assert counted.transactions < 10


@dataclass
class CountingStore(Through):
    """A store that counts its transactions."""

    transactions: int = 0

    def begin(self) -> AbstractContextManager[Tx]:
        self.transactions += 1
        return self.store.begin()


def test_a_destination_that_another_process_took_over_is_left_to_it(bot: Bot) -> None:
    """This one stood still for longer than its lease, in the middle of a long queue."""
    sent: list[str] = []

    def send(key: str) -> SendResult:
        sent.append(key)
        if key == "b":
            bot.clock.pass_by(2 * bot.deps.pace.delivery_lease)
            with bot.store.begin() as tx:
                assert tx.queue.serve("chat", bot.clock.now(), bot.deps.pace.delivery_lease)
                tx.queue.begin(tx.queue.next("chat", bot.clock.now(), 2)[1:])
        return Sent()

    bot.channel.answer = send
    put(bot, *(delivery(key) for key in "abcd"))
    deliver(bot.deps)
    assert sent == ["a", "b"]
    assert states(bot) == {
        "a": DeliveryState.SENT,
        "b": DeliveryState.SENT,
        "c": DeliveryState.SENDING,
        "d": DeliveryState.PENDING,
    }
    assert not deliver(bot.deps), "the other one's lease still holds"
