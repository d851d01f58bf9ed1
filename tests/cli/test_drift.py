from __future__ import annotations

from pathlib import Path

from tests.cli.calling import chipwatch, write_config


def test_before_anything_was_judged_it_is_too_early(tmp_path: Path) -> None:
    place = ("--config", write_config(tmp_path), "--data", tmp_path / "data")
    chipwatch("db", "upgrade", *place)
    shown = chipwatch("topics", "drift", *place)
    assert shown.status == 0
    assert "ferries" in shown.out
    assert "too early to tell" in shown.out
    (told,) = chipwatch("topics", "drift", "--json", *place).json
    assert told["topic"] == "ferries"
    assert (told["stability"], told["reference"], told["alarms"]) == (None, None, [])
    assert told["recent"]["scores"]["items"] == 0
