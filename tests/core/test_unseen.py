from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.unseen import what_is_known
from bot.model import Feed, FeedState, Notice
from tests.core.told import NOW

FEED = Feed(id="wire", url="https://www.harbor.example/feed.xml", title="Harbor Wire")
STATE = FeedState(
    feed_id="wire", url=FEED.url, next_poll_at=NOW, last_polled_at=NOW, last_result="2 new, 0 revised"
)
URL = "https://harbor.example/2026/05/03/ferry"


def told(
    url: str = URL, feed: Feed = FEED, state: FeedState | None = STATE, notices: tuple[Notice, ...] = ()
) -> str:
    states = {feed.id: state} if state else {}
    return " ".join(what_is_known(url, [feed], states, notices))


def test_a_host_without_a_feed_says_how_to_find_one() -> None:
    assert told("https://other.example/x") == (
        "No feed of other.example is configured; look for one with: "
        "chipwatch feeds discover https://other.example/"
    )


def test_a_feed_that_was_polled_since_did_not_have_it() -> None:
    said = told()
    assert said.startswith("Its address says that it is of 2026-05-03.")
    assert "“Harbor Wire” was polled last on 2026-05-04 12:00 UTC: 2 new, 0 revised." in said
    assert said.endswith("It was polled since, and did not have it: not every feed has every article.")


@pytest.mark.parametrize(
    ("feed", "state", "said"),
    [
        (FEED, replace(STATE, last_polled_at=NOW - timedelta(days=3)), "It was not polled since."),
        (FEED, None, "is configured and was never polled."),
        (replace(FEED, enabled=False), STATE, "is switched off in feeds.toml."),
        (FEED, replace(STATE, disabled="410 Gone"), "is polled no more: 410 Gone."),
        (
            FEED,
            replace(STATE, failing_since=NOW - timedelta(days=2)),
            "It has failed since 2026-05-02 12:00 UTC.",
        ),
    ],
)
def test_what_kept_the_feed_from_having_it(feed: Feed, state: FeedState | None, said: str) -> None:
    assert told(feed=feed, state=state).endswith(said)


def test_a_feed_that_rolled_over_may_have_lost_it() -> None:
    rolled = Notice(feed_id="wire", kind="rolled-over", text="…", at=NOW - timedelta(hours=3))
    other = replace(rolled, feed_id="other")
    assert "On 2026-05-04 09:00 UTC all its entries were new at once" in told(notices=(rolled, other))
    assert "at once" not in told(notices=(other,))


def test_a_host_below_another_counts_and_a_likeness_of_names_does_not() -> None:
    assert "“Harbor Wire”" in told("https://news.harbor.example/x")
    assert "No feed of" in told("https://myharbor.example/x")


def test_of_many_feeds_some_are_told_and_the_rest_counted() -> None:
    feeds = [replace(FEED, id=f"f{number}") for number in range(5)]
    said = [*what_is_known("https://harbor.example/x", feeds, {}, ())]
    assert len(said) == 4
    assert said[-1] == "2 more feeds of harbor.example are configured."


@given(url=st.text() | st.sampled_from(["http://[::1", "ftp://x", "//harbor.example/x", "https://"]))
def test_whatever_is_asked_nothing_breaks(url: str) -> None:
    assert all(isinstance(line, str) for line in what_is_known(url, [FEED], {"wire": STATE}, ()))
