from __future__ import annotations

from pathlib import Path

from bot.runtime.lifecycle import single_instance
from bot.runtime.presence import LOCK, is_running


def test_nobody_runs_where_nothing_is(tmp_path: Path) -> None:
    assert is_running(tmp_path / "nowhere") is False
    assert not (tmp_path / "nowhere").exists()


def test_the_holder_of_the_lock_is_seen_and_not_disturbed(tmp_path: Path) -> None:
    with single_instance(tmp_path):
        assert (tmp_path / LOCK).exists()
        assert is_running(tmp_path) is True
    assert is_running(tmp_path) is False
    with single_instance(tmp_path):
        assert is_running(tmp_path) is True


def test_a_lock_left_behind_is_no_daemon(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("")
    assert is_running(tmp_path) is False


def test_what_is_no_file_can_not_be_looked_at(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert is_running(tmp_path / "data") is None
