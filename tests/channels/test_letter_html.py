"""The HTML of a letter is what mail programs draw: strict markup, sound styles, nothing of the deny list.

The deny list is what fails in Gmail or in Outlook for Windows (caniemail.com). It is checked on what is sent,
for digests of any size and text.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import html5lib
import pytest
import tinycss2
from hypothesis import given, settings
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.channels import SmtpServer
from bot.channels.email import MAX_HTML
from bot.channels.specimen import specimens
from bot.core.render import clean
from bot.model import Digest, Rendered
from tests.channels.worlds import make
from tests.digests import HOSTILE, digest, digests, story

SMTP = SmtpServer(host="mail.example.org", sender="Chip watch <bot@example.org>")
ELEMENTS = {
    "svg", "picture", "img", "video", "form", "input", "button", "script", "link", "iframe", "object", "base",
}  # fmt: skip
PROPERTIES = {
    "position", "float", "flex", "grid", "transform", "opacity", "border-radius", "background-image",
    "background", "min-width", "animation", "transition", "box-shadow", "content", "filter",
}  # fmt: skip
UNITS = {"rem", "em", "vw", "vh", "vmin", "vmax", "ch"}
PREHEADER = {"display": "none", "max-height": "0", "overflow": "hidden", "mso-hide": "all"}


def letters(of: Digest) -> list[Rendered]:
    return list(make("mail", {"type": "email", "to": ["ann@example.org"]}, Path(), SMTP).render(of, "key"))


def parts(of: Digest) -> tuple[str, str]:
    """Text and HTML as they are read."""
    message = email.message_from_bytes(letters(of)[0].message.body, policy=email.policy.default)
    plain, page = message.iter_parts()
    return plain.get_content(), page.get_content()


def nodes(tree: Any) -> Iterator[Any]:
    """Everything inside parsed styles."""
    for node in tree or ():
        yield node
        for inner in ("content", "prelude", "value", "arguments"):
            found = getattr(node, inner, None)
            if isinstance(found, list):
                yield from nodes(found)


def declarations(style: str) -> dict[str, str]:
    found = tinycss2.parse_declaration_list(style, skip_whitespace=True)
    assert all(each.type == "declaration" for each in found), style
    return {each.lower_name: tinycss2.serialize(each.value).strip() for each in found}


def check_styles(tree: list[Any]) -> None:
    for node in nodes(tree):
        assert node.type not in {"error", "url"}, tinycss2.serialize([node])
        if node.type == "dimension":
            assert node.lower_unit not in UNITS
        if node.type == "function":
            assert node.lower_name not in {"var", "url", "calc"}


def elements(page: str) -> Iterator[LexborNode]:
    tree = LexborHTMLParser(page)
    assert tree.root is not None
    return (node for node in tree.root.traverse() if not (node.tag or "").startswith("-"))


def check(page: str) -> None:
    html5lib.HTMLParser(strict=True).parse(page)
    for node in elements(page):
        assert node.tag not in ELEMENTS
        style = node.attributes.get("style") or ""
        check_styles(tinycss2.parse_component_value_list(style))
        told = declarations(style)
        assert not told.keys() & PROPERTIES
        hidden = told.get("display") == "none"
        assert not hidden or told.items() >= PREHEADER.items()
        assert hidden or not told.keys() & {"display", "max-height", "overflow", "visibility"}
        href = node.attributes.get("href") or "https://"
        assert href.startswith(("https://", "http://", "mailto:"))
        assert node.tag != "a" or node.text().strip()
    block = re.search(r"<style[^>]*>(.*?)</style>", page, re.DOTALL)
    assert block is not None
    rules = tinycss2.parse_stylesheet(block[1], skip_comments=True, skip_whitespace=True)
    assert [(rule.type, rule.lower_at_keyword) for rule in rules] == [("at-rule", "media")] * 2
    check_styles(rules)
    for rule in rules:
        for inner in tinycss2.parse_rule_list(rule.content, skip_whitespace=True):
            assert inner.type == "qualified-rule"
            assert ":" not in tinycss2.serialize(inner.prelude)
            told = declarations(tinycss2.serialize(inner.content))
            assert not told.keys() & PROPERTIES


@settings(max_examples=15, deadline=None)
@given(digests())
def test_any_digest_is_strict_html_without_anything_that_mail_programs_drop(any_digest: Digest) -> None:
    check(parts(any_digest)[1])


@pytest.mark.parametrize("number", range(len(specimens())))
def test_every_part_of_a_message_is_strict_too(number: int) -> None:
    check(parts(specimens()[number][1])[1])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_element(text: str) -> None:
    everyday = digest(2)
    bad = replace(story(1), title=text, lead=text, because=(text,), news=(text,), relation=text)
    section = replace(everyday.sections[0], title=text, stories=(bad, story(2)))
    page = parts(replace(everyday, title=text, sections=(section,)))[1]
    check(page)
    calm = replace(bad, title="x", lead="x", because=("x",), news=("x",), relation="x")
    quiet = replace(everyday, sections=(replace(section, title="x", stories=(calm, story(2))),))
    assert [node.tag for node in elements(page)] == [node.tag for node in elements(parts(quiet)[1])]


def test_a_hundred_stories_stay_under_what_gmail_cuts_and_are_all_counted() -> None:
    text, page = parts(digest(100))
    assert len(page.replace("\r\n", "\n").encode()) <= MAX_HTML
    check(page)
    shown = len(re.findall(r"#\d+# Norvik", re.sub(r"(?s).*?HALCYON CHIPS", "", text, count=1)))
    left = re.search(r"(\d+) more stories are not shown", text)
    assert shown + int(left[1] if left else 0) == 100
    assert shown >= 25


@settings(max_examples=15, deadline=None)
@given(digests())
def test_text_and_html_hold_the_same_links(any_digest: Digest) -> None:
    text, page = parts(any_digest)
    in_text = {line.strip() for line in text.splitlines() if re.fullmatch(r" *(https?://|mailto:)\S+", line)}
    in_html = {node.attributes["href"] for node in elements(page) if node.tag == "a"}
    shown = {each.url for each in clean(any_digest).stories if each.url}
    assert in_text == in_html
    assert not shown or in_text & shown


@pytest.mark.parametrize("of", [each for _, each in specimens()], ids=[name for name, _ in specimens()])
def test_a_screen_reader_finds_its_way(of: Digest) -> None:
    page = parts(of)[1]
    found = list(elements(page))
    assert found[0].attributes["lang"] == "en"
    headings = [int(tag[1]) for node in found if re.fullmatch(r"h[1-6]", tag := node.tag or "")]
    assert headings.count(1) == 1
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    for node in found:
        if node.tag == "table" and node.attributes.get("role") != "presentation":
            cells = node.css("tr > *:first-child")
            assert cells
            assert all(cell.tag == "th" and cell.attributes.get("scope") == "row" for cell in cells)
    preheader = re.search(r'<div class="preheader"[^>]*>([^<]*)', page)
    assert preheader is not None
    assert "\u2007\u034f" * 10 in preheader[1]
    assert page.count("<!--[if mso]><table") == page.count("</table><![endif]-->") == 2
