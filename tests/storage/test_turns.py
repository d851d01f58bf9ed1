"""Turns at what one thread may use at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Event, Thread

import pytest

from bot.storage.turns import Turns

SOON = 10.0


def _started(work: Callable[[], None]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_nobody_is_passed_over_by_threads_that_ask_again_at_once() -> None:
    turns, ended = Turns(), Event()
    taken: list[int] = []

    def busy(me: int) -> None:
        while not ended.is_set():
            with turns.taken(SOON):
                taken.append(me)
                time.sleep(0.002)

    greedy = [_started(lambda me=me: busy(me)) for me in range(4)]  # type: ignore[misc]
    passed = []
    for _ in range(20):
        asked = len(taken)
        with turns.taken(SOON) as came:
            assert came
            passed.append(Counter(taken[asked:]))
    ended.set()
    for thread in greedy:
        thread.join(SOON)
    # Who was already in the queue comes first, and one more of each where it asked as we counted.
    assert max(most for each in passed for most in each.values()) <= 2


def test_it_is_one_thread_s_turn_at_a_time() -> None:
    turns, inside, seen = Turns(), [0], []

    def work() -> None:
        for _ in range(50):
            with turns.taken(SOON):
                inside[0] += 1
                seen.append(inside[0])
                time.sleep(0)
                inside[0] -= 1

    for thread in [_started(work) for _ in range(6)]:
        thread.join(SOON)
    assert seen == [1] * 300


@pytest.mark.parametrize("gives_up", [1, 2, 3])
def test_who_gives_up_leaves_the_queue_in_order(gives_up: int) -> None:
    turns, told = Turns(), []
    holds, gone, free = Event(), Event(), Event()

    def hold() -> None:
        with turns.taken(SOON):
            holds.set()
            free.wait(SOON)

    def ask(me: int) -> None:
        with turns.taken(0.2 if me == gives_up else SOON) as came:
            told.append((me, came))
        if me == gives_up:
            gone.set()

    threads = [_started(hold)]
    assert holds.wait(SOON)
    for me in (1, 2, 3):
        threads.append(_started(lambda me=me: ask(me)))  # type: ignore[misc]
        time.sleep(0.05)
    assert gone.wait(SOON)
    free.set()
    for thread in threads:
        thread.join(SOON)
    waited = [(me, True) for me in (1, 2, 3) if me != gives_up]
    assert told == [(gives_up, False), *waited]
    with turns.taken(0.0) as came:
        assert came


def test_a_block_that_raises_ends_its_turn() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="nonsense"), turns.taken(SOON):
        raise ValueError("nonsense")
    with turns.taken(0.0) as came:
        assert came
