import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Delivery, DeliveryState, Message, Refused, RetryPolicy, SendResult, Sent, Unanswered
from bot.pipeline.deliver import deliver
from bot.runtime.local import guard
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
