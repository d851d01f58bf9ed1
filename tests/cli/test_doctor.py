"""How the doctor's page looks; what it finds is in ``tests/doctor``."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from bot.cli.doctor import _show
from bot.core.findings import fault, fine, warning
from bot.model import Row
from tests.cli.conftest import Place

LONG = "https://harbor.example/" + "a" * 50
ROWS = [
    Row(part="configuration", name="files", finding=fine("2 feeds")),
    Row(part="machine", name="data folder", finding=fine("data can be written")),
    Row(part="feeds", name=LONG, finding=fault("status: HTTP 404", "find its new address " * 6)),
    Row(part="machine", name="clock", finding=warning("2 minutes behind 3 servers", "set it by NTP")),
    Row(part="configuration", name="secrets", finding=fine("nobody else can read them")),
]


def page(encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    with redirect_stdout(out):
        _show(ROWS)
    return raw.getvalue().decode(encoding)


def test_what_is_fine_by_parts_then_warnings_then_faults_then_one_line() -> None:
    assert page().splitlines() == [
        "configuration",
        "  ✓ files        2 feeds",
        "  ✓ secrets      nobody else can read them",
        "machine",
        "  ✓ data folder  data can be written",
        "",
        "! machine clock: 2 minutes behind 3 servers",
        "  → set it by NTP",
        "",
        f"✗ feeds {LONG}: status: HTTP 404",
        f"  → {('find its new address ' * 6).strip()}",
        "",
        "1 fault, 1 warning; 3 checks are fine",
    ]


def test_where_the_signs_cant_be_shown_there_are_others() -> None:
    told = page("ascii")
    assert "  + files" in told
    assert "x feeds" in told
    assert "  -> set it by NTP" in told


def test_on_a_narrow_terminal_lines_are_broken_and_addresses_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    told = page()
    assert "\x1b[" in told
    lines = re.sub(r"\x1b\[[0-9;]*m", "", told).splitlines()
    assert all(len(line) <= 60 or LONG in line for line in lines)
    assert [line[:4] for line in lines if "address" in line] == ["  → ", "    ", "    "]


def test_the_command_on_a_small_configuration(place: Place) -> None:
    outcome = place.call("doctor")
    assert outcome.status == 0, outcome.out + outcome.err
    assert "1 feed answers" in outcome.out
    assert outcome.err == ""
    spelled = place.json("doctor")
    assert (spelled["sound"], spelled["faults"]) == (True, 0)
    # The only server that was asked does not tell the time.
    assert [each["name"] for each in spelled["checks"] if each["level"] == "warning"] == ["clock"]
    assert {"part", "name", "level", "found", "remedy"} == spelled["checks"][0].keys()
    asked = len(place.web.asked(place.path))
    assert place.call("doctor", "--offline").status == 0
    assert len(place.web.asked(place.path)) == asked == 2


def test_a_folder_that_is_not_there_is_a_wrong_configuration(tmp_path: Path, place: Place) -> None:
    (place.config / "chipwatch.toml").unlink()
    assert place.call("doctor").status in (0, 1)
    for file in sorted(place.config.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    place.config.rmdir()
    outcome = place.call("doctor")
    assert outcome.status == 2
    assert "there is no such folder; make one with: chipwatch init" in outcome.out
