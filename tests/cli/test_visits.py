from pathlib import Path

import pytest

from bot.cli.visits import NoFeed, Sight, require_web, visitor
from bot.errors import ChipwatchError, UsageError
from tests.cli.calling import NEWS, rss
from tests.cli.conftest import FEED_TYPE, Place
from tests.http_server import Answer

PAGE_TYPE = {"Content-Type": "text/html"}


def page(place: Place, text: str, path: str = "/home") -> str:
    return place.web.play(place.path + path, Answer(body=text.encode(), headers=PAGE_TYPE))


def feeds_at(place: Place, url: str) -> list[Sight]:
    with visitor(place.config) as visits:
        return list(visits.feeds_at(url))


def test_an_address_is_read_as_a_poll_would(place: Place) -> None:
    with visitor(place.config) as visits:
        sight = visits.visit(place.feed)
    assert (sight.url, sight.entries, sight.reading.document.title) == (place.feed, 2, "Harbor Wire")
    assert [item.title for item in sight.reading.items] == [
        "Skerry Lines launches its electric ferry",
        "Ostren library stays open late",
    ]


def test_a_feed_that_moved_for_good_is_named_by_its_new_address(place: Place) -> None:
    old = place.web.play(place.path + "/old", Answer(status=301, headers={"Location": place.path}))
    (sight,) = feeds_at(place, old)
    assert sight.url == place.feed


def test_a_page_is_told_from_a_feed_and_no_answer_from_both(place: Place) -> None:
    url = page(place, "<html><body>Nothing here</body></html>")
    with visitor(place.config) as visits:
        with pytest.raises(NoFeed, match="an HTML page, not a feed") as raised:
            visits.visit(url)
        assert raised.value.fetched.final_url == url
        with pytest.raises(ChipwatchError, match="status: HTTP 404"):
            visits.visit(place.feed + "/nowhere")


def test_a_bot_wall_is_named_as_such(place: Place) -> None:
    wall = Answer(status=403, headers={**PAGE_TYPE, "cf-mitigated": "challenge"}, body=b"<html>Just a moment")
    url = place.web.play(place.path + "/wall", wall)
    with (
        visitor(place.config) as visits,
        pytest.raises(ChipwatchError, match=r"blocked: .*Cloudflare") as raised,
    ):
        visits.visit(url)
    assert str(raised.value).count("let feed readers in") == 1, "what can be done is said, and once"


def test_a_page_leads_to_all_the_feeds_that_it_declares_and_to_each_once(place: Place) -> None:
    other = place.web.play(
        place.path + "/other", Answer(body=rss(NEWS[0], title="Ferries only"), headers=FEED_TYPE)
    )
    links = [place.path, place.path + "/gone", place.path + "/other", place.path + "?again=1"]
    kind = "application/rss+xml"
    head = "".join(f'<link rel="alternate" type="{kind}" href="{link}">' for link in links)
    place.web.play(place.path + "?again=1", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    found = feeds_at(place, page(place, f"<html><head>{head}</head></html>"))
    assert [(sight.url, sight.how) for sight in found] == [(place.feed, "declared"), (other, "declared")]


def test_the_usual_places_are_tried_only_where_a_page_names_nothing(place: Place) -> None:
    bare = page(place, "<html><body>Nothing here</body></html>", "/blog/")
    usual = place.web.play(place.path + "/blog/feed", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    assert [(sight.url, sight.how) for sight in feeds_at(place, bare)] == [(usual, "usual place")]
    place.web.requests.clear()
    named = page(place, f'<html><body><a href="{place.path}">RSS</a></body></html>', "/blog/")
    assert [(sight.url, sight.how) for sight in feeds_at(place, named)] == [(place.feed, "linked")]
    assert [request.path for request in place.web.requests] == [place.path + "/blog/", place.path]


def test_the_first_feed_is_enough_where_no_more_are_asked_for(place: Place) -> None:
    bare = page(place, "<html><body>Nothing here</body></html>", "/site")
    place.web.play(place.path + "/site/feed", Answer(body=rss(*NEWS), headers=FEED_TYPE))
    place.web.requests.clear()
    with visitor(place.config) as visits:
        assert next(visits.feeds_at(bare)).url.endswith("/site/feed")
    assert len(place.web.requests) == 2


def test_a_folder_without_settings_will_do(tmp_path: Path) -> None:
    with visitor(tmp_path) as visits, pytest.raises(ChipwatchError, match=r"refused: .*allow_networks"):
        visits.visit("http://127.0.0.1:9/")


@pytest.mark.parametrize("url", ["harbor.example", "ftp://harbor.example/rss", ""])
def test_what_is_no_web_address_is_a_wrong_call(url: str) -> None:
    with pytest.raises(UsageError, match="http:// or https://"):
        require_web(url)
