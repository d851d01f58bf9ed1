import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.discover import DECLARED, LINKED, candidates, usual_places

PAGE = b"""<html><head>
<link rel="stylesheet" type="text/css" href="/style.css">
<link rel="alternate" type="application/rss+xml" title="Harbor &raquo; Comments Feed" href="/comments/feed">
<LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" HREF="/rss" title=" The
 harbor ">
<link rel="alternate" type="application/atom+xml" href="https://other.example/atom">
<link rel="alternate" type="application/atom+xml" href="https://other.example/atom#top">
<link rel="alternate" type="text/html" hreflang="de" href="/de">
<link rel="alternate" type="application/json+oembed" href="/oembed">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
</head><body><a href="/linked/feed">RSS</a></body></html>"""


def test_a_page_declares_its_feeds_in_order_and_once_and_comments_last() -> None:
    found = candidates(PAGE, "https://harbor.example/news/")
    assert [(each.url, each.title) for each in found] == [
        ("https://harbor.example/rss", "The harbor"),
        ("https://other.example/atom", ""),
        ("https://harbor.example/comments/feed", "Harbor » Comments Feed"),
    ]
    assert {each.how for each in found} == {DECLARED}


def test_the_base_of_a_page_counts() -> None:
    page = b'<base href="/en/"><link rel="alternate" type="text/xml" href="news.xml">'
    (found,) = candidates(page, "https://harbor.example/index.html")
    assert found.url == "https://harbor.example/en/news.xml"


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ('<a href="/feed/">Subscribe</a>', True),
        ('<a href="/news-rss">Follow us</a>', True),
        ('<a href="/index.rdf">News</a>', True),
        ('<a href="/feeds/all.atom.xml">News</a>', True),
        ('<a href="/syndication?type=1">RSS feed</a>', True),
        ('<a href="https://feeds.harbor.example/1">RSS</a>', True),
        ('<a href="https://www.harbor.example/1/rss">all</a>', True),
        ('<a href="https://elsewhere.example/feed">Feed</a>', False),
        ('<a href="/feedback">Feedback</a>', False),
        ('<a href="/news/atomic-layers">Atomic layers explained</a>', False),
        ('<a href="/what">What is an RSS feed?</a>', False),
        ('<a href="mailto:rss@harbor.example">RSS</a>', False),
    ],
)
def test_a_link_that_looks_like_a_feeds_will_do_where_none_is_declared(link: str, named: bool) -> None:
    found = candidates(link.encode(), "https://harbor.example/news/")
    assert [each.how for each in found] == ([LINKED] if named else [])


def test_the_usual_places_are_few_and_on_the_same_host() -> None:
    places = [each.url for each in usual_places("https://harbor.example/blog/?x=1")]
    assert places[:2] == ["https://harbor.example/blog/feed", "https://harbor.example/feed"]
    assert len(places) == len(set(places)) <= 8
    assert usual_places("https://harbor.example")[0].url == "https://harbor.example/feed"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_page(page: bytes) -> None:
    found = candidates(page, "https://a.example/")
    assert all(each.url.startswith(("http://", "https://")) for each in found)


@given(st.lists(st.sampled_from([b'<a href="/rss%d">', b'<link rel=feed href="/%d">']), max_size=60))
def test_a_page_full_of_links_leads_to_few_requests(links: list[bytes]) -> None:
    page = b"".join(link % number for number, link in enumerate(links))
    assert len(candidates(page, "https://a.example/")) <= 16
