"""Adaptive Cards by the official schema, Teams' limit, and what Workflows and its forerunners answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from bot.channels.teams import MAX_PARTS
from bot.model import Digest, Refused, SendResult, Sent
from tests.channels.chat import Breach, chat_server, text_reply
from tests.channels.reading import walk
from tests.channels.servers import Reply, Request
from tests.channels.services.teams import SERVICE, check, check_card, wrapped
from tests.channels.worlds import make
from tests.digests import alarm, digest, digests, story

URL = "https://flows.example/workflows/1/invoke?sig=key"


def cards(of: Digest) -> list[dict[str, Any]]:
    rendered = make("chat", {"type": "teams", "url": URL}, Path()).render(of, "key")
    for each in rendered:
        headers = {"content-type": "application/json; charset=utf-8"}
        check(Request(path="/", headers=headers, body=each.message.body))
    return [json.loads(each.message.body)["attachments"][0]["content"] for each in rendered]


def runs(card: dict[str, Any]) -> list[str]:
    return [node["text"] for node in walk(card["body"]) if node.get("type") == "TextRun"]


def sent(*replies: Reply) -> SendResult:
    with chat_server(SERVICE) as server:
        server.play(*replies)
        channel = make("chat", {"type": "teams", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        return channel.send(first.message, first.recipient, first.key)


@settings(max_examples=12, deadline=None)
@given(digests())
def test_any_digest_is_a_sound_card_within_the_limit(any_digest: Digest) -> None:
    cards(any_digest)


@pytest.mark.parametrize("count", [0, 1, 20, 300])
def test_long_digests_take_numbered_cards(count: int) -> None:
    parts = cards(digest(count))
    assert 1 <= len(parts) <= MAX_PARTS
    if len(parts) > 1:
        titles = [runs(part)[0] for part in parts]
        assert titles == [f"Chip deals daily ({at + 1}/{len(parts)})" for at in range(len(parts))]


def test_facts_are_a_table_and_headlines_open_their_article() -> None:
    (card,) = cards(digest(1))
    (facts,) = [node for node in walk(card["body"]) if node.get("type") == "FactSet"]
    assert {"title": "Parties", "value": "Norvik · Castellan"} in facts["facts"]
    opened = [node["url"] for node in walk(card["body"]) if node.get("type") == "Action.OpenUrl"]
    assert opened[0] == "https://harbour-wire.example/1"
    assert card["lang"] == "en"
    assert card["fallbackText"].startswith("#1# Norvik")


def test_the_values_of_facts_are_escaped_since_teams_reads_markdown_there() -> None:
    tricky = replace(story(1), facts=replace(story(1).facts, parties=("[Norvik](https://evil.example)",)))
    told = replace(digest(1), sections=(replace(digest(1).sections[0], stories=(tricky,)),))
    (facts,) = [node for node in walk(cards(told)[0]["body"]) if node.get("type") == "FactSet"]
    assert facts["facts"][0]["value"] == "\\[Norvik\\]\\(https:\u200b//evil\\.example\\)"


def test_an_alert_is_the_story_and_an_alarm_stands_out() -> None:
    (alert,) = cards(digest(1, kind="alert"))
    assert runs(alert)[0] == "NEW  "
    assert [action["url"] for action in alert["actions"]] == ["https://harbour-wire.example/1"]
    (card,) = cards(alarm())
    assert card["body"][0]["style"] == "attention"
    assert runs(card) == ["Delivery trouble", "The channel chat is switched off: 404 no_service."]


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "Table", "rows": []},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": 1}]},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "a", "colour": "Good"}]},
        {"type": "TextBlock", "text": "reads **Markdown**"},
        {"type": "ActionSet", "actions": [{"type": "Action.Submit", "title": "Buy"}]},
    ],
)
def test_the_check_refuses_what_teams_does_not_show(broken: dict[str, Any]) -> None:
    card = {"type": "AdaptiveCard", "version": "1.4", "body": [broken]}
    with pytest.raises(Breach):
        check_card(card)


def test_taken_is_not_told_to_be_posted() -> None:
    assert sent() == Sent(receipt="queued by Workflows, not proven to be posted")


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (413, True), (429, False), (502, False)])
def test_a_failure_inside_a_200_is_a_failure(status: int, permanent: bool) -> None:
    result = sent(wrapped(status))
    assert isinstance(result, Refused)
    assert result.permanent is permanent
    assert f"HTTP error {status}" in result.reason


def test_a_wrapped_429_is_waited_for() -> None:
    result = sent(replace(wrapped(429), headers=(("Retry-After", "9"),)))
    assert isinstance(result, Refused)
    assert result.retry_after == timedelta(seconds=9)


def test_a_queue_that_took_one_card_may_refuse_the_next() -> None:
    with chat_server(SERVICE) as server:
        channel = make("chat", {"type": "teams", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        server.play(text_reply(202, ""), SERVICE.errors["WorkflowNotFound"])
        results = [channel.send(first.message, first.recipient, first.key) for _ in range(2)]
    assert isinstance(results[0], Sent)
    assert results[1] == Refused(
        reason="404 WorkflowNotFound: The workflow could not be found.", permanent=True, disables=True
    )
