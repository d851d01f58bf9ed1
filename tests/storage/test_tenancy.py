from __future__ import annotations

import subprocess
import sys

import pytest

from bot.errors import StoreError
from bot.storage.engine import open_store
from bot.storage.tenancy import sole_daemon
from tests.http_server import wait_until
from tests.storage.conftest import Databases
from tests.storage.test_reconnect import cut

HOLDING = """
import sys
from bot.storage.tenancy import sole_daemon
with sole_daemon(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_daemon_a_database(url: str) -> None:
    with (
        sole_daemon(url),
        pytest.raises(StoreError, match="another chipwatch with another data folder is running on"),
        sole_daemon(url),
    ):
        pass
    with sole_daemon(url):
        pass


def test_commands_work_beside_it(url: str) -> None:
    with sole_daemon(url):
        store = open_store(url)
        with store.begin() as tx:
            assert not tx.feeds.states()
        store.close()


def test_a_process_that_is_killed_leaves_nothing_behind(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreError), sole_daemon(url):
            pass
        process.kill()
        process.wait()
        wait_until(lambda: is_free(url))


def is_free(url: str) -> bool:
    try:
        with sole_daemon(url):
            return True
    except StoreError:
        return False


def test_a_server_that_forgot_is_told_again_who_comes_first(new_database: Databases) -> None:
    """As after its restart: all sessions are gone, and their locks with them."""
    url = new_database()
    with sole_daemon(url) as first:
        cut(url)
        assert first()
        with pytest.raises(StoreError), sole_daemon(url):
            pass
        cut(url)
        with sole_daemon(url) as second:
            assert second()
            assert not first()
            assert second(), "and to ask takes nothing away"
        assert first()
