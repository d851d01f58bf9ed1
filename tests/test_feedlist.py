from pathlib import Path

import pytest

from bot import feedlist
from bot.catalogue import load_feeds
from bot.errors import UsageError
from bot.feedlist import Subscription
from bot.model import Feed

OPML = """<?xml version="1.0"?>
<opml version="2.0"><head><title>mine</title></head><body>
  <outline text="Chips"><outline text="Trade">
    <outline type="rss" text="Harbor Wire" xmlUrl="https://harbor.example/rss?a=1&amp;b=2"/>
  </outline></outline>
  <outline type="rss" title="Ledger" text="x" xmlUrl="https://ledger.example/atom"/>
  <outline type="rss" text="Local" xmlUrl="file:///etc/passwd"/>
</body></opml>
"""


def test_adding_keeps_comments_and_adds_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    path.write_text('# mine\n[[feed]]\nurl = "https://a.example/"  # the first\n')
    new = Subscription(url="https://b.example/", title="B", tags=("trade",))
    assert feedlist.add(path, [new, new, Subscription(url="https://a.example/")]) == [new]
    assert "# mine" in path.read_text()
    assert "# the first" in path.read_text()
    assert [(feed.url, feed.title, feed.tags) for feed in load_feeds(path)] == [
        ("https://a.example/", "", ()),
        ("https://b.example/", "B", ("trade",)),
    ]


def test_a_list_begins_with_its_first_feed(tmp_path: Path) -> None:
    path = tmp_path / "config" / "feeds.toml"
    feedlist.add(path, [Subscription(url="https://a.example/")])
    assert [feed.url for feed in load_feeds(path)] == ["https://a.example/"]


def test_one_blank_line_parts_the_feeds_however_they_came(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    path.write_text('# mine\n[[feed]]\nurl = "https://a.example/"\n')
    feedlist.add(path, [Subscription(url="https://b.example/"), Subscription(url="https://c.example/")])
    feedlist.add(path, [Subscription(url="https://d.example/", title="D", tags=("trade",))])
    assert path.read_text() == (
        '# mine\n[[feed]]\nurl = "https://a.example/"\n\n[[feed]]\nurl = "https://b.example/"\n\n'
        '[[feed]]\nurl = "https://c.example/"\n\n'
        '[[feed]]\nurl = "https://d.example/"\ntitle = "D"\ntags = ["trade"]\n'
    )


def test_removing_takes_one_feed_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    feedlist.add(path, [Subscription(url=f"https://{name}.example/") for name in "abc"])
    assert feedlist.remove(path, "https://b.example/")
    assert not feedlist.remove(path, "https://b.example/")
    assert [feed.url for feed in load_feeds(path)] == ["https://a.example/", "https://c.example/"]
    assert not feedlist.remove(tmp_path / "none.toml", "https://a.example/")


def test_opml_folders_become_tags_and_only_web_addresses_come_in(tmp_path: Path) -> None:
    path = tmp_path / "feeds.opml"
    path.write_text(OPML)
    feeds, passed_over = feedlist.read_opml(path)
    assert feeds == [
        Subscription(url="https://harbor.example/rss?a=1&b=2", title="Harbor Wire", tags=("Chips", "Trade")),
        Subscription(url="https://ledger.example/atom", title="Ledger"),
    ]
    assert passed_over == ["file:///etc/passwd"]


def test_all_folders_and_categories_of_a_feed_become_its_tags(tmp_path: Path) -> None:
    path = tmp_path / "feeds.opml"
    path.write_text(
        """<OPML><body>
        <outline text="Chips"><outline xmlURL="https://a.example/rss" text="A" category="/Trade/Asia, daily"/>
        </outline>
        <outline text="Press"><outline xmlUrl="https://a.example/rss" text="Again"/></outline>
        <outline title="No feed in here"/>
        </body></OPML>"""
    )
    (feed,), _ = feedlist.read_opml(path)
    assert (feed.title, feed.tags) == ("A", ("Chips", "Trade", "Asia", "daily", "Press"))


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("HTTP://a.example/", "http://a.example/"),
        ("feed://a.example/rss", "https://a.example/rss"),
        ("feed:https://a.example/rss", "https://a.example/rss"),
    ],
)
def test_other_spellings_of_a_web_address_come_in_too(tmp_path: Path, url: str, read: str) -> None:
    path = tmp_path / "feeds.opml"
    path.write_text(f"<opml><body><outline xmlUrl='{url}'/></body></opml>")
    assert [feed.url for feed in feedlist.read_opml(path)[0]] == [read]


def test_what_goes_out_comes_in_again(tmp_path: Path) -> None:
    feeds = [
        Feed(id="1", url="https://a.example/?x=1&y=<2>", title='A & "B"', tags=("press",)),
        Feed(id="2", url="https://b.example/"),
        Feed(id="3", url="https://c.example/", tags=("press", "sea", "daily")),
        Feed(id="4", url="https://d.example/", tags=("sea",)),
    ]
    path = tmp_path / "out.opml"
    path.write_text(feedlist.write_opml(feeds))
    back, _ = feedlist.read_opml(path)
    assert {(each.url, each.tags) for each in back} == {(feed.url, feed.tags) for feed in feeds}


@pytest.mark.parametrize("text", ["no xml", "<rss/>"])
def test_what_is_no_opml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "feeds.opml"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no OPML"):
        feedlist.read_opml(path)
