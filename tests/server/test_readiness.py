from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from bot.errors import ChipwatchError
from bot.server.health import HealthServer
from bot.server.readiness import readiness, troubles
from tests.http_server import Answer, ScriptedServer, http_server


@pytest.fixture(scope="module")
def web() -> Iterator[ScriptedServer]:
    with http_server() as server:
        yield server


def test_a_daemon_says_what_keeps_it_from_being_ready() -> None:
    found: dict[str, str] = {}
    server = HealthServer("127.0.0.1", 0, lambda: found)
    port = server.start()
    try:
        assert readiness(f"127.0.0.1:{port}") == {}
        assert readiness(f"0.0.0.0:{port}") == {}
        found["poll"] = "stuck"
        assert readiness(f"127.0.0.1:{port}") == troubles(f"127.0.0.1:{port}") == {"poll": "stuck"}
    finally:
        server.stop()
    assert troubles(f"127.0.0.1:{port}") is None
    with pytest.raises(ChipwatchError, match="no answer"):
        readiness(f"127.0.0.1:{port}")


def test_one_that_takes_the_connection_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(ChipwatchError, match="no answer"):
        readiness(f"127.0.0.1:{mute.getsockname()[1]}", within=0.2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"troubles": 3}', b'{"status": "ready"}', b"\xff"])
def test_what_answers_otherwise_is_no_daemon(web: ScriptedServer, body: bytes) -> None:
    bind = web.play("/readyz", Answer(body=body)).removeprefix("http://").removesuffix("/readyz")
    assert troubles(bind) is None
    with pytest.raises(ChipwatchError, match="is not chipwatch run"):
        readiness(bind)
