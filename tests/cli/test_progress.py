import sys

import pytest

from bot.cli.progress import counted, measured


class Terminal:
    """A stream that says it is a terminal and keeps what is written."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None: ...


def test_in_a_pipe_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with counted("polling", 2) as advance:
        advance("Harbor Wire")
        advance("Silicon Ledger")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_on_a_terminal_a_bar_counts_and_names(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with counted("polling", 2) as advance:
        advance("Harbor Wire")
        advance("Silicon Ledger [red]")
    assert "polling" in terminal.written
    assert "2/2" in terminal.written
    assert "Silicon Ledger [red]" in terminal.written


def test_a_bar_can_advance_by_any_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with measured("judging", 700) as advance:
        advance(500)
        advance(200)
    assert "judging" in terminal.written
    assert "700/700" in terminal.written
