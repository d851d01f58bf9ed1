"""The pages: a user's templates win, text is escaped, and the HTML keeps to what mail programs draw."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from selectolax.lexbor import LexborHTMLParser

from bot.channels.templates import TEXT_WIDTH, Footer, environment, html_page, text_page, wrap
from bot.core.render import Cut, clean
from bot.core.views import DigestView, view
from bot.errors import ConfigErrors
from bot.model import Digest
from tests.digests import digest, digests, story

FOOTER = Footer(digest_id="k1", reason="Sent to ann.", change="Change it.", unsubscribe="mailto:a@b.example")
TAGS = frozenset({
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "th", "p", "h1",
    "h2", "h3", "a", "br", "span", "strong",
})  # fmt: skip
# What Gmail and Outlook for Windows draw (caniemail.com), and what may fail without harm: letter-spacing,
# max-width and overflow, which only hide or narrow.
PROPERTIES = frozenset({
    "margin", "padding", "width", "background-color", "color", "font-family", "font-size", "font-weight",
    "line-height", "text-align", "text-decoration", "vertical-align", "border-top", "border-bottom",
    "border-collapse", "letter-spacing", "display", "max-height", "max-width", "overflow", "mso-hide",
})  # fmt: skip


def told(of: Digest | None = None, **cut: int) -> DigestView:
    return view(Cut(digest=clean(of or digest(5)), **cut))  # type: ignore[arg-type]


def everything() -> Digest:
    """A digest that uses every part of the templates."""
    stories = (story(1, sources=9), story(2, status="UPDATED", revision=2), story(3, status="LATE"), story(4))
    section = replace(digest(1).sections[0], stories=stories)
    return replace(digest(1), sections=(section, section), also_seen=(story(9),), late=True)


def test_a_users_template_wins_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text("Mine: {{ digest.title }} {{ footer.digest_id }}")
    assert text_page(tmp_path, told(), FOOTER) == "Mine: Chip deals daily k1\n"
    assert html_page(tmp_path, told(), FOOTER) == html_page(None, told(), FOOTER)


def test_an_undefined_name_is_an_error_that_names_the_template(tmp_path: Path) -> None:
    (tmp_path / "digest.txt.j2").write_text("{{ digest.titel }}")
    with pytest.raises(ConfigErrors, match=r"digest\.txt\.j2.*titel"):
        text_page(tmp_path, told(), FOOTER)


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        (
            "digset.html.j2",
            "x",
            'digset.html.j2: unknown template "digset.html.j2"; did you mean "digest.html.j2"?',
        ),
        ("digest.txt.j2", "a\n{% if %}", "digest.txt.j2:2: Expected an expression"),
        ("digest.txt.j2", "a\n\n{{ x | shout }}", "digest.txt.j2:3: No filter named 'shout'"),
        (
            "digest.txt.j2",
            "a\n{{ digets.title }}",
            'digest.txt.j2:2: unknown name "digets"; did you mean "digest"?',
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_told_before_it_is_used(
    tmp_path: Path, name: str, source: str, told: str
) -> None:
    (tmp_path / name).write_text(source)
    with pytest.raises(ConfigErrors) as caught:
        environment(tmp_path)
    assert f"{tmp_path}/{told}" in str(caught.value)


def test_html_is_escaped_and_text_is_not() -> None:
    bad = replace(digest(1), title='<b>"AT&T"</b>')
    assert "&lt;b&gt;" in html_page(None, told(bad), FOOTER)
    assert '<b>"AT&T"</b>' in text_page(None, told(bad), FOOTER)


@settings(max_examples=12, deadline=None)
@given(digests())
def test_no_digest_adds_an_element_an_attribute_or_a_style(any_digest: Digest) -> None:
    page = html_page(None, told(any_digest, left_out=1), FOOTER)
    tree = LexborHTMLParser(page)
    assert tree.root is not None
    for node in tree.root.traverse():
        if node.tag == "-comment":
            only_outlook = r"<!--\[if mso\]>(<style>.*</style>|<table .*|</td></tr></table>)<!\[endif\]-->"
            assert re.fullmatch(only_outlook, node.html or "")
            continue
        assert node.tag in TAGS
        names = set(node.attributes) - {
            "class",
            "style",
            "role",
            "width",
            "cellpadding",
            "cellspacing",
            "border",
        }
        assert names <= {"a": {"href"}, "th": {"scope"}, "td": {"align", "colspan"}, "html": {"lang"},
                         "meta": {"charset", "name", "content"}}.get(node.tag, set())  # fmt: skip
        for style in (node.attributes.get("style") or "").split(";"):
            assert not style or style.split(":")[0].strip() in PROPERTIES
        href = node.attributes.get("href") or "https://"
        assert href.startswith(("https://", "http://", "mailto:"))


def test_padding_stands_on_cells_and_on_the_status_word_only() -> None:
    page = html_page(None, told(everything(), left_out=1), FOOTER)
    padded = re.findall(r'<(\w+)[^>]*style="[^"]*padding:(?!0)[^"]*"', page)
    assert set(padded) == {"td", "th", "span"}


def test_layout_tables_say_so_and_tables_of_facts_have_row_headers() -> None:
    tree = LexborHTMLParser(html_page(None, told(), FOOTER))
    for table in tree.css("table"):
        is_data = table.attributes.get("class") in ("facts", "coverage")
        assert (table.attributes.get("role") == "presentation") is not is_data
    for name in ("facts", "coverage"):
        headers = tree.css(f"table.{name} th")
        assert headers
        assert all(header.attributes.get("scope") == "row" for header in headers)


@pytest.mark.parametrize("of", [digest(0), digest(3), digest(1, kind="alert"), digest(3, kind="alert")])
def test_one_h1_and_nothing_hidden_but_the_preheader(of: Digest) -> None:
    page = html_page(None, told(of), FOOTER)
    tree = LexborHTMLParser(page)
    assert len(tree.css("h1")) == 1
    assert page.count("display:none") == 1
    first = tree.css_first("body > *")
    assert first is not None
    assert first.attributes.get("class") == "preheader"


def test_the_style_block_keeps_only_what_cannot_be_inlined() -> None:
    page = html_page(None, told(everything()), FOOTER)
    block = re.search(r"<style[^>]*>(.*?)</style>", page, re.DOTALL)
    assert block is not None
    assert re.match(r"\s*@media", block[1])
    assert "prefers-color-scheme:dark" in block[1].replace(" ", "")
    assert block[1].count("{") == block[1].count("}")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("backgrounds", "texts"),
    [
        ("#fdfdfd #f1f5f6", "#1d2731 #141c24 #55616d #0b5a6e #8a4300"),
        ("#eceef1", "#55616d #0b5a6e"),
        ("#fdf4e7", "#4c2b06 #8a4300"),
        ("#0b5a6e #8a4300 #62506f", "#fdfdfd"),
        ("#1b2229 #232c34", "#dfe5ea #f0f3f5 #a5b1bc #74c7dc #eeb06a"),
        ("#12171c", "#a5b1bc #74c7dc"),
        ("#2e271d", "#ead9c2 #eeb06a"),
        ("#74c7dc #eeb06a #c3b0d4", "#12171c"),
    ],
)
def test_contrast_is_enough_in_both_schemes(backgrounds: str, texts: str) -> None:
    source = environment(None).loader.get_source(environment(None), "digest.html.j2")[0]  # type: ignore[union-attr]
    for background in backgrounds.split():
        for text in texts.split():
            assert background in source
            assert text in source
            light, dark = sorted((luminance(background), luminance(text)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (background, text)


def test_plain_text_keeps_to_its_columns_but_for_addresses() -> None:
    text = text_page(None, told(everything(), left_out=2), FOOTER)
    long = [line for line in text.splitlines() if len(line) > TEXT_WIDTH]
    assert not [line for line in long if not re.fullmatch(r"\s*(https?://|mailto:)\S+", line)]
    assert "\n\n\n" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_wrap_indents_the_first_line_and_hangs_the_others() -> None:
    assert wrap("one two three", 2, 3, width=10) == "  one two\n     three"
