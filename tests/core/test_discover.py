from hypothesis import given
from hypothesis import strategies as st

from bot.core.discover import feed_links

PAGE = b"""<html><head>
<link rel="stylesheet" type="text/css" href="/style.css">
<LINK REL="Alternate" TYPE="application/rss+xml; charset=utf-8" HREF="/rss">
<link rel="alternate" type="application/atom+xml" href="https://other.example/atom">
<link rel="alternate" type="application/atom+xml" href="https://other.example/atom">
<link rel="alternate" type="text/html" hreflang="de" href="/de">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
</head></html>"""


def test_a_page_names_its_feeds_in_order_and_once() -> None:
    found = feed_links(PAGE, "https://harbor.example/news/")
    assert found == ("https://harbor.example/rss", "https://other.example/atom")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_page(page: bytes) -> None:
    assert all(link.startswith(("http://", "https://")) for link in feed_links(page, "https://a.example/"))
