import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.cli.output import note, print_json, print_line, print_table, rough_time, say, short_time

AT = datetime(2026, 6, 16, 7, 5, 59, tzinfo=UTC)


def test_json_spells_times_sets_and_other_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"at": AT, "topics": frozenset({"b", "a"}), "tags": ("x",), "title": "Müller–Lüdi"})
    told = capsys.readouterr().out
    assert json.loads(told) == {
        "at": "2026-06-16T07:05:59+00:00",
        "topics": ["a", "b"],
        "tags": ["x"],
        "title": "Müller–Lüdi",
    }
    assert "Müller" in told


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_line({"title": "a\nb", "at": AT})
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert json.loads(told)["title"] == "a\nb"


def test_cells_are_spelled_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b", "c", "d"), [(None, AT, 0.5, 3)], empty="nothing")
    assert capsys.readouterr().out.split() == [*"abcd", "─" * 28, "–", "2026-06-16", "07:05", "0.50", "3"]


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a",), [], empty="nothing is due")
    assert capsys.readouterr().out == "nothing is due\n"


def test_a_note_stands_beside_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    say("output")
    note("beside")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("output\n", "beside\n")


def test_times_are_short() -> None:
    assert short_time(AT) == "2026-06-16 07:05"
    assert short_time(None) == "–"


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (timedelta(seconds=40.4), "40 s"),
        (timedelta(minutes=7, seconds=30), "7 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(days=2, hours=4, minutes=1), "2 d 4 h"),
        (timedelta(days=365), "365 d"),
        (timedelta(0), "0 s"),
    ],
)
def test_spans_of_time_are_rough(time: timedelta, told: str) -> None:
    assert rough_time(time) == told
