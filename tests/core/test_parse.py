import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.parse import parse
from bot.errors import FeedError

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def rss(*items: str, head: str = "<title>News</title>") -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def item(number: int, inside: str = "") -> str:
    return f"<item><title>Story {number}</title><link>https://example.org/{number}</link>{inside}</item>"


def test_rss_is_read() -> None:
    inside = (
        "<guid isPermaLink='false'>g1</guid><pubDate>Tue, 03 Mar 2026 13:00:00 +0100</pubDate>"
        "<description>&lt;p&gt;Short&lt;/p&gt;</description><author>A. Writer</author>"
        "<c:encoded xmlns:c='http://purl.org/rss/1.0/modules/content/'><![CDATA[<p>Long</p>]]></c:encoded>"
    )
    head = "<title>Chips &amp;amp; more</title><link>https://example.org/</link><language>en-gb</language><ttl>90</ttl>"
    document = parse(rss(item(1, inside), head=head), "application/rss+xml", "https://example.org/feed")
    assert (document.title, document.link, document.language) == (
        "Chips & more",
        "https://example.org/",
        "en-gb",
    )
    assert (document.format, document.hints.ttl) == ("rss20", timedelta(minutes=90))
    (entry,) = document.entries
    assert (entry.guid, entry.link, entry.title) == ("g1", "https://example.org/1", "Story 1")
    assert (entry.summary, entry.content, entry.author) == ("<p>Short</p>", "<p>Long</p>", "A. Writer")
    assert entry.published == NOON


def test_atom_is_read_and_believed_about_its_types() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/blog/" xml:lang="de">
      <title type="html">A &amp;lt;b&amp;gt; B</title>
      <entry><id>urn:1</id><title>The &lt;div&gt; tag</title><link rel="self" href="self"/>
        <link rel="alternate" href="post/1"/><updated>2026-03-03T12:00:00Z</updated></entry>
      <entry><id>urn:2</id><title type="html">An &lt;i&gt;other&lt;/i&gt;</title>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div></content></entry>
    </feed>"""
    first, second = parse(body, "application/atom+xml").entries
    assert first.title == "The &lt;div&gt; tag"
    assert first.link == "https://example.org/blog/post/1"
    assert (first.published, first.updated, first.language) == (None, NOON, "de")
    assert second.title == "An <i>other</i>"
    assert "<p>x</p>" in second.content


def test_rdf_is_read() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
      <channel rdf:about="https://example.org/"><title>R</title><sy:updatePeriod>daily</sy:updatePeriod>
      <sy:updateFrequency>4</sy:updateFrequency></channel>
      <item rdf:about="https://example.org/1"><title>One</title><link>https://example.org/1</link>
      <dc:date>2026-03-03T12:00:00Z</dc:date></item></rdf:RDF>"""
    document = parse(body)
    assert (document.format, document.hints.ttl) == ("rss10", timedelta(hours=6))
    assert document.entries[0].guid == "https://example.org/1"
    assert (document.entries[0].published or document.entries[0].updated) == NOON


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("AT&amp;amp;T", "AT&amp;T"),
        ("AT&amp;T", "AT&amp;T"),
        ("a &lt; b", "a &lt; b"),
        ("Vec&lt;T&gt;", "Vec&lt;T&gt;"),
        ("<![CDATA[<b>bold</b> & more]]>", "<b>bold</b> & more"),
        ("x&lt;br&gt;y", "x<br>y"),
    ],
)
def test_titles_of_rss_are_html_where_it_shows(written: str, expected: str) -> None:
    assert parse(rss(f"<item><title>{written}</title></item>")).entries[0].title == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"<!DOCTYPE html><html><body>Not here</body></html>", "HTML page"),
        (b"<html><head><title>x</title></head></html>", "HTML page"),
        (b"upstream connect error", "plain text"),
        (b"/etc/passwd", "plain text"),
        (b"http://169.254.169.254/feed", "plain text"),
        (b"\x89PNG\r\n\x1a\n<<<", "binary"),
        (b"<opml><body/></opml>", "root is <opml>"),
        (b'{"error": 1}', "no JSON Feed"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, reason: str) -> None:
    with pytest.raises(FeedError, match=reason):
        parse(body, "application/rss+xml")


def test_a_feed_without_entries_is_a_feed() -> None:
    assert parse(rss()).entries == ()


def test_entries_beyond_the_limit_are_counted() -> None:
    document = parse(rss(*(item(number) for number in range(7))), max_entries=5)
    assert [entry.title for entry in document.entries] == [f"Story {number}" for number in range(5)]
    assert document.left_out == 2


def test_one_bad_reference_costs_no_entry() -> None:
    document = parse(rss(item(1), "<item><title>Half &#xD83D; emoji</title></item>", item(3)))
    assert [entry.title for entry in document.entries] == ["Story 1", "Half   emoji", "Story 3"]


def test_broken_xml_keeps_its_sound_entries() -> None:
    document = parse(rss(item(1), "<item><title>Tom & <b>Jerry</title></item>", item(3))[:-20])
    assert document.entries[0].title == "Story 1"
    assert any("not well-formed" in fault for fault in document.faults)


def test_declared_entities_open_no_file_and_are_not_nested() -> None:
    body = b"""<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY a "&b;&b;"><!ENTITY b "x">]>
      <rss version="2.0"><channel><item><title>&f;|&a;|&b;</title></item></channel></rss>"""
    assert parse(body).entries[0].title == "&amp;f;|&amp;a;|x"


@pytest.mark.parametrize(
    "date",
    ["Fri, 01 Jan 0001 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "31 Feb 2026", "soon"],
)
def test_impossible_dates_are_unknown(date: str) -> None:
    assert parse(rss(item(1, f"<pubDate>{date}</pubDate>"))).entries[0].published is None


def test_a_long_author_does_not_stop_the_clock() -> None:
    start = time.perf_counter()
    document = parse(rss(item(1, f"<author>{'a' * 1_000_000}</author>"), item(2)))
    assert len(document.entries) == 2
    assert time.perf_counter() - start < 2


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(min_value=0, max_value=400))
def test_damage_is_read_or_refused_never_more(damage: bytes, place: int) -> None:
    sound = rss(*(item(number, "<description>&lt;p&gt;x&lt;/p&gt;</description>") for number in range(3)))
    try:
        document = parse(sound[:place] + damage + sound[place:], "text/xml", "https://example.org/")
    except FeedError as error:
        assert str(error)
    else:
        assert all(isinstance(entry.title, str) for entry in document.entries)


def test_a_document_that_breaks_off_says_so_and_keeps_what_came_before() -> None:
    body = b"<rss version='2.0'><channel>\n<item><title>A</title><link>https://a.example/1</link></item>\n<item><ti"
    document = parse(body)
    assert document.entries[0].title == "A"
    assert document.faults == ("broken XML (unclosed token); read as far as possible",)
