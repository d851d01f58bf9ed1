import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.exits import guarded
from bot.errors import (
    ChipwatchError,
    ConfigError,
    ConfigErrors,
    FeedError,
    QueryError,
    StoreBusy,
    UsageError,
)


def raising(error: BaseException) -> int:
    def app() -> None:
        raise error

    return guarded(app)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("is wrong", file="feeds.toml", line=3, key="feed"), 2),
        (ConfigErrors([ConfigError("is wrong", file="x"), ConfigError("is wrong too", file="y")]), 2),
        (QueryError("no word", position=0), 2),
        (UsageError("no such topic"), 2),
        (FeedError("no feed"), 1),
        (StoreBusy("locked"), 1),
        (ChipwatchError("no answer"), 1),
    ],
)
def test_what_a_user_can_mend_is_told_line_by_line(
    error: ChipwatchError, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == status
    told = capsys.readouterr()
    assert told.err.splitlines() == [f"chipwatch: {line}" for line in str(error).splitlines()]
    assert not told.out


def test_a_full_disk_is_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(OSError(errno.ENOSPC, "No space left on device", "/data/x.db")) == 1
    assert capsys.readouterr().err == "chipwatch: /data/x.db: No space left on device\n"


@pytest.mark.parametrize(("code", "status"), [(0, 0), (1, 1), (2, 2), (None, 0)])
def test_the_status_of_an_app_that_ends_itself_is_kept(code: int | None, status: int) -> None:
    assert raising(SystemExit(code)) == status


def test_an_interrupt_is_one() -> None:
    assert raising(KeyboardInterrupt()) == 130


def test_a_bug_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0)


@pytest.mark.parametrize("lines", [1, 5000])
def test_a_reader_that_has_had_enough_is_no_failure(lines: int, tmp_path: Path) -> None:
    """As with ``chipwatch group items.jsonl | head -1``, before and after the pipe is full."""
    source = tmp_path / "items.jsonl"
    source.write_text(
        "".join(json.dumps({"id": n, "title": f"Word{n} and word{n + 1}"}) + "\n" for n in range(lines))
    )
    call = [sys.executable, "-m", "bot", "group", str(source)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        if lines > 1:
            assert json.loads(process.stdout.readline())["id"] == 0
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0
