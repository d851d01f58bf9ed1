"""Discord's own limits, shapes and answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.channels.discord import MAX_PARTS
from bot.model import Digest, Refused, Section, SendResult, Sent
from tests.channels.chat import chat_server, json_reply
from tests.channels.servers import Reply, Request
from tests.channels.services.discord import SERVICE, check
from tests.channels.worlds import make
from tests.digests import alarm, digest, digests, story

URL = "https://discord.example/api/webhooks/1/key"


def payloads(of: Digest) -> list[dict[str, Any]]:
    rendered = make("chat", {"type": "discord", "url": URL}, Path()).render(of, "key")
    for each in rendered:
        headers = {"content-type": "application/json", "user-agent": "chipwatch"}
        check(Request(path="/?wait=true", headers=headers, body=each.message.body))
    return [json.loads(each.message.body) for each in rendered]


def sent(url: str, *replies: Reply) -> tuple[SendResult, Request]:
    with chat_server(SERVICE) as server:
        server.play(*replies)
        channel = make("chat", {"type": "discord", "url": server.url + url}, Path())
        first = channel.render(digest(1), "key")[0]
        return channel.send(first.message, first.recipient, first.key), server.requests[0]


@settings(max_examples=25, deadline=None)
@given(digests())
def test_any_digest_is_within_every_limit(any_digest: Digest) -> None:
    payloads(any_digest)


@pytest.mark.parametrize("count", [0, 1, 9, 30, 300])
def test_long_digests_take_numbered_messages(count: int) -> None:
    parts = payloads(digest(count))
    assert 1 <= len(parts) <= MAX_PARTS
    if len(parts) > 1:
        titles = [part["content"].split("\n")[0] for part in parts]
        assert titles == [rf"**Chip deals daily \({at + 1}/{len(parts)}\)**" for at in range(len(parts))]


def test_each_story_is_an_embed_with_its_facts() -> None:
    (payload,) = payloads(digest(2))
    first, second, foot = payload["embeds"]
    assert payload["content"].startswith("**Chip deals daily**\nSat 21 Nov 08:00")
    assert first["author"] == {"name": "NEW · Halcyon chips"}
    assert first["title"] == r"\#1\# Norvik orders Halcyon accelerators, part 1"
    assert first["url"] == "https://harbour-wire.example/1"
    assert {"name": "Parties", "value": "Norvik · Castellan", "inline": True} in first["fields"]
    names = [field["name"] for field in first["fields"]]
    assert names == ["Parties", "Chips", "Figures", "Status", "2 sources", "Why"]
    assert second["url"] == "https://harbour-wire.example/2"
    assert foot["description"].startswith("No news: Photonics")


def test_an_alert_is_the_story_and_nothing_above_it() -> None:
    (payload,) = payloads(replace(digest(1, kind="alert"), quiet_topics=(), receipt=None))
    assert payload["content"] == ""
    assert len(payload["embeds"]) == 1


def test_an_alarm_has_its_own_colour_and_no_window() -> None:
    (payload,) = payloads(alarm())
    assert payload["content"] == "**Delivery trouble**"
    assert payload["embeds"][0]["color"] == 0xCF222E


def test_stories_of_one_address_are_all_shown() -> None:
    twins = tuple(replace(story(at), url="https://wire.example/live") for at in (1, 2))
    (payload,) = payloads(replace(digest(0), sections=(Section(title="Live", stories=twins),)))
    first, second, _ = payload["embeds"]
    assert first["url"] == "https://wire.example/live"
    assert "url" not in second
    assert "[Read it](https://wire.example/live)" in second["description"]


def test_a_source_with_an_endless_address_is_named_without_it() -> None:
    long = replace(story(1).sources[0], name="Long", url="https://wire.example/" + "a" * 900)
    told = replace(story(1), sources=(long, story(1).sources[1]))
    (payload,) = payloads(replace(digest(0), sections=(Section(title="Live", stories=(told,)),)))
    (sources,) = [field for field in payload["embeds"][0]["fields"] if field["name"] == "2 sources"]
    assert sources["value"].startswith("• Long\n• [Paper 1](https://")


def test_the_answer_is_waited_for_and_names_the_message() -> None:
    result, request = sent("?thread_id=7&wait=false")
    assert request.path.endswith("?thread_id=7&wait=true")
    assert result == Sent(receipt="101")


def test_where_a_body_is_wrong_the_reason_says_where() -> None:
    fault = {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}
    errors = {"embeds": {"0": {"title": fault}}}
    body = {"code": 50035, "message": "Invalid Form Body", "errors": errors}
    result, _ = sent("", json_reply(400, body))
    assert result == Refused(
        reason="400 50035 Invalid Form Body; embeds.0.title: Must be 256 or fewer in length.", permanent=True
    )


def test_a_broken_number_of_seconds_is_heard() -> None:
    result, _ = sent("", json_reply(429, {"message": "slow", "retry_after": 64.57}, Retry_After="65"))
    assert isinstance(result, Refused)
    assert result.retry_after == timedelta(seconds=65)
    result, _ = sent("", json_reply(429, {"message": "slow", "retry_after": 0.65}))
    assert isinstance(result, Refused)
    assert result.retry_after == timedelta(seconds=0.65)


@pytest.mark.parametrize(
    "body", [{"errors": 1, "message": "m"}, {"message": "m", "errors": {"a": {"b": 2}}}, []]
)
def test_an_answer_of_any_shape_is_understood(body: object) -> None:
    result, _ = sent("", json_reply(400, body))
    assert isinstance(result, Refused)
    assert result.permanent
