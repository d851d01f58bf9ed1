"""Slack's own limits and shapes, checked with Slack's own models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from slack_sdk.models.blocks import Block

from bot.channels.slack import MAX_BLOCKS, MAX_BLOCKS_TEXT, MAX_HEADER, MAX_PARTS, MAX_TEXT
from bot.core.render import utf16
from bot.model import Digest, Sent
from tests.channels.reading import walk
from tests.channels.servers import Reply, http_server
from tests.channels.worlds import make
from tests.digests import digest, digests


def payloads(of: Digest, url: str = "https://hooks.slack.example/services/T/B/key") -> list[dict[str, Any]]:
    rendered = make("chat", {"type": "slack", "url": url}, Path()).render(of, "key")
    return [json.loads(each.message.body) for each in rendered]


def check(payload: dict[str, Any]) -> None:
    blocks = payload["blocks"]
    assert payload.keys() == {"text", "blocks", "unfurl_links", "unfurl_media"}
    assert payload["unfurl_links"] is payload["unfurl_media"] is False
    assert 0 < utf16(payload["text"]) < 4000
    assert not {"<", ">"} & set(payload["text"])
    assert 1 <= len(blocks) <= MAX_BLOCKS
    assert utf16(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) <= MAX_BLOCKS_TEXT
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict() == block
    for node in walk(blocks):
        # No text object that Slack would parse for markup and mentions.
        assert node.get("type") not in {
            "mrkdwn",
            "markdown",
            "user",
            "channel",
            "usergroup",
            "broadcast",
            "emoji",
        }
        if node.get("type") in {"plain_text", "text", "link"} and "text" in node:
            assert 1 <= utf16(node["text"]) <= MAX_TEXT
        if node.get("type") == "header":
            assert utf16(node["text"]["text"]) <= MAX_HEADER
        if "elements" in node:
            assert node["elements"]


@settings(max_examples=12, deadline=None)
@given(digests())
def test_any_digest_is_sound_block_kit(any_digest: Digest) -> None:
    for payload in payloads(any_digest):
        check(payload)


@pytest.mark.parametrize("count", [0, 1, 12, 20, 300])
def test_long_digests_take_numbered_messages(count: int) -> None:
    parts = payloads(digest(count))
    for part in parts:
        check(part)
    assert 1 <= len(parts) <= MAX_PARTS
    if len(parts) > 1:
        titles = [part["blocks"][0]["text"]["text"] for part in parts]
        assert titles == [f"Chip deals daily ({at + 1}/{len(parts)})" for at in range(len(parts))]


def test_an_alert_is_the_story_and_nothing_above_it() -> None:
    blocks = payloads(digest(1, kind="alert"))[0]["blocks"]
    assert blocks[0]["type"] == "rich_text"
    first = blocks[0]["elements"][0]["elements"]
    assert first[0]["text"] == "NEW  "
    assert first[1]["url"] == "https://harbour-wire.example/1"


def test_the_notification_is_escaped() -> None:
    text = payloads(replace(digest(0), title="<!channel> AT&T"))[0]["text"]
    assert text.startswith("&lt;!channel&gt; AT&amp;T: nothing new")


@pytest.mark.parametrize(
    ("status", "word", "permanent"),
    [
        (400, b"invalid_blocks", True),
        (403, b"invalid_token", True),
        (404, b"no_service", True),
        (410, b"channel_is_archived", True),
        (500, b"rollup_error", False),
    ],
)
def test_slacks_own_error_words_are_kept(status: int, word: bytes, permanent: bool) -> None:
    with http_server([Reply(status=status, body=word)]) as server:
        channel = make("chat", {"type": "slack", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        result = channel.send(first.message, first.recipient, first.key)
    assert not isinstance(result, Sent)
    assert result.reason == f"{status} {word.decode()}"
    assert getattr(result, "permanent", None) is permanent


def test_the_address_shows_nowhere() -> None:
    channel = make("chat", {"type": "slack", "url": "https://hooks.slack.example/services/T/B/key"}, Path())
    rendered = channel.render(digest(1), "key")
    assert "services" not in repr(channel)
    assert [each.recipient for each in rendered] == ["hooks.slack.example"]
