"""Mattermost's own limit, markup and answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from bot.channels.mattermost import MAX_PARTS
from bot.model import Digest, Refused, Section
from tests.channels.chat import chat_server, text_reply
from tests.channels.servers import Request
from tests.channels.services.mattermost import SERVICE, check
from tests.channels.worlds import make
from tests.digests import HOSTILE, alarm, digest, digests, story

URL = "https://chat.example/hooks/key"


def posts(of: Digest) -> list[str]:
    rendered = make("chat", {"type": "mattermost", "url": URL}, Path()).render(of, "key")
    for each in rendered:
        headers = {"content-type": "application/json"}
        check(Request(path="/", headers=headers, body=each.message.body))
    return [json.loads(each.message.body)["text"] for each in rendered]


@settings(max_examples=25, deadline=None)
@given(digests())
def test_any_digest_is_within_every_limit(any_digest: Digest) -> None:
    posts(any_digest)


@pytest.mark.parametrize("count", [0, 1, 30, 300])
def test_long_digests_take_numbered_posts(count: int) -> None:
    parts = posts(digest(count))
    assert 1 <= len(parts) <= MAX_PARTS
    if len(parts) > 1:
        titles = [part.split("\n")[0] for part in parts]
        assert titles == [rf"### Chip deals daily \({at + 1}/{len(parts)}\)" for at in range(len(parts))]


def test_a_digest_reads_well() -> None:
    (post,) = posts(digest(1))
    assert post.split("\n")[:5] == [
        "### Chip deals daily",
        "Sat 21 Nov 08:00 – Sun 22 Nov 08:00 CET · 1 story · 2 sources",
        "",
        "#### Halcyon chips",
        "",
    ]
    assert (
        r"**NEW** · **[\#1\# Norvik orders Halcyon accelerators, part 1](https://harbour-wire.example/1)**"
        in post
    )
    assert "**Parties:** Norvik · Castellan" in post
    assert "**2 sources:** [Paper 0](https://paper-0.example/order-number-1) " in post


def test_an_alert_is_the_story_and_an_alarm_its_notice() -> None:
    assert posts(digest(1, kind="alert"))[0].startswith("**NEW** · **[")
    assert posts(alarm()) == ["### Delivery trouble\n\nThe channel chat is switched off: 404 no\\_service."]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_feeds_makes_no_markup(text: str) -> None:
    """What a reader of Markdown makes of it has the same parts, whatever the text is."""

    def parts(text: str) -> list[str]:
        bad = replace(story(1), title=text, lead=text, because=(text,), relation=text, news=(text,))
        (post,) = posts(replace(digest(0), sections=(Section(title=text, stories=(bad,)),)))
        parsed = MarkdownIt("commonmark").enable(["strikethrough", "table"]).parse(post)
        inline = [child.type for token in parsed for child in token.children or ()]
        plain = {"text", "text_special", "softbreak"}
        return [*(token.type for token in parsed), *(kind for kind in inline if kind not in plain)]

    assert parts(text) == parts("calm")


def test_a_proxy_before_the_server_is_understood_too() -> None:
    with chat_server(SERVICE) as server:
        server.play(text_reply(404, "404 page not found"))
        channel = make("chat", {"type": "mattermost", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        result = channel.send(first.message, first.recipient, first.key)
    assert result == Refused(reason="404 404 page not found", permanent=True, disables=True)
