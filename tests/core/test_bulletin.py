from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alarms import NETWORK
from bot.core.bulletin import bulletin
from bot.core.captions import summary
from bot.core.render import Cut
from bot.core.views import MOST_NOTICES, view
from bot.model import Alarm, Digest, Part

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OUT = Alarm(part=Part.CHANNEL, subject="chat", cause="disabled", text="“chat” is out", raised_at=NOW)
DOWN = Alarm(part=NETWORK[0], subject=NETWORK[1], cause=NETWORK[2], text="all fail", raised_at=NOW)
FEED = Alarm(part=Part.FEED, subject="harbor", cause="failing", text="Harbor fails", raised_at=NOW)


def over(alarm: Alarm, text: str = "all is well") -> Alarm:
    return replace(alarm, told_at=NOW, over_at=NOW + HOUR, text=text)


def texts(digest: Digest) -> list[str]:
    return [notice.text for notice in digest.notices]


def test_what_is_wrong_stands_before_what_is_over() -> None:
    digest = bulletin(
        [over(FEED), replace(OUT, raised_at=NOW), replace(FEED, raised_at=NOW - HOUR)], NOW, "UTC"
    )
    assert (digest.kind, digest.name, digest.stories) == ("alarm", "alarms", ())
    assert texts(digest) == ["Harbor fails", "“chat” is out", "all is well"]
    assert [notice.kind for notice in digest.notices] == ["failing", "disabled", "recovered"]
    assert [notice.feed_id for notice in digest.notices] == ["harbor", "chat", "harbor"]
    assert [notice.at for notice in digest.notices] == [NOW - HOUR, NOW, NOW + HOUR]
    assert (digest.window.start, digest.window.end) == (NOW - HOUR, NOW)


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ([OUT], "Delivery trouble"),
        ([over(OUT)], "Delivery works again"),
        ([OUT, over(FEED)], "Delivery trouble"),
        ([FEED, over(FEED)], "Trouble with 1 feed"),
        ([FEED, replace(FEED, cause="silent"), replace(FEED, subject="other")], "Trouble with 2 feeds"),
        ([replace(FEED, part=Part.TOPIC), FEED], "Trouble with 1 feed and 1 topic"),
        ([DOWN, FEED], "Most feeds fail"),
        ([over(DOWN), over(FEED)], "Feeds can be read again"),
        ([over(FEED)], "Feeds can be read again"),
        ([OUT, FEED], "chipwatch has trouble"),
        ([over(OUT), over(FEED)], "chipwatch works again"),
        ([replace(OUT, part=Part.DISK)], "The disk is almost full"),
        ([over(replace(OUT, part=Part.CLOCK))], "chipwatch works again"),
    ],
)
def test_its_title_says_what_it_is_about(told: list[Alarm], title: str) -> None:
    assert bulletin(told, NOW, "UTC").title == title


@pytest.mark.parametrize("part", Part)
def test_every_part_has_a_title(part: Part) -> None:
    alarm = replace(OUT, part=part)
    assert bulletin([alarm], NOW, "UTC").title
    assert bulletin([over(alarm)], NOW, "UTC").title


def test_two_troubles_that_end_in_the_same_words_are_one_line() -> None:
    digest = bulletin([over(FEED), over(replace(FEED, cause="rolled-over"))], NOW, "UTC")
    assert texts(digest) == ["all is well"]


def test_of_many_the_first_are_named_and_the_others_counted_by_kind() -> None:
    feeds = [
        replace(FEED, subject=f"{n}", text=f"feed {n}", raised_at=NOW + n * timedelta(seconds=1))
        for n in range(500)
    ]
    topic = replace(FEED, part=Part.TOPIC, cause="silent", raised_at=NOW + HOUR, text="chips is silent")
    digest = bulletin([*feeds, over(OUT), topic], NOW + 2 * HOUR, "UTC")
    assert texts(digest) == [
        "chips is silent",
        *(f"feed {n}" for n in range(MOST_NOTICES - 2)),
        "And 495 more: 494 feeds failing, 1 channel recovered. See: chipwatch status",
    ]
    assert summary(digest) == "more than 7 notices"


def test_the_list_is_not_cut_once_more_when_it_is_put_into_words() -> None:
    told = [replace(FEED, subject=str(n), text=f"feed {n}") for n in range(30)]
    digest = bulletin(told, NOW, "UTC")
    assert list(view(Cut(digest=digest)).notices) == texts(digest)
