import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.entries import entry as as_entry
from bot.core.lighten import MOST_TAGS, Lifted, lighten
from bot.core.parsers import feedparsed, xml_fault

LONG = "<p>The company &amp; its partner said “so”.</p>\n<p>Twice.</p>" * 3
NAMESPACES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:a="http://www.w3.org/2005/Atom"'
)


def document(entry: str) -> str:
    return f'<rss version="2.0" {NAMESPACES}><channel><title>N</title>{entry}</channel></rss>'


def fields(entry: str, base_url: str = "https://e.example/feed") -> object:
    parsed = feedparsed(document(entry), base_url)
    assert not parsed["bozo"]
    return as_entry(parsed["entries"][0], parsed["version"])


def light_fields(entry: str, base_url: str = "https://e.example/feed") -> object:
    lifted = Lifted(mark="text-0")
    light = lighten(entry, lifted)
    parsed = feedparsed(document(light.text), "" if light.absolute else base_url)
    return as_entry(parsed["entries"][0], parsed["version"], lifted.put_back)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_ballast_goes_and_long_texts_are_lifted() -> None:
    lifted = Lifted(mark="w")
    light = lighten(
        f"<item>\n<title>T</title><category>c</category><media:thumbnail url='x'/>\n"
        f"<description><![CDATA[{LONG}]]></description><comments/></item>",
        lifted,
    )
    assert light.text == "<item><title>T</title><description>w-0</description></item>"
    assert lifted.put_back("w-0") == LONG
    assert lifted.put_back("w-1") == "w-1"
    assert (light.absolute, light.tags, light.cut_down) == (True, 6, False)


_PIECES = st.sampled_from([
    "<title>T &amp; Co.</title>", "<title><![CDATA[T <b>x</b>]]></title>", "<title/>",
    "<media:title>M</media:title>",
    "<link>https://e.example/1?a=1&amp;b=2</link>", "<link>/relative</link>",
    "<link><![CDATA[https://e.example/2?]]></link>",
    "<a:link rel='self' href='https://e.example/self'/>", "<a:link href='x'/>", "<guid>https://e.example/1</guid>",
    "<guid isPermaLink='false'>1</guid>", "<guid>7</guid>",
    "<pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate>",
    f"<description>{escaped(LONG)}</description>", f"<description><![CDATA[{LONG}]]></description>",
    f"<description>{escaped(LONG)}&#38;lt; &#146;&#x80;\r\n&amp;#38;</description>",
    f"<description> {'é' * 90} </description>",
    f"<description>{'Ã©' * 90}</description>", f"<description type='text'>{escaped(LONG)}</description>",
    f"<description>{'a ' * 60}<b>x</b></description>", "<description>short</description>",
    f"<content:encoded><![CDATA[{LONG}{LONG}]]></content:encoded>",
    f"<content:encoded><![CDATA[a]]>{'b' * 99}</content:encoded>",
    f"<summary>{escaped(LONG)}</summary>", f"<summary type='html'>{escaped(LONG)}</summary>",
    f"<content type='html'>{escaped(LONG)}</content>", "<dc:creator><![CDATA[A. Writer]]></dc:creator>",
    "<author>a@e.example (A. Writer)</author>", "<category domain='x'>c</category>", "<category/>",
    "<enclosure url='https://e.example/a.mp3' type='audio/mpeg' length='1'/>",
    "<comments>https://e.example/1#c</comments>",
    "<media:group><media:title>G</media:title><media:description>D</media:description></media:group>",
    "<source url='https://o.example/feed'>Other</source>", "<!-- comment -->",
    "<a xml:base='https://b.example/'><link>y</link></a>",
    "<title xml:lang='de'>Titel</title>", "stray", "<image><url>u</url></image>",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=9))
def test_no_field_changes(pieces: list[str]) -> None:
    entry = f"<item>\n{chr(10).join(pieces)}\n</item>"
    assert light_fields(entry) == fields(entry)


@given(st.text(alphabet=st.sampled_from("ab &;<>]![CDAT#x38é\x92\r\n"), min_size=80, max_size=200))
def test_any_long_text_comes_back_as_feedparser_gives_it(text: str) -> None:
    for written in (escaped(text), f"<![CDATA[{text}]]>", text):
        entry = f"<item><description>{written}</description></item>"
        if not xml_fault(document(entry)):
            assert light_fields(entry) == fields(entry)


@pytest.mark.parametrize(
    "large",
    [
        "<y>" + "<x>" * MOST_TAGS + "</x>" * MOST_TAGS + "</y>",
        "<y " + 'a="1" ' * 1_000 + "/>",
        "<y><x " + 'a="1" ' * 1_000 + "/></y>",
    ],
)
def test_what_takes_minutes_is_cut_down(large: str) -> None:
    light = lighten(f"<item><title>T</title>{large}<link>l</link></item>", Lifted(mark="w"))
    assert light.text == "<item><title>T</title><link>l</link></item>"
    assert light.cut_down


def test_names_and_titles_are_bounded() -> None:
    light = lighten(
        f"<item><author>{'a' * 9_000}</author><title>{'&lt;' * 90_000}</title></item>", Lifted(mark="w")
    )
    assert light.text == f"<item><author>{'a' * 400}</author><title>{'&lt;' * 20_000}</title></item>"


@pytest.mark.parametrize(
    "entry", ["<item", "<item/>", "<item>&</item>", "<item><a></item>", "<item><a></b></item>"]
)
def test_what_is_not_plain_stays_as_it_is(entry: str) -> None:
    assert lighten(entry, Lifted(mark="w")).text == entry


@pytest.mark.parametrize(
    "flood", ["<", "<x ", "<x '", "<x>", "</x>", "<![CDATA[", "<!--", "<x/>", "<x a=", "&", "<title>a"]
)
def test_floods_cost_little(flood: str) -> None:
    start = time.perf_counter()
    lighten(f"<item><title>T</title>{flood * 200_000}</item>", Lifted(mark="w"))
    assert time.perf_counter() - start < 3
