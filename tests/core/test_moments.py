"""Moments and spans as messages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.core.moments import clock, day_and_month, span, weekday_clock, when
from bot.model import Window
from tests.digests import END, digest

BERLIN = ZoneInfo("Europe/Berlin")


def test_times_are_in_the_zone_of_the_digest() -> None:
    late = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert when(late, BERLIN) == "2 Jul 01:30"
    assert day_and_month(late, BERLIN) == "2 Jul"
    assert span(digest(1).window, BERLIN) == "Sat 21 Nov 08:00 – Sun 22 Nov 08:00 CET"


def test_a_window_within_a_day_names_it_once_and_a_zone_without_a_name_gets_one() -> None:
    window = Window(start=END - timedelta(hours=2), end=END)
    assert span(window, BERLIN) == "Sun 22 Nov 06:00 – 08:00 CET"
    assert span(window, ZoneInfo("Asia/Kathmandu")) == "Sun 22 Nov 10:45 – 12:45 UTC+0545"


@given(moment=st.datetimes(timezones=st.just(ZoneInfo("UTC"))).filter(lambda each: 1000 < each.year < 9998))
def test_times_name_their_day_and_zone(moment: datetime) -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    day, _, rest = weekday_clock(moment, zone).partition(" ")
    assert rest == clock(moment, zone)
    assert rest.endswith(" Asia/Kathmandu")
    back = datetime.strptime(rest.removesuffix(" Asia/Kathmandu"), "%Y-%m-%d %H:%M").replace(tzinfo=zone)
    assert timedelta(0) <= moment - back < timedelta(minutes=1)
    assert day == back.strftime("%a")


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert clock(datetime(2026, 7, 2, 1, 30, tzinfo=BERLIN)) == "2026-07-01 23:30 UTC"
