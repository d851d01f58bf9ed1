import re
from collections.abc import Sequence

import pytest

from bot.cli.tables import draw

COLUMNS = ("article", "published", "topics", "title")
LONG = "Harbour council votes to lengthen the eastern breakwater by ninety metres"
ROWS = [
    ("not-a-bakery", "2026-06-16 07:00", "ferries 98%", LONG),
    ("ferry", "–", "", "Ferry [bold]sold[/bold]"),
]


def drawn(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    width: int | None,
    rows: Sequence[tuple[str, ...]] = ROWS,
) -> list[str]:
    """What is drawn on a terminal so wide, or in a pipe, without its colours."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if width else "0")
    monkeypatch.setenv("COLUMNS", str(width or 80))
    draw(COLUMNS, rows)
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()


def test_in_a_pipe_a_row_is_one_line_as_wide_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(capsys, monkeypatch, None)
    assert any("not-a-bakery" in line and LONG in line for line in lines)
    assert any("Ferry [bold]sold[/bold]" in line for line in lines), "no cell is markup"


def test_a_terminal_is_not_overrun_and_long_cells_are_wrapped_at_blanks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(capsys, monkeypatch, 80)
    assert max(map(len, lines)) <= 80
    assert any("not-a-bakery" in line and "2026-06-16 07:00" in line for line in lines)
    (start,) = (line.index("Harbour") for line in lines if "Harbour" in line)
    wrapped = " ".join(line[start:].strip() for line in lines)
    assert LONG in wrapped


def test_where_columns_find_no_room_a_row_is_a_paragraph(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(capsys, monkeypatch, 50)
    assert max(map(len, lines)) <= 50
    assert lines[0] == "not-a-bakery"
    told = " ".join(line.strip() for line in lines)
    assert f"published: 2026-06-16 07:00 · topics: ferries 98% · title: {LONG}" in told
    assert told.endswith("ferry title: Ferry [bold]sold[/bold]"), "empty cells are left out"


def test_what_one_copies_is_never_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-name-of-an-article-that-is-really-long-for-a-name"
    lines = drawn(capsys, monkeypatch, 80, [(name, "–", "none", LONG)])
    assert name in lines[0]


def test_wide_characters_count_double(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = drawn(capsys, monkeypatch, None, [("一二三", "–", "x", "A"), ("abcdef", "–", "x", "B")])
    first, second = lines[-3:-1]
    assert second.index("B") - first.index("A") == 3
