import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest

from bot.fetch.lookups import Lookups, ask_system
from tests.http_server import wait_until


def looking_up() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "resolve"}


def test_the_machine_knows_its_own_name() -> None:
    assert set(ask_system("localhost", 80)) <= {"127.0.0.1", "::1"}


def test_many_names_are_looked_up_side_by_side_and_threads_end() -> None:
    others, together = looking_up(), threading.Barrier(20)

    def ask(host: str, port: int) -> Sequence[str]:
        together.wait(10)
        return [f"{host}:{port}"]

    async def all_of_them() -> list[Sequence[str]]:
        lookups = Lookups(20, ask)
        found = await asyncio.gather(*(lookups(f"host{number}", 80) for number in range(20)))
        lookups.close()
        return found

    assert asyncio.run(all_of_them()) == [[f"host{number}:80"] for number in range(20)]
    wait_until(lambda: looking_up() <= others)


def test_what_is_beyond_the_most_waits_for_a_thread() -> None:
    used: set[threading.Thread] = set()

    def ask(host: str, port: int) -> Sequence[str]:
        used.add(threading.current_thread())
        return [host]

    async def all_of_them() -> list[Sequence[str]]:
        lookups = Lookups(3, ask)
        found = await asyncio.gather(*(lookups(f"host{number}", 80) for number in range(50)))
        lookups.close()
        return found

    assert asyncio.run(all_of_them()) == [[f"host{number}"] for number in range(50)]
    assert len(used) <= 3


@pytest.mark.parametrize(
    ("host", "error"),
    [("no-such-name.invalid", OSError), ("ü" * 70 + ".de", UnicodeError)],
)
def test_a_name_without_address_is_an_error(host: str, error: type[Exception]) -> None:
    async def once() -> Sequence[str]:
        lookups = Lookups(1)
        try:
            return await lookups(host, 80)
        finally:
            lookups.close()

    with pytest.raises(error):
        asyncio.run(once())


HANGING = """
import asyncio, contextlib, time
from bot.fetch.lookups import Lookups

async def main():
    lookups = Lookups(2, lambda host, port: time.sleep(60))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(lookups("hangs.example", 80), 0.1)
    lookups.close()

asyncio.run(main())
"""


def test_a_name_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGING], check=True, timeout=50, stderr=subprocess.PIPE, text=True
    )
    assert time.monotonic() - began < 30
    assert not done.stderr
