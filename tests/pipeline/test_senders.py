"""Threads that send: as many as are needed, bounded, and in nobody's way."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from bot.model import Refused, SendResult, Sent, Unanswered
from bot.pipeline.deps import Pace
from bot.pipeline.senders import AT_ONCE, Senders
from bot.runtime.local import guard
from tests.pipeline.conftest import Bot
from tests.pipeline.test_deliver import delivery


def test_what_ends_comes_back_with_its_result(bot: Bot) -> None:
    senders = Senders(bot.deps)
    senders.submit(delivery("a"))
    assert (senders.under_way, senders.free) == (1, AT_ONCE - 1)
    assert senders.ended(10) == [(delivery("a"), Sent())]
    assert senders.under_way == 0
    assert senders.ended(0) == []


def test_a_fault_of_ours_is_no_result(bot: Bot) -> None:
    def broken(_key: str) -> SendResult:
        raise ZeroDivisionError

    bot.channel.answer = broken
    senders = Senders(replace(bot.deps, guard=guard))
    senders.submit(delivery("a"))
    assert senders.ended(10) == [(delivery("a"), None)]


def test_an_attempt_that_does_not_end_is_given_up_and_its_late_answer_is_nobodys(bot: Bot) -> None:
    patience = threading.Event()
    bot.channel.answer = lambda _key: Sent() if patience.wait(20) else Refused(reason="late")
    senders = Senders(replace(bot.deps, pace=Pace(attempt=timedelta(seconds=0.1))))
    senders.submit(delivery("a"))
    ended = senders.ended(0.2)
    assert ended == [(delivery("a"), Unanswered(reason="not done after 0 s"))]
    assert senders.free == AT_ONCE
    patience.set()
    assert senders.ended(1) == []


def test_many_are_under_way_at_once_in_threads_that_end(bot: Bot) -> None:
    everyone = threading.Barrier(AT_ONCE)
    before = threading.active_count()

    def meet(_key: str) -> SendResult:
        everyone.wait(20)
        return Sent()

    bot.channel.answer = meet
    senders = Senders(bot.deps)
    for number in range(AT_ONCE):
        senders.submit(delivery(str(number)))
    assert senders.free == 0
    ended: list[object] = []
    while len(ended) < AT_ONCE:
        ended += senders.ended(20)
    own = [thread for thread in threading.enumerate() if thread.name == "deliver"]
    for thread in own:
        thread.join(10)
    assert threading.active_count() <= before
