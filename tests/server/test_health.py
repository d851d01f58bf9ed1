import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from bot.errors import ChipwatchError
from bot.server import unsubscribe
from bot.server.health import MOST_CONNECTIONS, HealthServer

SLOW_HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
FULL_HEAD = SLOW_HEAD + b"\r\n"
SLOW_BODY = b"POST /u/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nList-"
MANY = 200


@pytest.fixture
def troubles() -> dict[str, str]:
    return {}


@pytest.fixture
def port(troubles: dict[str, str]) -> Iterator[int]:
    server = HealthServer("127.0.0.1", 0, lambda: troubles)
    yield server.start()
    server.stop()


def is_alive(port: int) -> bool:
    """Whether the process is told alive, and within two seconds."""
    return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def answer_to(port: int, *pieces: bytes, half_close: bool = False) -> bytes:
    """What comes back until the server closes; it may close before all is sent."""
    answer = b""
    with connected(port) as line:
        with suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
            if half_close:
                line.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while piece := line.recv(65536):
                answer += piece
    return answer


def test_a_live_process_answers_even_when_it_is_not_ready(port: int, troubles: dict[str, str]) -> None:
    troubles["database"] = "locked"
    assert is_alive(port)
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "troubles": {"database": "locked"}}


def test_ready_when_nothing_is_wrong(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


def test_a_database_that_hangs_keeps_no_process_from_being_alive() -> None:
    def hang() -> dict[str, str]:
        time.sleep(3)
        return {}

    server = HealthServer("127.0.0.1", 0, hang)
    port = server.start()
    with ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS - 1):
            stack.enter_context(connected(port)).sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.2)
        assert is_alive(port)
    server.stop()


def test_a_connection_is_closed_after_a_time_whatever_it_does() -> None:
    server = HealthServer("127.0.0.1", 0, dict, connected_for=0.5)
    port = server.start()
    with ExitStack() as stack:
        lines = [stack.enter_context(connected(port)) for _ in range(3)]
        lines[0].sendall(SLOW_HEAD)
        lines[1].sendall(SLOW_BODY)
        assert [line.recv(1) for line in lines[1:]] == [b"H", b""], "a path of nobody is answered 404 at once"
        assert lines[0].recv(1) == b""
    server.stop()


@pytest.mark.parametrize("said", [b"", SLOW_HEAD, SLOW_BODY])
def test_connections_that_say_little_keep_nobody_out(port: int, said: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(MANY):
            line = stack.enter_context(connected(port))
            with suppress(ConnectionError):
                line.sendall(said)
        assert is_alive(port)


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(range(256)) * 64,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n\r\n\r\nGET\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
        b"GET /%00%ff/../../etc/passwd\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_garbage_is_refused_and_harms_nobody(port: int, garbage: bytes) -> None:
    answer = answer_to(port, garbage, half_close=True)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert b"Traceback" not in answer
    assert is_alive(port)


@pytest.mark.parametrize("head", ["GET /nowhere", "GET /readyz", "HEAD /nowhere", "POST /u/x"])
@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_body_that_breaks_leaves_no_line_in_the_log(
    caplog: pytest.LogCaptureFixture, head: str, pause: float
) -> None:
    """Whether it breaks before its answer is made or after."""

    class Nobody:
        def known(self, token: str) -> None: ...

        def unsubscribe(self, token: str) -> None: ...

    server = HealthServer("127.0.0.1", 0, dict, unsubscribe.routes(Nobody()))
    port = server.start()
    with connected(port) as line:
        line.sendall(f"{head} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        time.sleep(pause)
        line.sendall(b"ZZZ\r\n")
        with suppress(ConnectionError):
            while line.recv(65536):
                """Until it is closed."""
    assert is_alive(port)
    server.stop()
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_a_head_of_ten_megabytes_is_not_kept(port: int) -> None:
    for _ in range(2):  # what the first one makes Python import is in memory before the second
        before = resident()
        lines = (b"X-%d: " % number + b"a" * 1000 + b"\r\n" for number in range(10_000))
        answer = answer_to(port, SLOW_HEAD, *lines)
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    assert resident() - before < 5 * 1024 * 1024
    assert is_alive(port)


def resident() -> int:
    """Bytes of memory of this process, in which the server runs."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def test_one_that_hangs_up_half_way_harms_nobody(port: int) -> None:
    for piece in (b"", SLOW_HEAD, FULL_HEAD, SLOW_BODY):
        answer_to(port, piece, half_close=True)
        with connected(port) as line:
            line.sendall(piece)
    assert is_alive(port)


def test_many_requests_on_one_line_are_answered_in_turn(port: int) -> None:
    with connected(port) as line:
        line.sendall(FULL_HEAD * 20)
        answer = b""
        while answer.count(b'{"status":"alive"}') < 20:
            answer += line.recv(65536)


def test_it_listens_on_its_address_only(port: int) -> None:
    assert is_alive(port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_an_address_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HealthServer("127.0.0.1", taken.getsockname()[1], dict)
        with pytest.raises(ChipwatchError, match=r"can't listen on 127\.0\.0\.1:\d+; change \[server\] bind"):
            server.start()


def test_those_who_wait_for_an_answer_get_it_however_many_come_after_them() -> None:
    """Hundreds that ask again and again must not drive each other out before any is answered."""
    go_on = threading.Event()

    def wait() -> dict[str, str]:
        go_on.wait(10)
        return {}

    server = HealthServer("127.0.0.1", 0, wait)
    port = server.start()
    with ExitStack() as stack:
        asking = [stack.enter_context(connected(port)) for _ in range(MOST_CONNECTIONS)]
        for line in asking:
            line.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(0.5)
        late = [stack.enter_context(connected(port)) for _ in range(MANY)]
        for line in late:
            with suppress(ConnectionError):
                assert line.recv(1) == b""
        go_on.set()
        answers = [line.recv(65536) for line in asking]
        assert is_alive(port)
    server.stop()
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 200"}
