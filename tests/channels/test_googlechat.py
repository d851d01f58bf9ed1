"""Google Chat: cards that Google's own schema takes, one thread a story, one message a request id."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.channels.googlechat import MAX_BODY, MAX_PARTS, MAX_WIDGETS
from bot.model import Digest, Refused, Sent
from tests.channels.chat import Breach, chat_server
from tests.channels.servers import Reply
from tests.channels.services.googlechat import SERVICE, check_message
from tests.channels.test___init__ import mistake
from tests.channels.worlds import make
from tests.digests import digest

URL = "https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t"


def messages(of: Digest) -> list[dict[str, Any]]:
    rendered = make("chat", {"type": "googlechat", "url": URL}, Path()).render(of, "key")
    return [json.loads(each.message.body) for each in rendered]


def sections(message: dict[str, Any]) -> list[dict[str, Any]]:
    (card,) = message["cardsV2"]
    found: list[dict[str, Any]] = card["card"]["sections"]
    return found


@pytest.mark.parametrize("count", [0, 1, 12, 20, 300])
def test_long_digests_take_numbered_cards(count: int) -> None:
    parts = messages(digest(count))
    assert 1 <= len(parts) <= MAX_PARTS
    for part in parts:
        check_message(part, MAX_BODY)
        assert sum(len(section["widgets"]) for section in sections(part)) <= MAX_WIDGETS
    if len(parts) > 1:
        titles = [part["cardsV2"][0]["card"]["header"]["title"] for part in parts]
        assert titles == [f"Chip deals daily ({at + 1}/{len(parts)})" for at in range(len(parts))]


def test_the_schema_finds_what_google_would_refuse() -> None:
    (message,) = messages(digest(2))
    for wrong in (
        message | {"cards_v2": []},
        message | {"argumentText": "only Google writes this"},
        message | {"cardsV2": [{"card": {"sections": [{"widgets": [{"textParagraph": {"txt": "x"}}]}]}}]},
        message | {"cardsV2": [{"card": {"sections": [{"widgets": []}]}}]},
        message | {"fallbackText": "<users/all>"},
    ):
        with pytest.raises(Breach):
            check_message(wrong, 100)


def test_a_digest_folds_sources_away_and_an_alert_shows_them() -> None:
    first = sections(messages(digest(2))[0])[0]
    assert first["header"] == "Halcyon chips"
    assert first["collapsible"] is True
    assert first["uncollapsibleWidgetsCount"] == len(first["widgets"]) - 1
    assert "2 sources" in first["widgets"][-1]["textParagraph"]["text"]
    (alert,) = messages(digest(1, kind="alert"))
    assert "header" not in alert["cardsV2"][0]["card"]
    assert "collapsible" not in sections(alert)[0]


def test_only_an_alert_on_one_story_names_a_thread() -> None:
    assert messages(digest(1, kind="alert"))[0]["thread"] == {"threadKey": "story1"}
    assert "thread" not in messages(digest(1))[0]
    assert "thread" not in messages(digest(2, kind="alert"))[0]


def test_the_notification_and_the_heading_hold_no_tag() -> None:
    (message,) = messages(replace(digest(0), title="<users/all> <b>AT&T<b>"))
    assert message["fallbackText"].startswith("‹users/all› ‹b›AT&T‹b›")
    assert message["cardsV2"][0]["card"]["header"]["title"] == "‹users/all› ‹b›AT&T‹b›"


def test_the_key_is_the_request_id_on_every_attempt() -> None:
    with chat_server(SERVICE) as server:
        channel = make("chat", {"type": "googlechat", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        results = [channel.send(first.message, first.recipient, first.key) for _ in range(2)]
    assert results == [Sent(receipt="spaces/AAA/messages/1"), Sent(receipt="spaces/AAA/messages/2")]
    queries = [parse_qs(urlsplit(request.path).query) for request in server.requests]
    assert [query["requestId"] for query in queries] == [[first.key]] * 2
    assert queries[0]["key"] == queries[0]["token"] == ["secret-part"]


def test_an_address_without_a_query_gets_one() -> None:
    with chat_server(replace(SERVICE, path="/hook")) as server:
        channel = make("chat", {"type": "googlechat", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        assert isinstance(channel.send(first.message, first.recipient, first.key), Sent)
    assert server.requests[0].path.startswith("/hook?requestId=")


def test_an_error_that_is_no_json_is_told_as_it_came() -> None:
    with chat_server(SERVICE) as server:
        server.play(
            Reply(status=400, body=b"<html>what?</html>"), Reply(status=400, body=b'{"error": "odd"}')
        )
        channel = make("chat", {"type": "googlechat", "url": server.url}, Path())
        first = channel.render(digest(1), "key")[0]
        results = [channel.send(first.message, first.recipient, first.key) for _ in range(2)]
    assert results[0] == Refused(reason="400 <html>what?</html>", permanent=True)
    assert results[1] == Refused(reason='400 {"error": "odd"}', permanent=True)


def test_a_repeat_is_sent_again_unless_told_otherwise() -> None:
    assert make("chat", {"type": "googlechat", "url": URL}, Path()).retry.resend_unanswered
    held = make("chat", {"type": "googlechat", "url": URL, "on_unknown": "hold"}, Path())
    assert not held.retry.resend_unanswered


def test_an_address_must_be_one() -> None:
    said = str(mistake('type = "googlechat"\nurl = "chat"'))
    assert ":3: channels.team.url: write a whole web address" in said
