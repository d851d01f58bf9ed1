import pytest

from bot.core.seen import Parsed, Request, hashes_in
from bot.core.xml_feed import parse_xml
from bot.errors import FeedError

HEAD = '<rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>'
TAIL = "</channel></rss>"
LONG = "<p>A text that is long enough to be lifted out, with one &amp; in it, and more words.</p>"


def parse(text: str, max_entries: int = 100, seen: bytes = b"") -> Parsed:
    request = Request(base_url="https://e.example/feed", max_entries=max_entries, seen=hashes_in(seen))
    return parse_xml(text, request, ("before",))


def test_texts_that_were_lifted_are_back_in_their_entries() -> None:
    items = (
        f"<item><title>{n}</title><description><![CDATA[{n}{LONG}]]></description>"
        f"<c:encoded><![CDATA[{LONG}{n}{LONG}]]></c:encoded></item>"
        for n in range(3)
    )
    found = parse(HEAD + "".join(items) + TAIL).document
    assert [entry.summary for entry in found.entries] == [f"{n}{LONG}" for n in range(3)]
    assert [entry.content for entry in found.entries] == [f"{LONG}{n}{LONG}" for n in range(3)]
    assert (found.title, found.format, found.faults) == ("News", "rss20", ("before",))


def test_relative_links_are_resolved_and_absolute_ones_stay() -> None:
    found = parse(f"{HEAD}<item><link>/a</link></item><item><link>https://o.example/b</link></item>{TAIL}")
    assert [entry.link for entry in found.document.entries] == ["https://e.example/a", "https://o.example/b"]


def test_a_base_holds_for_its_entry_only() -> None:
    entries = "<item xml:base='https://b.example/'><link>x</link></item><item><link>y</link></item>"
    found = parse(f"{HEAD}{entries}{TAIL}")
    assert [entry.link for entry in found.document.entries] == ["https://b.example/x", "https://e.example/y"]


def test_bare_ampersands_break_nothing() -> None:
    items = "<item><title>A & B</title><link>https://e.example/?a=1&b=2</link></item>"
    found = parse(f"{HEAD.replace('News', 'N & Co')}{items}{TAIL}")
    (entry,) = found.document.entries
    assert (entry.title, entry.link) == ("A &amp; B", "https://e.example/?a=1&b=2")
    assert found.document.title == "N & Co"
    assert (found.whole, found.document.faults) == (False, ("before",))


def test_a_header_that_is_broken_has_the_document_read_whole() -> None:
    found = parse(f"{HEAD}<link <item><title>1</title></item>{TAIL}")
    assert (found.whole, found.seen) == (True, b"")
    assert "broken XML" in found.document.faults[1]


def large_entries(first: int) -> str:
    entries = (
        f"<item><title>{number}</title><y>{'<x/>' * 9_000}</y></item>" for number in range(first, first + 20)
    )
    return HEAD + "".join(entries) + TAIL


def test_entries_too_many_for_the_parser_are_left_for_another_time() -> None:
    found = parse(large_entries(19), seen=parse(large_entries(0)).seen[-8:])
    assert found.skipped == 1
    assert 5 < len(found.document.entries) < 19
    assert found.document.left_out == 19 - len(found.document.entries)
    assert len(found.seen) == 8 * (len(found.document.entries) + found.skipped)


def test_what_is_too_much_of_a_first_document_does_not_come_as_new_later() -> None:
    found = parse(large_entries(0))
    assert 0 < found.document.left_out < 20
    assert parse(large_entries(0), seen=found.seen).skipped == 20


@pytest.mark.parametrize("text", ["<html><body/></html>", "<opml/>", "<?xml version='1.0'?>", "<a"])
def test_what_is_no_feed_is_refused(text: str) -> None:
    with pytest.raises(FeedError):
        parse(text)
