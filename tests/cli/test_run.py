import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime.lifecycle import single_instance
from bot.server.health import HealthServer
from tests.cli.calling import SETTINGS, Outcome, chipwatch, write_config
from tests.http_server import Answer, ScriptedServer


def bound_to(folder: Path, bind: str) -> Path:
    return write_config(folder / "config", settings=f'{SETTINGS}\n[server]\nbind = "{bind}"\n')


def health(config: Path) -> Outcome:
    return chipwatch("health", "--config", config)


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("troubles", "status", "told"),
    [
        ({}, 0, "ready\n"),
        ({"database": "locked", "poll": "has not ended"}, 1, "database: locked\npoll: has not ended\n"),
    ],
)
def test_a_daemon_is_asked_whether_it_is_ready(
    tmp_path: Path, troubles: dict[str, str], status: int, told: str
) -> None:
    server = HealthServer("127.0.0.1", 0, lambda: troubles)
    port = server.start()
    try:
        for host in ("127.0.0.1", "0.0.0.0", "localhost"):
            called = health(bound_to(tmp_path, f"{host}:{port}"))
            assert (called.status, called.out) == (status, told)
    finally:
        server.stop()


def test_where_nobody_answers_that_is_said(tmp_path: Path, port: int) -> None:
    called = health(bound_to(tmp_path, f"127.0.0.1:{port}"))
    assert called.status == 1
    assert f"no answer at 127.0.0.1:{port}; is chipwatch run running?" in called.err


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'"ready"'])
def test_another_server_on_the_port_is_no_daemon(tmp_path: Path, web: ScriptedServer, body: bytes) -> None:
    web.play("/readyz", Answer(body=body))
    called = health(bound_to(tmp_path, f"127.0.0.1:{web.port}"))
    assert called.status == 1
    assert f"what answers at 127.0.0.1:{web.port} is not chipwatch run" in called.err


def test_without_a_health_server_there_is_nothing_to_ask(tmp_path: Path) -> None:
    called = health(bound_to(tmp_path, ""))
    assert called.status == 1
    assert "[server] bind is empty" in called.err


def test_a_data_folder_has_one_daemon(tmp_path: Path) -> None:
    config = bound_to(tmp_path, "")
    with single_instance(tmp_path / "data"):
        called = chipwatch("run", "--config", config, "--data", tmp_path / "data")
    assert called.status == 1
    assert "another chipwatch is running with the data folder" in called.err


def test_an_unknown_level_is_a_wrong_call(tmp_path: Path) -> None:
    config = bound_to(tmp_path, "")
    called = chipwatch("run", "--config", config, "--data", tmp_path / "data", "--log-level", "wraning")
    assert called.status == 2
    assert 'unknown level "wraning"; did you mean "warning"?' in called.err
    assert not (tmp_path / "data").exists()


def test_a_level_that_is_like_none_gets_the_known_ones(tmp_path: Path) -> None:
    config = bound_to(tmp_path, "")
    called = chipwatch("run", "--config", config, "--data", tmp_path / "data", "--log-level", "verbose")
    assert called.status == 2
    assert 'unknown level "verbose"; known are: debug, error, info, warning' in called.err


def test_a_port_that_is_taken_is_named(tmp_path: Path, web: ScriptedServer) -> None:
    config = bound_to(tmp_path, f"127.0.0.1:{web.port}")
    called = chipwatch("run", "--config", config, "--data", tmp_path / "data", "--log-level", "error")
    assert called.status == 1
    assert f"can't listen on 127.0.0.1:{web.port}; change [server] bind" in called.err


def test_a_first_start_begins_with_the_starter_and_a_later_one_with_what_is_there(tmp_path: Path) -> None:
    """Another instance holds the data folder, so that nothing really runs."""
    config, data = tmp_path / "config", tmp_path / "data"
    config.mkdir()
    calling = ("run", "--init", "--config", config, "--data", data)
    with single_instance(data):
        begun = chipwatch(*calling)
        assert f"{config} was empty" in begun.err
        assert (config / "chipwatch.toml").exists()
        (config / "feeds.toml").unlink()
        again = chipwatch(*calling)
    assert begun.status == again.status == 1
    assert "was empty" not in again.err
    assert not (config / "feeds.toml").exists()


def test_without_being_asked_nothing_is_begun(tmp_path: Path) -> None:
    called = chipwatch("run", "--config", tmp_path / "config", "--data", tmp_path / "data")
    assert called.status == 2
    assert f"chipwatch init {tmp_path / 'config'}" in called.err
