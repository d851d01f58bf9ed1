from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.fetch.headers import LONGEST, ahead, fresh_for, retry_after

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, timedelta(0)),
        ({"cache-control": "public, max-age=3600"}, HOUR),
        ({"cache-control": 'max-age="3600"', "age": "600"}, HOUR - timedelta(minutes=10)),
        ({"cache-control": "max-age=3600", "expires": "0"}, HOUR),
        ({"cache-control": "no-cache, max-age=3600"}, timedelta(0)),
        ({"cache-control": "max-age=99999999999999999999"}, LONGEST),
        ({"cache-control": "max-age=-5"}, timedelta(0)),
        ({"expires": "Tue, 03 Mar 2026 13:00:00 GMT"}, HOUR),
        ({"expires": "Tue, 03 Mar 2026 13:00:00 GMT", "date": "Tue, 03 Mar 2026 12:30:00 GMT"}, HOUR / 2),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, timedelta(0)),
        ({"expires": "-1"}, timedelta(0)),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 -0100"}, timedelta(0)),
    ],
)
def test_freshness(headers: dict[str, str], expected: timedelta) -> None:
    assert fresh_for(headers, NOW) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(minutes=2)),
        ("Tue, 03 Mar 2026 13:00:00 GMT", HOUR),
        ("99999999999", LONGEST),
        ("-5", None),
        ("0", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("soon", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
        ("", None),
    ],
)
def test_retry_after(value: str, expected: timedelta | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_header_is_a_bounded_wait(one: str, two: str) -> None:
    headers = {"cache-control": f"max-age={one}", "expires": two, "date": one, "age": two, "retry-after": one}
    assert timedelta(0) <= fresh_for(headers, NOW) <= LONGEST
    assert timedelta(0) <= (retry_after(headers, NOW) or timedelta(0)) <= LONGEST


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"date": "soon"}, None),
        ({"date": "Tue, 03 Mar 2026 13:00:00 GMT"}, HOUR),
        ({"date": "Tue, 03 Mar 2026 11:00:00 GMT"}, -HOUR),
        ({"date": "Tue, 03 Mar 2026 11:00:00 GMT", "age": "3600"}, timedelta(0)),
    ],
)
def test_how_far_the_clock_of_a_server_is_ahead(headers: dict[str, str], expected: timedelta | None) -> None:
    assert ahead(headers, NOW) == expected


def test_the_last_date_of_all_is_no_trouble() -> None:
    assert ahead({"date": "Fri, 31 Dec 9999 23:59:59 -0100", "age": "999999999"}, NOW) is None
    assert ahead({"date": "Fri, 31 Dec 9999 23:59:59 GMT", "age": "999999999"}, NOW) is not None
