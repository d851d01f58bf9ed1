"""A few tags around text that nobody wrote as HTML."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.tags import asked, link, sources, tag, text, titled
from bot.core.render import Cut, clean, web_link
from bot.core.views import SourceView, view
from tests.digests import HOSTILE, HOSTILE_LINKS, digest


@given(st.sampled_from(HOSTILE) | st.text(max_size=40))
def test_text_has_no_markup_and_no_address_and_still_says_the_same(words: str) -> None:
    written = text(words)
    assert not {"<", ">"} & set(written)
    assert "://" not in written
    assert not re.search(r"(?<!\w)@\w", written)
    assert html.unescape(written).replace("\u200b", "") == words.replace("\u200b", "")


@given(st.sampled_from(HOSTILE_LINKS), st.text(max_size=20))
def test_a_link_has_one_address_or_none(url: str, words: str) -> None:
    made = link(web_link(url), words)
    assert made == text(words) or re.fullmatch(r'<a href="https?://[^"<>\s]+">[^<>]*</a>', made, re.DOTALL)


def test_the_parts_of_a_story() -> None:
    (story,) = view(Cut(digest=clean(digest(1)))).sections[0].stories
    assert tag("b", "x") == "<b>x</b>"
    assert sources(story).startswith(
        '<b>2 sources:</b> <a href="https://paper-0.example/order-number-1">Paper 0'
    )
    near = SourceView(name="Wire", title="A <b>", url="https://wire.example/", note="50%, from 60%")
    assert titled(near) == '<a href="https://wire.example/">A &lt;b&gt;</a> · Wire'
    assert asked(near) == titled(near) + " (50%, from 60%)"
