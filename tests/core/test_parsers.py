import time

import pytest

from bot.core.parsers import MOST_LENIENT, bounded, feedparsed, lenient, sound, xml_fault
from bot.core.repair import MARKER

ITEM = "<item><title>t</title></item>"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<rss/>", ""),
        (f"{MARKER}<rss/>", ""),
        ("<rss>", "no element found"),
        ("<rss>a & b</rss>", "not well-formed (invalid token)"),
        ("<rss><x:y/></rss>", "unbound prefix"),
        ("<rss/><rss/>", "junk after document element"),
    ],
)
def test_faults_are_named(text: str, fault: str) -> None:
    assert xml_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "mended", "fault"),
    [
        ("<a>x &amp; y</a>", "<a>x &amp; y</a>", ""),
        ("<a h='?a=1&b=2'>x & y<![CDATA[&]]></a>", "<a h='?a=1&amp;b=2'>x &amp; y<![CDATA[&]]></a>", ""),
        ("<a>&b</c>", "<a>&b</c>", "not well-formed (invalid token)"),
    ],
)
def test_bare_ampersands_are_mended_where_that_is_all(text: str, mended: str, fault: str) -> None:
    assert sound(text) == (mended, fault)


def test_text_is_never_taken_for_a_file_or_an_address() -> None:
    assert feedparsed("/etc/hostname", "")["entries"] == []
    assert feedparsed("http://127.0.0.1:1/", "")["entries"] == []


def test_categories_and_attributes_are_bounded() -> None:
    assert bounded("<x>" + "<category>c</category>" * 2_000 + "</x>") == "<x></x>"
    assert bounded("<x>" + '<dc:subject t="1"/>' * 2_000 + "</x>") == "<x></x>"
    few = "<x>" + "<category>c</category>" * 20 + "</x>"
    assert bounded(few) == few
    tag = bounded("<rss " + 'a="1" ' * 5_000 + "><channel/></rss>")
    assert len(tag) < 1_100
    assert not xml_fault(tag.replace('a="1" ', "").replace('a="1"', ""))
    image = f'<img src="data:{"x" * 5_000}"/>'
    assert bounded(image) == image


def test_as_much_of_a_broken_document_is_read_as_time_allows() -> None:
    text, beyond = lenient("<rss>" + f"{ITEM[:-7]}{'x' * 1000}</item>" * 1_000)
    assert len(text) <= MOST_LENIENT
    assert text.endswith("</item>")
    assert beyond == 1_000 - text.count("<item>")
    assert lenient("<rss><item>")[1] == 0


@pytest.mark.parametrize("flood", ["<!-- ", "<x>", "<", "<?x ", "&x"])
def test_the_lenient_parser_gets_nothing_that_stops_it(flood: str) -> None:
    start = time.perf_counter()
    feedparsed(lenient(f"<rss><channel>{ITEM}{flood * 300_000}")[0], "")
    assert time.perf_counter() - start < 5
