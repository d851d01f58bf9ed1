import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cut import Cut, cut, is_flooded, known_by

HEAD = '<rss version="2.0"><channel><title>News</title>'
TAIL = "</channel></rss>"


def pieces(text: str) -> Cut:
    found = cut(text)
    assert found is not None
    return found


def test_a_document_is_cut_into_its_entries_and_what_stands_around_them() -> None:
    found = pieces(f"{HEAD}\n<item>1</item>\n<item a='>'>2</item><ttl>5</ttl>\n{TAIL}")
    assert found.entries == ("<item>1</item>", "<item a='>'>2</item>")
    assert found.seams == (f"{HEAD}\n", "", f"<ttl>5</ttl>\n{TAIL}")
    assert found.parents == ('<rss version="2.0">', "<channel>")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("<feed><entry>1</entry><entry/></feed>", 1),
        ("<a:feed><a:entry>1</a:entry></a:feed>", 1),
        ("<rdf:RDF><channel><items/></channel><item>1</item><item>2</item></rdf:RDF>", 2),
        (f"{HEAD}<!-- <item> --><item><![CDATA[</item>]]></item><?x <item> ?>{TAIL}", 1),
        (f"{HEAD}<ITEM>1</ITEM>{TAIL}", 1),
    ],
)
def test_formats_and_what_hides_tags_are_known(text: str, count: int) -> None:
    assert len(pieces(text).entries) == count


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}{TAIL}",
        f"{HEAD}<item><item>1</item></item>{TAIL}",
        f"{HEAD}<item><entry/></item>{TAIL}",
        f"{HEAD}<item>1{TAIL}",
        f"{HEAD}1</item>{TAIL}",
        f"{HEAD}<item>1</entry>{TAIL}",
        f"{HEAD}<item>1</item>",
        f"{HEAD}<item>1</item>{TAIL}<p>",
        f"{HEAD}<item>1</item>{TAIL}{HEAD}<item>2</item>{TAIL}",
        f"{HEAD}<li><item>1</item></li><li><item>2</item></li>{TAIL}",
        f"{HEAD}<b><item>1</item></i>{TAIL}",
        f"{HEAD}<!-- <item>1</item>{TAIL}",
        f"{HEAD}<item><![CDATA[ </item>{TAIL}",
        f"{HEAD}<item a='1>1</item>{TAIL}",
        "<rss><list><item>1</item></list></rss>",
        f"{HEAD}<item xmlns:x='a'/><item xmlns:x='b'>1</item>{TAIL}",
        f"{HEAD}{'<x/>' * 6000}<item>1</item>{TAIL}",
    ],
)
def test_what_is_not_certain_is_not_cut(text: str) -> None:
    assert cut(text) is None


def test_chosen_entries_are_put_into_what_stands_around_all() -> None:
    found = pieces(f"{HEAD}<item>1</item><x/><item>2</item>{TAIL}")
    assert found.with_entries({1: "<item>two</item>"}) == f"{HEAD}<x/><item>two</item>{TAIL}"
    assert found.with_entries({}) == found.frame == f"{HEAD}<x/>{TAIL}"
    assert found.alone("<item/>") == '<rss version="2.0"><channel><item/></channel></rss>'


def test_what_bears_upon_all_entries_is_named() -> None:
    text = f"{HEAD}<link>https://e.example/</link><language>de</language><item>1</item><ttl>5</ttl>{TAIL}"
    around = pieces(text).surroundings
    assert around == (
        '<rss version="2.0">',
        "<channel>",
        "<link>https://e.example/",
        "<language>de",
    )
    assert around == pieces(text.replace("<title>News", "<title>Other").replace("5", "6")).surroundings
    assert around != pieces(text.replace(">de<", ">fr<")).surroundings


@given(
    st.lists(st.text(alphabet="ab &;\"'/\n", max_size=8), min_size=1, max_size=8),
    st.text("ab \n", max_size=5),
)
def test_pieces_put_together_are_the_document(entries: list[str], between: str) -> None:
    written = [f"<item><title>{entry}</title></item>" for entry in entries]
    found = pieces(HEAD + between.join(written) + TAIL)
    assert list(found.entries) == written
    everything = found.with_entries(dict(enumerate(found.entries)))
    assert everything == HEAD + (between if between.strip() else "").join(written) + TAIL


@given(st.text(alphabet=st.sampled_from("<>/!-[]?item CDATA\"'=&;"), max_size=150))
def test_any_text_is_cut_into_what_it_consists_of_or_not_at_all(text: str) -> None:
    document = f"{HEAD}<item>{text}</item>{TAIL}"
    found = cut(document)
    if found is not None:
        assert all(entry in document for entry in found.entries)
        assert len("".join(found.entries)) + len(found.frame) <= len(document)


@pytest.mark.parametrize(
    "flood", ["<!-- ", "<![CDATA[", "<?x ", "<item ", "<item>", "<x '", '<item "a" ', "</item>"]
)
def test_floods_cost_little(flood: str) -> None:
    start = time.perf_counter()
    cut(f"{HEAD}<item>1</item>{flood * 200_000}{TAIL}")
    assert time.perf_counter() - start < 3


def test_tags_of_endless_attributes_are_told() -> None:
    assert is_flooded("<a " + 'b="1" ' * 200)
    assert not is_flooded(f'<img src="data:{"x" * 50_000}">')


@pytest.mark.parametrize(
    ("entry", "guids", "links"),
    [
        (
            "<item><guid>g</guid><link> https://e.example/?a=1&amp;b </link></item>",
            {"g"},
            {"https://e.example/?a=1&b"},
        ),
        (
            "<item><guid><![CDATA[https://e.example/1]]></guid></item>",
            {"https://e.example/1"},
            {"https://e.example/1"},
        ),
        ("<item rdf:about='r'><title/></item>", {"r"}, set()),
        (
            "<entry><source><id>feed</id><link href='f'/></source><id>i</id><link rel='self' href='s'/>"
            "<link href='a'/></entry>",
            {"i"},
            {"a"},
        ),
        ("<entry><link rel='related' href='r'/></entry>", set(), {"r"}),
        ("<item><id-card>x</id-card><linker>y</linker></item>", set(), set()),
    ],
)
def test_what_an_entry_is_known_by_is_seen_without_parsing(
    entry: str, guids: set[str], links: set[str]
) -> None:
    assert known_by(entry) == (guids, links)
