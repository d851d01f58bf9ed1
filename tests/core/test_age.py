from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.age import appeared, is_late, newest
from bot.model import Item
from tests.core.told import NOW, member, story


def at(url: str, summary: str = "") -> Item:
    return replace(member(1).item, url=url, summary=summary)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/2019/05/12/chip", datetime(2019, 5, 12, tzinfo=UTC)),
        ("https://a.example/2019/05/chip", datetime(2019, 5, 31, tzinfo=UTC)),
        ("https://a.example/2019/02/31/chip", datetime(2019, 2, 28, tzinfo=UTC)),
        ("https://a.example/news/2019-05-12-chip.html", datetime(2019, 5, 12, tzinfo=UTC)),
        ("https://a.example/2026/04/chip", NOW),
        ("https://a.example/2026/05/chip", NOW),
        ("https://a.example/2027/05/chip", NOW),
        ("https://a.example/chip-2019", NOW),
        ("https://a.example/id/12019/055", NOW),
        ("https://a.example/?from=/2019/05/12/", NOW),
        ("", NOW),
    ],
)
def test_an_address_may_say_when_an_article_was_written(url: str, told: datetime) -> None:
    day = appeared(at(url)).date()
    assert day == told.date()


def test_so_may_its_dateline() -> None:
    old = at("https://a.example/1", "OSTREN, May 3, 2019 - Norvik orders chips.")
    assert appeared(old).date() == datetime(2019, 5, 3, tzinfo=UTC).date()
    in_passing = at("https://a.example/1", "Norvik, founded on May 3, 2019, orders chips.")
    assert appeared(in_passing) == NOW - timedelta(hours=2)


def test_an_old_article_under_a_fresh_date_is_late() -> None:
    resurfaced = replace(member(1), item=at("https://a.example/2019/05/12/chip"))
    assert is_late(story(resurfaced))
    assert not is_late(story(resurfaced, member(2)))
    assert newest(story(resurfaced, member(2))) == NOW - timedelta(hours=2)
