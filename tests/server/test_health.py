import socket
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from bot.errors import ChipwatchError
from bot.server.health import HealthServer


@pytest.fixture
def troubles() -> dict[str, str]:
    return {}


@pytest.fixture
def address(troubles: dict[str, str]) -> Iterator[str]:
    server = HealthServer("127.0.0.1", 0, lambda: troubles)
    yield f"http://127.0.0.1:{server.start()}"
    server.stop()


def test_a_live_process_answers_even_when_it_is_not_ready(address: str, troubles: dict[str, str]) -> None:
    troubles["database"] = "locked"
    assert httpx.get(f"{address}/healthz").status_code == 200
    answer = httpx.get(f"{address}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "troubles": {"database": "locked"}}


def test_ready_when_nothing_is_wrong(address: str) -> None:
    answer = httpx.get(f"{address}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_connections_that_say_nothing_keep_others_out_for_a_while_only() -> None:
    server = HealthServer("127.0.0.1", 0, dict, connected_for=0.5)
    port = server.start()
    with ExitStack() as stack:
        lines = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(70)
        ]
        lines[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        assert [line.recv(1) for line in lines] == [b""] * len(lines), "all were closed"
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    server.stop()


def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HealthServer("127.0.0.1", taken.getsockname()[1], dict)
        with pytest.raises(ChipwatchError, match=r"can't listen on 127\.0\.0\.1:\d+; change \[server\] bind"):
            server.start()
