import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.urls import LONGEST, absolute, canonical, host, is_front_page, public, untracked

BASE = "https://example.org/news/feed.xml"
_HOSTS = st.sampled_from(
    ["example.org", "WWW.Example.org", "münchen.example", "8.8.8.8", "[2606:4700::1]", "a.b."]
)
_PORTS = st.sampled_from(["", ":80", ":443", ":8080", ":"])
_URLS = st.builds(
    lambda scheme, name, port, path, query: f"{scheme}://{name}{port}/{path}?{query}",
    st.sampled_from(["http", "https", "HTTP"]),
    _HOSTS,
    _PORTS,
    st.text(max_size=30),
    st.text(max_size=30),
)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/a", "https://example.org/a"),
        ("a?b=1", "https://example.org/news/a?b=1"),
        ("//cdn.example.net/x", "https://cdn.example.net/x"),
        ("  https://example.com/x\n", "https://example.com/x"),
        ("ht\ntps://example.com/\tx", "https://example.com/x"),
        ("https://user:secret@example.com/x", "https://example.com/x"),
        ('https://example.com/a b"c<d>', "https://example.com/a%20b%22c%3Cd%3E"),
        ("HTTPS://Example.COM/x", "https://example.com/x"),
        ("https://example.com/é", "https://example.com/é"),
        ("https://example.com:8443/x#part", "https://example.com:8443/x#part"),
    ],
)
def test_links_become_absolute(link: str, expected: str) -> None:
    assert absolute(link, BASE) == expected


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\x01javascript:alert(1)",
        "data:text/html,x", "file:///etc/passwd", "vbscript:x", "gopher://example.org/",
        "mailto:a@example.org",
        "", "   ", "http://", "https://[bad/", "http://example.org:port/", "http:///x",
        "https://exa mple.org/x",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(link: str) -> None:
    assert absolute(link, "") is None


def test_an_endless_link_is_refused() -> None:
    assert absolute("https://example.org/" + "a" * LONGEST) is None


@given(_URLS)
def test_absolute_is_stable_and_ends_no_message(url: str) -> None:
    found = absolute(url, BASE)
    if found is not None:
        assert absolute(found) == found
        assert not set(found) & set(' \t\r\n"<>')


@pytest.mark.parametrize(
    "variant",
    [
        "http://example.org/a/b",
        "https://EXAMPLE.org:443/a/b/",
        "http://example.org:80/a/./x/../b#comments",
        "https://example.org./a/b?utm_source=rss&utm_medium=feed",
        "https://example.org/a/b?fbclid=1&gclid=2&mc_cid=3",
        "https://example.org/%61/b?ref=rss",
        "https://example.org/a/b?",
    ],
)
def test_spellings_of_one_address_are_one(variant: str) -> None:
    assert canonical(variant) == "https://example.org/a/b"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.org", "https://example.org/"),
        ("http://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
        ("https://example.org/?id=2&b=1&id=1", "https://example.org/?id=2&b=1&id=1"),
        ("https://example.org/a?ref=main&source=print", "https://example.org/a?ref=main&source=print"),
        ("https://example.org/a%2fb%zz", "https://example.org/a%2Fb%25zz"),
        ("https://example.org:8080/a", "https://example.org:8080/a"),
        ("https://[2606:4700:0::1]/a", "https://[2606:4700::1]/a"),
        ("no address", "no address"),
    ],
)
def test_what_may_matter_is_kept(url: str, expected: str) -> None:
    assert canonical(url) == expected


@given(_URLS)
def test_canonical_is_idempotent(url: str) -> None:
    found = absolute(url, BASE)
    if found is not None:
        assert canonical(canonical(found)) == canonical(found)
        assert canonical(found).isascii()


@given(st.text(max_size=60))
def test_nothing_makes_these_fail(text: str) -> None:
    absolute(text, BASE)
    absolute(text, text)
    canonical(text)
    host(text)


def test_links_to_private_hosts_are_for_feeds_of_that_host_only() -> None:
    assert public("https://example.org/x")
    assert not public("http://127.0.0.1:6379/", BASE)
    assert not public("http://localhost/", BASE)
    assert public("http://wiki.lan/page", "http://wiki.lan/feed")


def test_a_front_page_names_no_article() -> None:
    assert is_front_page("https://example.org/")
    assert not is_front_page("https://example.org/?p=1")
    assert not is_front_page("https://example.org/a")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/1?utm_source=x&id=7&fbclid=9#part", "https://a.example/1?id=7#part"),
        ("https://a.example/1?utm%5Fsource=x", "https://a.example/1"),
        ("https://a.example/1?ref=rss&ref=home", "https://a.example/1?ref=home"),
        ("https://a.example/1?UTM_medium=feed#utm_source=x", "https://a.example/1#utm_source=x"),
        ("HTTP://A.example:80/x/../1/?b=%7e&&a", "HTTP://A.example:80/x/../1/?b=%7e&&a"),
        ("https://a.example/1?", "https://a.example/1?"),
    ],
)
def test_links_lose_their_tracking_and_nothing_else(url: str, expected: str) -> None:
    assert untracked(url) == expected


@given(st.text())
def test_untracked_is_idempotent_and_means_the_same_article(url: str) -> None:
    assert untracked(untracked(url)) == untracked(url)
    assert canonical(untracked(url)) == canonical(url)
