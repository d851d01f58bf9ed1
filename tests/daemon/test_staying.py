from __future__ import annotations

import signal
import threading
from datetime import timedelta

import structlog

from bot.daemon.staying import staying
from bot.errors import StoreError
from tests.http_server import wait_until

SOON = timedelta(seconds=0.01)


def test_it_stays_while_the_place_is_its_own_or_nobody_can_say() -> None:
    asked: list[bool] = []

    def is_ours() -> bool:
        asked.append(True)
        if len(asked) % 2:
            raise StoreError("the server is away")
        return True

    with staying(is_ours, SOON):
        wait_until(lambda: len(asked) > 10)
    assert not [thread for thread in threading.enumerate() if thread.name == "tenancy watch"]


def test_it_ends_the_process_once_where_another_daemon_has_the_place() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with structlog.testing.capture_logs() as log, staying(lambda: False, SOON):
            wait_until(lambda: heard)
            threading.Event().wait(0.1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert [line["event"] for line in log] == ["another daemon has taken over"]
