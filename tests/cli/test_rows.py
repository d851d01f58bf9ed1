import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.rows import BadLine, Row, read_rows, reading
from bot.errors import UsageError

GOOD = b'{"id": 1, "title": "A ferry"}'


def read(*lines: bytes) -> list[Row | BadLine]:
    return list(read_rows(io.BytesIO(b"\n".join(lines))))


def test_a_row_has_every_field_and_keeps_the_rest() -> None:
    (row,) = read(
        b'{"id": "a", "title": "T", "summary": "S", "body": "B", "url": "https://x.example/",'
        b' "published": "2026-03-04T05:06:07+02:00", "language": "de", "source": "Wire"}'
    )
    assert isinstance(row, Row)
    assert (row.id, row.title, row.summary, row.body, row.url) == ("a", "T", "S", "B", "https://x.example/")
    assert (row.published, row.language) == (datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC), "de")
    assert row.raw["source"] == "Wire"


def test_only_id_and_title_are_needed_and_null_is_nothing() -> None:
    bare, null = read(GOOD, b'{"id": 1, "title": "A ferry", "summary": null, "url": null, "published": null}')
    assert isinstance(bare, Row)
    assert isinstance(null, Row)
    assert (bare.summary, bare.body, bare.url, bare.published) == ("", "", "", None)
    assert (null.summary, null.body, null.url, null.published) == ("", "", "", None)


@pytest.mark.parametrize(
    "date", ['"yesterday"', "17", '"0001-01-01T00:00+14:00"', '"9999-12-31T23:59-14:00"', "[]"]
)
def test_a_date_that_is_none_counts_as_unknown(date: str) -> None:
    (row,) = read(f'{{"id": 1, "title": "T", "published": {date}}}'.encode())
    assert isinstance(row, Row)
    assert row.published is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"no json", "not a JSON object: Expecting value at character 1"),
        (GOOD + b" and more", "not a JSON object: Extra data at character 31"),
        (b"[1]", "not a JSON object: it is an array"),
        (b'"text"', "not a JSON object: it is a string"),
        (b"3.5", "not a JSON object: it is a number"),
        (b"true", "not a JSON object: it is true or false"),
        (b"null", "not a JSON object: it is null"),
        (b'{"id": NaN, "title": "T"}', "not a JSON object: NaN is no JSON"),
        (b'{"id": 1, "title": "T", "x": -Infinity}', "not a JSON object: -Infinity is no JSON"),
        (b'{"id": 1, "title": "\xff"}', "not a JSON object: it is not UTF-8 text"),
        (b"[" * 100_000, "not a JSON object: it is nested too deeply"),
        (b'{"title": "T"}', "needs id"),
        (b'{"id": null, "title": null}', "needs id and title"),
        (b'{"id": true, "title": "T"}', "id must be text or a number"),
        (b'{"id": 1e999, "title": "T"}', "id must be text or a number"),
        (b'{"id": [1], "title": "T"}', "id must be text or a number"),
        (b'{"id": 1, "title": 4}', "title must be text"),
        (b'{"id": 1, "title": "T", "summary": false, "body": []}', "summary and body must be text"),
    ],
)
def test_a_bad_line_is_a_value_with_its_number(line: bytes, problem: str) -> None:
    before, bad, after = read(GOOD, line, GOOD)
    assert isinstance(before, Row)
    assert isinstance(after, Row)
    assert isinstance(bad, BadLine)
    assert bad.answer() == {"error": problem, "line": 2}


def test_blank_lines_are_counted_and_passed_over() -> None:
    (row, bad) = read(b"", b"   ", GOOD, b"\t", b"{")
    assert isinstance(row, Row)
    assert isinstance(bad, BadLine)
    assert bad.line == 5


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    rows = read(b"\xef\xbb\xbf" + GOOD + b"\r", GOOD + b"\r")
    assert all(isinstance(row, Row) for row in rows)


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=6))
def test_any_bytes_give_a_row_or_a_bad_line_a_line(lines: list[bytes]) -> None:
    found = read(*lines)
    assert len(found) == sum(bool(line.strip()) for line in lines)


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["id", "title", "summary", "body", "url", "published"]), values))
def test_what_is_answered_can_be_read_again(raw: dict[str, object]) -> None:
    (found,) = read(json.dumps(raw).encode())
    answer = found.answer() if isinstance(found, BadLine) else {"id": found.id}
    json.loads(json.dumps(answer), parse_constant=pytest.fail)


def test_a_file_is_read_and_one_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "items").write_bytes(GOOD)
    with reading(tmp_path / "items") as lines:
        assert lines.read() == GOOD
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError, match=f"{path} can't be read: "), reading(path):
            pass
