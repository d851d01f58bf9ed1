from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.options import moment, since
from bot.errors import UsageError
from tests.cli.calling import chipwatch, write_config

NOW = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
        ("2026-03-04T07:30", datetime(2026, 3, 4, 7, 30, tzinfo=UTC)),
        ("2026-03-04T07:30+02:00", datetime(2026, 3, 4, 5, 30, tzinfo=UTC)),
        ("2026-03-04T07:30Z", datetime(2026, 3, 4, 7, 30, tzinfo=UTC)),
        ("90m", NOW - timedelta(minutes=90)),
        ("36h", NOW - timedelta(hours=36)),
        ("7d", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2)),
    ],
)
def test_a_date_a_time_or_an_age(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected
    assert moment(text, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["yesterday", "7", "7y", "-7d", "2026-13-01", "9999999999999d", "999999d", "0001-01-01T00:00+14:00"],
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="write 2026-03-04, 2026-03-04T07:30 or an age such as 36h or 7d"):
        moment(text, NOW)


@given(st.text(max_size=30))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        assert moment(text, NOW).tzinfo is UTC
    except UsageError as error:
        assert text in str(error)


def test_an_option_that_was_not_given_is_no_time() -> None:
    assert since("", NOW) is None
    assert since("1h", NOW) == NOW - timedelta(hours=1)


def test_folders_may_come_from_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPWATCH_CONFIG", str(write_config(tmp_path / "config")))
    monkeypatch.setenv("CHIPWATCH_DATA", str(tmp_path / "data"))
    assert chipwatch("poll").status == 0
    assert (tmp_path / "data" / "chipwatch.db").exists()
    assert chipwatch("items", "--config", tmp_path / "nowhere").status == 2, "an option wins over a variable"
