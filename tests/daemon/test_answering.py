from __future__ import annotations

import socket
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.errors import ChipwatchError
from bot.runtime.steps import Heartbeat
from tests.daemon.house import House, free_port, running
from tests.daemon.running import parts
from tests.runtime.test_steps import Stopwatch

URL = "https://one.example/rss"
LISTENS = "0A"  # as the kernel writes the state of a socket (include/net/tcp_states.h)


def ready(port: int) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10)
    return answer.status_code, answer.json()["troubles"]


def listening(pid: int) -> Sequence[tuple[str, int]]:
    """Addresses, as the kernel writes them, and ports that a process listens on for TCP."""
    own = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTENS and f"socket:[{fields[9]}]" in own:
                address, _, port = fields[1].partition(":")
                found.append((address, int(port, 16)))
    return found


def test_ready_while_all_is_well_and_not_when_a_step_is_stuck(house: House) -> None:
    port, watch = house.watch(URL), Stopwatch()
    with parts(house, Heartbeat(limits={"poll": timedelta(minutes=10)}, now=watch)):
        assert ready(port) == (200, {})
        watch.seconds += 660
        assert ready(port) == (503, {"poll": "has not got on for 11 min"})


def test_unready_where_the_database_is_gone(house: House) -> None:
    port = house.watch(URL)
    with parts(house) as running:
        running.current.application.store.close()
        (house.data / "chipwatch.db").write_bytes(b"not a database any more, " * 1000)
        status, troubles = ready(port)
        assert status == 503
        assert "damaged" in troubles["database"]
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_unready_where_nothing_at_all_can_be_delivered(house: House) -> None:
    port = house.watch(URL)
    with parts(house) as running:
        deps = running.current.deps()
        for name in deps.channels:
            assert ready(port)[0] == 200
            with deps.store.begin() as tx:
                tx.queue.disable(name, deps.clock.now(), "gone for good", "")
        assert ready(port) == (503, {"channels": "folder: gone for good; alerts: gone for good"})


def test_it_moves_only_where_it_can(house: House) -> None:
    before, after = house.watch(URL), free_port()
    with parts(house) as running, socket.create_server(("127.0.0.1", 0)) as taken:
        busy = running.answering.moving(f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ChipwatchError, match="can't listen on"), busy:
            pass
        assert ready(before)[0] == 200
        with pytest.raises(ZeroDivisionError), running.answering.moving(f"127.0.0.1:{after}"):
            raise ZeroDivisionError
        assert ready(before)[0] == 200
        with running.answering.moving(f"127.0.0.1:{after}"):
            pass
        assert ready(after)[0] == 200
        with running.answering.moving(""), pytest.raises(httpx.ConnectError):
            ready(after)


def test_the_daemon_listens_on_its_address_and_nowhere_else(house: House) -> None:
    port = house.watch(URL)
    with running(house) as daemon:
        assert listening(daemon.process.pid) == [("0100007F", port)], "127.0.0.1, bytes reversed"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)
        daemon.ended()


def test_an_unsubscribe_link_of_nobody_changes_nothing(house: House) -> None:
    port = house.watch(URL)
    with parts(house):
        answer = httpx.post(f"http://127.0.0.1:{port}/u/x", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 404
        with closing(sqlite3.connect(house.data / "chipwatch.db")) as database:
            assert database.execute("SELECT count(*) FROM unsubscriptions").fetchone() == (0,)


def test_however_many_ask_whether_it_is_ready_the_steps_get_at_the_database(house: House) -> None:
    port = house.watch(URL)
    with parts(house) as running:
        store = running.current.application.store
        held: list[int] = []
        with ThreadPoolExecutor(40) as pool:
            answers = [pool.submit(ready, port) for _ in range(200)]
            while not all(answer.done() for answer in answers):
                held.append(store._engine.pool.checkedout())  # type: ignore[attr-defined]
        assert {answer.result()[0] for answer in answers} == {200}
    assert max(held) == 1
