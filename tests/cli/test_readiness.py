from __future__ import annotations

import socket

import pytest

from bot.cli.readiness import readiness
from bot.server.health import HealthServer
from tests.http_server import Answer, ScriptedServer


def test_a_daemon_says_what_keeps_it_from_being_ready() -> None:
    troubles: dict[str, str] = {}
    server = HealthServer("127.0.0.1", 0, lambda: troubles)
    port = server.start()
    try:
        assert readiness(f"127.0.0.1:{port}") == {}
        assert readiness(f"0.0.0.0:{port}") == {}
        troubles["poll"] = "stuck"
        assert readiness(f"127.0.0.1:{port}") == {"poll": "stuck"}
    finally:
        server.stop()
    assert readiness(f"127.0.0.1:{port}") is None


def test_one_that_takes_the_connection_and_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert readiness(f"127.0.0.1:{mute.getsockname()[1]}", within=0.2) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"troubles": 3}', b'{"status": "ready"}', b"\xff"])
def test_what_answers_otherwise_is_no_daemon(web: ScriptedServer, body: bytes) -> None:
    address = web.play("/readyz", Answer(body=body))
    assert readiness(address.removeprefix("http://").removesuffix("/readyz")) is None
