"""Folders, disk, time zones and the daemon, on this machine as it is."""

from __future__ import annotations

import socket
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.doctor.machine import check_daemon, check_data, check_disk, check_zones, zones_version
from bot.model import Level
from bot.runtime.lifecycle import single_instance

NOW = datetime.now(UTC)


def test_a_data_folder_that_is_there_or_will_be_made(tmp_path: Path) -> None:
    (there,) = check_data(tmp_path)
    (later,) = check_data(tmp_path / "new" / "data")
    assert there.found == f"{tmp_path} can be written"
    assert later.found == f"{tmp_path / 'new' / 'data'} will be made"
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("in the way")
    (wrong,) = check_data(tmp_path / "file")
    assert (wrong.level, "--data" in wrong.remedy) == (Level.FAULT, True)


def test_the_disk_under_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    (found,) = check_disk(tmp_path / "new" / "data", 0)
    assert found.level is Level.FINE
    (full,) = check_disk(tmp_path, 10**18)
    assert full.level is Level.FAULT


@pytest.fixture
def zones(tmp_path: Path) -> Iterator[Path]:
    """A folder that stands in for the system's time zones."""
    folder = tmp_path / "zoneinfo"
    folder.mkdir()
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([folder])
    yield folder
    zoneinfo.reset_tzpath(before)


def test_the_time_zones_that_are_in_use(zones: Path) -> None:
    # The system has none: those of the package are used.
    assert zones_version() == version("tzdata")
    (zones / "UTC").write_bytes(b"TZif")
    assert zones_version() == ""
    (zones / "tzdata.zi").write_text("# version 2019c\nR A\n")
    assert zones_version() == "2019c"
    (old,) = check_zones(NOW)
    assert (old.level, "time zones as of 2019c" in old.found) == (Level.WARNING, True)


def test_a_daemon_without_a_server(tmp_path: Path) -> None:
    (idle,) = check_daemon(tmp_path, "")
    assert (idle.level, idle.found) == (Level.FINE, "not running; chipwatch run starts it")
    with single_instance(tmp_path):
        (running,) = check_daemon(tmp_path, "")
    assert (running.level, "can't be asked" in running.found) == (Level.FINE, True)
    # Looking took nothing away: a daemon may begin.
    with single_instance(tmp_path):
        pass


def test_an_address_where_no_daemon_could_listen_is_a_fault(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        (taken,) = check_daemon(tmp_path, bind)
    assert (taken.level, bind in taken.found) == (Level.FAULT, True)
    assert "[server] bind" in taken.remedy
    (free,) = check_daemon(tmp_path, bind)
    assert (free.level, free.found) == (Level.FINE, "not running; chipwatch run starts it")
    (elsewhere,) = check_daemon(tmp_path, "192.0.2.1:8080")
    assert elsewhere.level is Level.FAULT
