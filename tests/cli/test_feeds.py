from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.catalogue import load_feeds
from bot.cli.opening import opened
from bot.model import Notice
from tests.cli.calling import NEWS, chipwatch, rss, write_config
from tests.cli.conftest import Place
from tests.http_server import Answer

DEAD = "http://127.0.0.1:9/rss"


def urls(place: Place) -> list[str]:
    return [feed.url for feed in load_feeds(place.config / "feeds.toml")]


@pytest.fixture
def page(place: Place) -> str:
    """A page that names the feed."""
    body = f'<html><head><link rel="alternate" type="application/rss+xml" href="{place.path}"></head></html>'
    return place.web.play(
        place.path + "/home", Answer(body=body.encode(), headers={"Content-Type": "text/html"})
    )


@pytest.fixture
def bare(place: Place) -> Place:
    """No feed yet, and no file of feeds."""
    (place.config / "feeds.toml").unlink()
    return place


# ── list ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_before_and_after_the_first_poll(place: Place) -> None:
    (feed,) = place.json("feeds", "list")
    assert (feed["url"], feed["enabled"], feed["failures"]) == (place.feed, True, 0)
    assert feed["last_polled_at"] is None
    assert "never polled" in place.call("feeds", "list").out
    place.call("poll")
    (feed,) = place.json("feeds", "list")
    assert feed["last_polled_at"] < feed["next_poll_at"]
    assert "never polled" not in place.call("feeds", "list").out


def test_a_feed_without_a_title_goes_by_its_host(bare: Place) -> None:
    (bare.config / "feeds.toml").write_text('[[feed]]\nurl = "https://skerry.example/feed"\n')
    (row,) = (line for line in bare.call("feeds", "list").out.splitlines() if "never polled" in line)
    assert row.split()[0] == "skerry.example"


def test_no_feeds_say_how_to_add_one(bare: Place) -> None:
    assert "chipwatch feeds add URL" in bare.call("feeds", "list").out
    assert bare.json("feeds", "list") == []


def test_a_list_tells_of_moves_and_troubles(polled: Place) -> None:
    there = "https://new.example/rss"
    with opened(polled.config, polled.data) as application, application.store.begin() as tx:
        (state,) = tx.feeds.states().values()
        now = application.deps.clock.now()
        tx.feeds.save([replace(state, url=there, trouble="silent", rhythm=timedelta(hours=30))])
        tx.feeds.note([Notice(feed_id=state.feed_id, kind="moved", text="It has moved.", at=now)])
        tx.feeds.note([Notice(feed_id="of another list", kind="gone", text="It is gone.", at=now)])
    shown = polled.call("feeds", "list").out
    assert f"{polled.feed} (moved to {there})" in shown
    assert "silent; 2 new, 0 revised, 0 unchanged" in shown
    assert "1 d 6 h" in shown
    assert shown.splitlines()[-1].split()[2:] == ["moved", "It", "has", "moved."]
    (feed,) = polled.json("feeds", "list")
    assert (feed["polled_at"], feed["trouble"], feed["rhythm"]) == (there, "silent", 108_000)
    assert [(notice["kind"], notice["text"]) for notice in feed["notices"]] == [("moved", "It has moved.")]


# ── add, remove ──────────────────────────────────────────────────────────────────────────────────


def test_a_feed_is_added_with_its_title_and_tags(bare: Place) -> None:
    called = chipwatch("feeds", "add", bare.feed, "--tag", "press", "--tag", "sea", "--config", bare.config)
    assert called.status == 0
    (feed,) = load_feeds(bare.config / "feeds.toml")
    assert (feed.url, feed.title, feed.tags) == (bare.feed, "Harbor Wire", ("press", "sea"))
    again = chipwatch("feeds", "add", bare.feed, "--config", bare.config)
    assert again.status == 0
    assert "is there already" in again.out
    assert urls(bare) == [bare.feed]


def test_a_page_leads_to_its_feed(bare: Place, page: str) -> None:
    called = chipwatch("feeds", "add", page, "--config", bare.config)
    assert called.status == 0
    assert bare.feed in called.out
    assert urls(bare) == [bare.feed]


def test_what_is_no_feed_is_named_and_the_others_are_added(bare: Place) -> None:
    page = bare.web.play(bare.path + "/about", Answer(body=b"<html><body>No feed here</body></html>"))
    called = chipwatch("feeds", "add", DEAD, page, bare.feed, "--config", bare.config)
    assert called.status == 1
    assert f"✗ {DEAD}: connect: " in called.out
    assert f"✗ {page}: " in called.out
    assert "it is no feed, names none, and none is at the usual places" in called.out
    assert urls(bare) == [bare.feed]


def test_a_site_leads_to_the_feed_at_a_usual_place(bare: Place) -> None:
    page = bare.web.play(bare.path + "/site/", Answer(body=b"<html><body>News</body></html>"))
    there = bare.web.play(bare.path + "/site/feed", Answer(body=rss(*NEWS)))
    called = chipwatch("feeds", "add", page, "--config", bare.config)
    assert (called.status, called.out) == (0, f"✓ {there}  Harbor Wire\n")
    assert urls(bare) == [there]


