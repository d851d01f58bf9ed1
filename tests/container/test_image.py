"""The image as built: small, closed, and the bot in it at work under any user id."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.image import USER, Container, built, missing, settings_of_image, wait_for

pytestmark = [
    pytest.mark.container,
    pytest.mark.skipif(bool(missing()), reason=missing() or "it can be done"),
]
MOST_BYTES = 250_000_000
ENVIRONMENT = {
    "PATH": "/opt/chipwatch/bin:/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "CHIPWATCH_CONFIG": "/config",
    "CHIPWATCH_DATA": "/data",
}


@pytest.fixture(scope="session")
def root() -> Path:
    return built()


@pytest.fixture
def volumes(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Empty ones, writable by group 0 as those of an engine are that come from the image."""
    made = {place: tmp_path / place.strip("/") for place in ("/config", "/data")}
    for folder in made.values():
        folder.mkdir()
        folder.chmod(0o2775)
    yield made
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def container(root: Path, volumes: dict[str, Path], port: int) -> Container:
    bind = {"CHIPWATCH_SERVER__BIND": f"127.0.0.1:{port}"}
    return Container(root, volumes, ENVIRONMENT | bind)


def test_the_environment_here_is_the_images(root: Path) -> None:
    assert root.is_dir()
    settings = settings_of_image()
    assert dict(each.split("=", 1) for each in settings["Env"]) == ENVIRONMENT  # type: ignore[attr-defined]
    assert settings["Entrypoint"] == ["chipwatch"]
    assert settings["Cmd"] == ["run", "--init"]
    assert settings["User"] == "10001:0"
    assert settings["StopSignal"] == "SIGTERM"


def test_it_is_small(root: Path) -> None:
    files = {
        (found.st_dev, found.st_ino): found.st_size
        for path in root.rglob("*")
        if stat.S_ISREG((found := path.lstat()).st_mode)
    }
    assert sum(files.values()) < MOST_BYTES


def test_nothing_in_it_makes_anybody_root_and_no_package_manager_is_left(root: Path) -> None:
    raised = [
        path.relative_to(root)
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)
    ]
    assert raised == []
    for name in ("apt-get", "dpkg", "pip", "pip3", "perl"):
        assert not [*root.glob(f"**/bin/{name}")], name


def test_the_demo_runs_under_any_user_id_on_a_root_that_nobody_can_write(container: Container) -> None:
    shown = container.run("chipwatch", "demo", "--output", "/tmp/demo")
    assert shown.returncode == 0, shown.stderr
    refused = container.run("touch", "/opt/chipwatch/mine")
    assert "Read-only file system" in refused.stderr
    who = container.run("sh", "-c", "'id -u; grep -E \"CapEff|NoNewPrivs\" /proc/self/status'")
    assert who.stdout.split() == [str(USER), "CapEff:", "0" * 16, "NoNewPrivs:", "1"]


def test_it_begins_in_empty_volumes_is_healthy_and_ends_when_asked(
    container: Container, volumes: dict[str, Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with container.running("chipwatch", "run", "--init", log=log) as process:
        wait_for(log, '"started"', process)
        assert "has the starter configuration now" in log.read_text()
        assert (volumes["/config"] / "chipwatch.toml").exists()
        healthy = container.run("chipwatch", "health")
        assert (healthy.returncode, healthy.stdout) == (0, "ready\n")
        asked = time.monotonic()
        container.send(process, signal.SIGTERM)
        assert process.wait(15) == 0, log.read_text()
        assert time.monotonic() - asked < 10
    assert (volumes["/data"] / "chipwatch.db").stat().st_uid == USER
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "stopped"
    assert container.run("chipwatch", "health").returncode == 1


def test_a_secret_is_read_from_a_file_and_shown_nowhere(
    container: Container, volumes: dict[str, Path], tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "chipwatch_smtp__password").write_text("a-word-nobody-sees")
    container.volumes = {**volumes, "/mnt": secrets}
    container.variables = {**container.variables, "CHIPWATCH_SECRETS": "/mnt"}
    assert container.run("chipwatch", "init", "/config").returncode == 0
    shown = container.run("chipwatch", "config", "show", "--json")
    assert shown.returncode == 0, shown.stderr
    assert set(json.loads(shown.stdout)["smtp"]["password"]) == {"*"}
    assert "a-word-nobody-sees" not in shown.stdout + shown.stderr


def test_a_volume_that_can_not_be_written_is_named(container: Container, volumes: dict[str, Path]) -> None:
    volumes["/config"].chmod(0o755)
    begun = container.run("chipwatch", "run", "--init")
    assert begun.returncode == 2
    assert "/config can't be written (Permission denied)" in begun.stderr
