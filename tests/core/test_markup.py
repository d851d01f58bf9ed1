import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import markup


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("Chips  and\n more", "Chips and more"),
        ("a<b>b</b>c<p>d</p>e<br/>f", "abc\nd\ne\nf"),
        ("<p>See <a href='x'>here</a>.</p><p>Next</p>", "See here.\nNext"),
        ("<li>one<li>two", "one\ntwo"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("Tom &amp; Jerry &lt; 3 &#8211; &eacute;", "Tom & Jerry < 3 – é"),
        ("Vec&lt;T&gt; if a &lt; b", "Vec<T> if a < b"),
        ("<script>alert(1)</script>x<style>p{}</style>y", "xy"),
        ("<img src=x onerror=alert(1)>hi<iframe>no</iframe>", "hi"),
        ("<!-- no -->yes", "yes"),
        ("<![CDATA[inside]]>", "inside"),
        ("a\u202eb\x00c\x1bd", "abcd"),
        ("", ""),
    ],
)
def test_fragments_become_plain_text(fragment: str, expected: str) -> None:
    assert markup.plain(fragment) == expected


def test_what_was_escaped_twice_is_resolved_twice() -> None:
    assert markup.plain("&lt;p&gt;Hi &amp;amp; you&lt;/p&gt;") == "Hi & you"


@pytest.mark.parametrize(
    "fragment",
    [
        "&lt;script&gt;alert(1)&lt;/script&gt; hi",
        "&lt;scr<script></script>ipt&gt;alert(1)",
        "&lt;img src=x onerror=alert(1)&gt;",
        "&lt;scr&lt;script&gt;ipt&gt;",
        "&lt;svg/onload=alert(1)&gt;",
        "&lt;b onclick=alert(1)&gt;x",
        "&lt;iframe src=javascript:alert(1)",
    ],
)
def test_plain_text_holds_no_tag_that_could_run(fragment: str) -> None:
    text = markup.plain(fragment).lower()
    assert not any(word in text for word in ("<script", "<img", "<svg", "<iframe", "onclick"))


def test_a_title_is_one_bounded_line() -> None:
    title = markup.title_text("<b>One</b>\r\nBcc: x<br>two " + "word " * 500)
    assert title.startswith("One Bcc: x two word")
    assert "\n" not in title
    assert len(title) <= 500
    assert title.endswith("…")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&T <3 x", "AT&amp;T &lt;3 x"),
        ("Vec<T>", "Vec&lt;T&gt;"),
        ("<b>bold", "<b>bold"),
        ("AT&amp;T", "AT&amp;T"),
        ("&#8211;", "&#8211;"),
    ],
)
def test_unlabelled_text_is_html_where_it_shows(text: str, expected: str) -> None:
    assert markup.unlabelled(text) == expected


@pytest.mark.parametrize(
    "fragment",
    [
        "<div>x" * 200_000,
        "".join(f"<b a={number}><p>" for number in range(50_000)),
        "<" * 500_000,
        "<!--" * 100_000,
        "<a " * 100_000,
        "<p " + "".join(f"a{number}=1 " for number in range(50_000)) + ">",
        "<x" + " on" * 100_000,
        "&" * 500_000,
        "&lt;svg " * 50_000,
    ],
    ids=[
        "open",
        "formatting",
        "less-than",
        "comments",
        "tags",
        "attributes",
        "handlers",
        "references",
        "svg",
    ],
)
def test_floods_cost_little(fragment: str) -> None:
    start = time.perf_counter()
    markup.plain(fragment)
    assert time.perf_counter() - start < 2


@given(st.text(alphabet=st.sampled_from("<>/&;=\"' abimgsvgscript\n!-[]lt#"), max_size=200))
def test_no_fragment_fails_or_keeps_a_script(fragment: str) -> None:
    text = markup.plain(fragment)
    assert "<script" not in text.lower()
    assert "<img" not in text.lower()
    assert text == text.strip()


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"], exclude_characters="<&"), max_size=200))
def test_text_without_markup_keeps_its_words(text: str) -> None:
    assert markup.plain(text).split() == text.split()