def test_an_address_may_be_added_unseen(bare: Place) -> None:
    called = chipwatch("feeds", "add", DEAD, "--unchecked", "--config", bare.config)
    assert called.status == 0
    assert urls(bare) == [DEAD]


@pytest.mark.parametrize("command", ["add", "test"])
def test_what_is_no_web_address_is_a_wrong_call(bare: Place, command: str) -> None:
    called = chipwatch("feeds", command, "harbor.example", "--config", bare.config)
    assert called.status == 2
    assert "http:// or https://" in called.err


def test_a_comment_outlives_adding_and_removing(place: Place) -> None:
    path = place.config / "feeds.toml"
    path.write_text("# mine\n" + path.read_text())
    chipwatch("feeds", "add", DEAD, "--unchecked", "--config", place.config)
    assert urls(place) == [place.feed, DEAD]
    assert chipwatch("feeds", "remove", place.feed, "--config", place.config).status == 0
    assert urls(place) == [DEAD]
    assert path.read_text().startswith("# mine\n")


def test_a_feed_that_left_is_polled_no_more_and_its_items_stay(polled: Place) -> None:
    chipwatch("feeds", "remove", polled.feed, "--config", polled.config)
    assert polled.json("poll", "--all")["feeds"] == []
    items = polled.json("items")
    assert len(items) == 2
    assert "a feed that is not configured any more" in polled.call("why", items[0]["id"]).out


def test_an_unknown_feed_is_answered_with_the_nearest(place: Place) -> None:
    called = chipwatch("feeds", "remove", place.feed + "/", "--config", place.config)
    assert called.status == 2
    assert f'did you mean "{place.feed}"?' in called.err
    assert urls(place) == [place.feed]


@pytest.mark.parametrize(
    "command", [["add", DEAD, "--unchecked"], ["remove", DEAD], ["export"]], ids=" ".join
)
def test_a_broken_file_is_named_and_left_as_it_is(place: Place, command: list[str]) -> None:
    path = place.config / "feeds.toml"
    path.write_text("[[feed]\nurl = ")
    called = chipwatch("feeds", *command, "--config", place.config)
    assert called.status == 2
    assert f"{path}:1: not valid TOML" in called.err
    assert path.read_text() == "[[feed]\nurl = "


# ── test ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_test_says_what_a_poll_would_see_and_stores_nothing(place: Place) -> None:
    tagged = Answer(body=rss(*NEWS), headers={"Content-Type": "application/rss+xml", "ETag": '"1"'})
    place.web.play(place.path, tagged)
    called = chipwatch("feeds", "test", place.feed, "--config", place.config)
    assert called.status == 0
    assert "Harbor Wire (rss20, no language named)" in called.out
    assert "validators  ETag" in called.out
    assert "2 from 2 entries" in called.out
    (row,) = (line for line in called.out.splitlines() if "electric ferry" in line)
    assert row.split()[2] == "ferries"
    shown = chipwatch("feeds", "test", place.feed, "--config", place.config, "--json").json
    assert [item["topics"] for item in shown["items"]] == [["ferries"], []]
    assert not place.data.exists()


def test_a_test_needs_no_topics(place: Place, tmp_path: Path) -> None:
    settings = place.config / "chipwatch.toml"
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "chipwatch.toml").write_text('[http]\nallow_networks = ["127.0.0.1"]\n')
    called = chipwatch("feeds", "test", place.feed, "--config", tmp_path / "bare")
    assert (called.status, settings.exists()) == (0, True)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (DEAD, "connect: "),
        ("http://10.1.2.3/", "[http] allow_networks can open it"),
        ("http://[::1", "refused: "),
    ],
)
def test_an_address_that_does_not_answer_is_named(place: Place, url: str, told: str) -> None:
    called = chipwatch("feeds", "test", url, "--config", place.config)
    assert called.status == 1
    assert url in called.err
    assert told in called.err


def test_a_page_is_no_feed(place: Place, page: str) -> None:
    called = chipwatch("feeds", "test", page, "--config", place.config)
    assert called.status == 1
    assert "an HTML page, not a feed" in called.err
    assert f"it names {place.feed}" in called.err


# ── OPML ─────────────────────────────────────────────────────────────────────────────────────────


def test_feeds_go_out_as_opml_and_come_in_again(place: Place, tmp_path: Path) -> None:
    chipwatch("feeds", "add", DEAD, "--unchecked", "--tag", "press", "--config", place.config)
    opml = tmp_path / "feeds.opml"
    opml.write_text(chipwatch("feeds", "export", "--config", place.config).out)
    other = write_config(tmp_path / "other")
    called = chipwatch("feeds", "import", opml, "--config", other)
    assert called.out == "feeds added: 2; there already: 0\n"
    found = {feed.url: feed.tags for feed in load_feeds(other / "feeds.toml")}
    assert found == {place.feed: (), DEAD: ("press",)}
    assert chipwatch("feeds", "import", opml, "--config", other).out == "feeds added: 0; there already: 2\n"


@pytest.mark.parametrize("content", [None, b"no xml", b"<rss/>"], ids=["nothing", "text", "rss"])
def test_a_file_that_is_no_opml_is_named(place: Place, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "feeds.opml"
    if content is not None:
        path.write_bytes(content)
    called = chipwatch("feeds", "import", path, "--config", place.config)
    assert called.status == 2
    assert str(path) in called.err
