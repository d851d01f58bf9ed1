"""Escaped text shows as it stands: nothing in it becomes markup, a link or a call."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.channels.markdown import clip, escape, lines, link
from bot.core.render import utf16
from bot.core.text import one_line
from tests.channels.reading import read_markdown, shown
from tests.digests import HOSTILE

texts = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(HOSTILE)


@given(texts)
def test_what_is_escaped_shows_as_it_was(text: str) -> None:
    line = one_line(text)
    assert shown(escape(line)) == line


@given(texts)
def test_nothing_in_it_comes_to_life(text: str) -> None:
    escaped = escape(one_line(text))
    assert read_markdown(escaped, set()).links == frozenset()
    assert not re.search(r"@[\w.-]|(?<!\\)<|:[\w+-]+:", escaped)


@given(texts)
def test_a_reader_of_common_markdown_sees_a_paragraph_of_text_alone(text: str) -> None:
    markdown = MarkdownIt("commonmark").enable(["strikethrough", "table"])
    parsed = markdown.parse(escape(one_line(text)).replace("&", "&amp;"))
    assert {token.type for token in parsed} <= {"paragraph_open", "inline", "paragraph_close"}
    inline = {child.type for token in parsed for child in token.children or ()}
    assert inline <= {"text", "text_special", "softbreak"}


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("2.5 GW at 10:30, U.S. deal", "2.5 GW at 10:30, U.S. deal"),
        ("*bold* _it_ [a](b)", r"\*bold\* \_it\_ \[a\]\(b\)"),
        ("- no list", r"\- no list"),
        ("2026. No list", "2026\u200b. No list"),
        ("https://evil.example/x", "https:\u200b//evil\\.example/x"),
        ("@here :tada:", "@\u200bhere :\u200btada:"),
        ("<!channel>", r"\<!channel\>"),
        ("===", "\u200b==="),
    ],
)
def test_escapes(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@given(texts, st.integers(2, 60))
def test_clip_never_cuts_an_escape(text: str, limit: int) -> None:
    cut = clip(one_line(text), limit)
    assert utf16(cut) <= limit
    assert one_line(text).startswith(shown(cut).rstrip("…").rstrip()) or cut == "…"


def test_a_link_keeps_its_brackets_to_itself() -> None:
    assert link("a [b]", "https://x.example/(1)") == r"[a \[b\]](https://x.example/%281%29)"
    # A pair of stars in an address would end the bold text that holds the link.
    assert link("a", "https://x.example/**b") == "[a](https://x.example/%2A%2Ab)"
    assert link("*a*", "") == r"\*a\*"


def test_lines_that_do_not_fit_are_left_and_marked() -> None:
    assert lines(["one", "two"], 20) == "one\ntwo"
    assert lines(["one", "two", "three"], 10) == "one\ntwo\n…"
    assert lines([], 10) == ""
