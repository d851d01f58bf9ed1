"""Threads that send: as many as are needed, bounded, and in nobody's way."""

from __future__ import annotations

import threading
from dataclasses import replace

from bot.model import SendResult, Sent
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
    senders.close()


def test_a_fault_of_ours_is_no_result(bot: Bot) -> None:
    def broken(_key: str) -> SendResult:
        raise ZeroDivisionError

    bot.channel.answer = broken
    senders = Senders(replace(bot.deps, guard=guard))
    senders.submit(delivery("a"))
    assert senders.ended(10) == [(delivery("a"), None)]
    senders.close()


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
    senders.close()
    for thread in own:
        thread.join(10)
    assert threading.active_count() <= before
