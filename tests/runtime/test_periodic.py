"""Threads that look again and again."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
import structlog

from bot.runtime.periodic import periodically
from tests.http_server import wait_until

OFTEN = timedelta(seconds=0.01)
HOUR = timedelta(hours=1)


def _running(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_it_looks_until_the_block_ends() -> None:
    looked: list[float] = []
    with periodically("look", lambda: looked.append(time.monotonic()), OFTEN):
        wait_until(lambda: len(looked) > 3)
    assert not _running("look")
    assert min(after - before for before, after in pairwise(looked)) >= 0.01


def test_it_waits_before_the_first_look_and_ends_at_once() -> None:
    began = time.monotonic()
    with periodically("look", lambda: pytest.fail("too early"), HOUR):
        pass
    assert not _running("look")
    assert time.monotonic() - began < 5


def test_it_ends_where_one_need_not_look_any_more() -> None:
    answers = iter([None, False, True])
    with periodically("look", lambda: next(answers), OFTEN):
        wait_until(lambda: not _running("look"))
    with pytest.raises(StopIteration):
        next(answers)


def test_a_look_that_fails_is_logged_and_followed_by_the_next() -> None:
    looked: list[int] = []

    def look() -> None:
        looked.append(1)
        raise ValueError("a bug")

    with structlog.testing.capture_logs() as log, periodically("look", look, OFTEN):
        wait_until(lambda: len(looked) > 2)
    assert {line["event"] for line in log} == {"look failed"}


def test_a_look_that_hangs_does_not_keep_the_block_from_ending() -> None:
    hanging, free = threading.Event(), threading.Event()

    def look() -> None:
        hanging.set()
        free.wait(30)

    began = time.monotonic()
    with periodically("look", look, OFTEN):
        assert hanging.wait(5)
    assert time.monotonic() - began < 5
    free.set()
