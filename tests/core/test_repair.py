import re
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.repair import repair as mend
from bot.core.repair import rooted


def repair(text: str) -> str:
    """As documents are mended that can't be cut into entries."""
    return mend(*rooted(text))


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("<rss>a&#xD83D;b</rss>", "<rss>a b</rss>"),
        ("<rss>&#xD83D;&#xDE00; &#55357;&#56832;</rss>", "<rss>&#128512; &#128512;</rss>"),
        ("<rss>&#99999999999;&#0;&#x110000;&#65;&#x41;</rss>", "<rss>   &#65;&#x41;</rss>"),
        ("<rss>&#39s</rss>", "<rss>&#39;s</rss>"),
        ("<rss>&nbsp;&eacute;&lt;&amp;&what;</rss>", "<rss>\xa0é&lt;&amp;&what;</rss>"),
        ("<rss>a\x00b\x1bc\ufffed</rss>", "<rss>abcd</rss>"),
        ("\n\n \ufeff<rss/>", "<rss/>"),
        ("Warning: x in y.php\n<?xml version='1.0'?><rss/>", "<rss/>"),
        ("<?xml version='1.0'?>\n\n<!-- <rss> -->\n<?x y?>\n<rss/>", "<rss/>"),
        ('<!DOCTYPE rss PUBLIC "-//Netscape//"><!-- x --><rss/>', '<!DOCTYPE rss PUBLIC "netscape">\n<rss/>'),
        ("<b>Notice</b><rss/>", "<rss/>"),
        ("<rss><item/><item /><item>a</item></rss>", "<rss><item>a</item></rss>"),
    ],
)
def test_faults_are_mended(broken: str, mended: str) -> None:
    assert repair(broken) == mended


def test_a_document_type_goes_and_its_plain_entities_are_put_in() -> None:
    text = repair(
        '<!DOCTYPE rss [<!ENTITY co "Example Co."><!ENTITY x SYSTEM "file:///etc/passwd">'
        '<!ENTITY lol "&co;&co;">]><rss>&co; &x; &lol;</rss>'
    )
    assert text == "<rss>Example Co. &x; &lol;</rss>"


def test_entities_add_a_bounded_length() -> None:
    flood = '<!DOCTYPE r [<!ENTITY a "' + "A" * 200 + '">]><rss>' + "&a;" * 100_000 + "</rss>"
    assert len(repair(flood)) < len(flood) + 110_000


@pytest.mark.parametrize("tag", ["author", "dc:creator", "managingEditor"])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("<![CDATA[", "]]>")])
def test_a_name_of_unlikely_length_is_cut(tag: str, before: str, after: str) -> None:
    around = "<rss><item><title>t</title><{0}>{1}{2}{3}</{0}><link>l</link></item></rss>"
    assert repair(around.format(tag, before, "a" * 20_000, after)) == around.format(
        tag, before, "a" * 400, after
    )
    short = around.format(tag, before, "A. Writer (a@example.org)", after)
    assert repair(short) == short


@pytest.mark.parametrize(
    "flood",
    ["<author>" * 50_000, "<" * 300_000, "&#" * 300_000, "<!DOCTYPE " * 50_000, "<!ENTITY a \"" * 30_000,
     "<author " + "a " * 200_000, "<?xml " * 50_000],
    ids=["author", "lt", "references", "doctype", "entity", "attributes", "xml"],
)  # fmt: skip
def test_floods_cost_little(flood: str) -> None:
    start = time.perf_counter()
    repair(f"<rss>{flood}</rss>")
    repair(f"{flood}<rss/>")
    assert time.perf_counter() - start < 3


@given(st.text(alphabet=st.characters(exclude_characters="<&", exclude_categories=["Cs"]), max_size=100))
def test_a_sound_document_stays_as_it_is(text: str) -> None:
    kept = "".join(char for char in text if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff"))
    document = f"<rss><channel><title>{kept}</title></channel></rss>"
    assert repair(document) == document


@given(st.text(alphabet=st.sampled_from("<>&#;xD8aitem/ !DOCTYPE[]\"'\x00"), max_size=120))
def test_character_references_that_are_left_can_be_parsed(text: str) -> None:
    for piece in repair(f"<rss>{text}</rss>").split("&#")[1:]:
        reference, end, _ = piece.partition(";")
        if end and re.fullmatch(r"x[0-9A-Fa-f]+|[0-9]+", reference):
            ET.fromstring(f"<a>&#{reference};</a>")
