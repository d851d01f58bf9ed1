"""Slack's own limits and shapes; its answers are in the conformance suite."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.channels.slack import MAX_PARTS
from bot.model import Digest
from tests.channels.servers import Request
from tests.channels.services.slack import check
from tests.channels.worlds import make
from tests.digests import alarm, digest, digests


def payloads(of: Digest, url: str = "https://hooks.slack.example/services/T/B/key") -> list[dict[str, Any]]:
    rendered = make("chat", {"type": "slack", "url": url}, Path()).render(of, "key")
    for each in rendered:
        headers = {"content-type": "application/json; charset=utf-8"}
        check(Request(path="/", headers=headers, body=each.message.body))
    return [json.loads(each.message.body) for each in rendered]


@settings(max_examples=12, deadline=None)
@given(digests())
def test_any_digest_is_sound_block_kit(any_digest: Digest) -> None:
    for payload in payloads(any_digest):
        assert payload["unfurl_links"] is payload["unfurl_media"] is False


@pytest.mark.parametrize("count", [0, 1, 12, 20, 300])
def test_long_digests_take_numbered_messages(count: int) -> None:
    parts = payloads(digest(count))
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


def test_an_alarm_is_no_small_print() -> None:
    heading, said = payloads(alarm())[0]["blocks"]
    assert heading["text"]["text"] == "Delivery trouble"
    assert said["type"] == "rich_text"


def test_the_address_shows_nowhere() -> None:
    channel = make("chat", {"type": "slack", "url": "https://hooks.slack.example/services/T/B/key"}, Path())
    rendered = channel.render(digest(1), "key")
    assert "services" not in repr(channel)
    assert [each.recipient for each in rendered] == ["hooks.slack.example"]
