"""``chipwatch why URL`` of an address that nobody ever saw."""

from __future__ import annotations

from tests.cli.conftest import Place


def told(place: Place, url: str) -> list[str]:
    called = place.call("why", url)
    assert (called.status, called.out) == (2, "")
    first, *rest = (line.removeprefix("chipwatch: ") for line in called.err.splitlines())
    assert first.startswith(f'no item is known by "{url}"; write its address')
    return rest


def test_an_address_of_a_host_without_a_feed(polled: Place) -> None:
    assert told(polled, "https://nowhere.example/news") == [
        "No feed of nowhere.example is configured; look for one with: "
        "chipwatch feeds discover https://nowhere.example/"
    ]


def test_an_address_of_a_feeds_host_tells_how_the_feed_was_polled(polled: Place) -> None:
    date, feed = told(polled, "http://127.0.0.1/2026/05/03/missed")
    assert date == "Its address says that it is of 2026-05-03."
    assert feed.startswith(f"“{polled.feed}” was polled last on 20")
    assert "2 new, 0 revised, 0 unchanged." in feed


def test_what_is_no_address_tells_nothing_more(polled: Place) -> None:
    assert told(polled, "zeppelin") == []
