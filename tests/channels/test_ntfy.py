"""ntfy: notifications within its bytes, buttons for the sources, and a topic that stays secret."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.ntfy import MAX_BODY, MAX_MESSAGE, MAX_PARTS
from bot.model import Digest, Notice, Refused, Sent
from bot.ports import Channel
from tests.channels.chat import Breach, chat_server
from tests.channels.services.ntfy import SERVICE, TOKEN, TOPIC, check_payload, error
from tests.channels.test___init__ import mistake
from tests.channels.worlds import make
from tests.digests import END, digest, source, story


def bot(url: str = "https://ntfy.example", **more: Any) -> Channel:
    return make("phone", {"type": "ntfy", "server": url, "topic": TOPIC, "token": TOKEN, **more}, Path())


def payloads(of: Digest, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(each.message.body) for each in bot(**more).render(of, "key")]


@pytest.mark.parametrize("count", [0, 1, 8, 300])
def test_long_digests_take_numbered_notifications(count: int) -> None:
    rendered = bot().render(digest(count), "key")
    assert 1 <= len(rendered) <= MAX_PARTS
    for at, each in enumerate(rendered, start=1):
        payload = json.loads(each.message.body)
        check_payload(payload)
        assert len(each.message.body) <= MAX_BODY
        assert len(payload["message"].encode()) <= MAX_MESSAGE
        assert payload["title"] == "Chip deals daily" + (
            f" ({at}/{len(rendered)})" if len(rendered) > 1 else ""
        )


def test_bytes_are_counted_and_not_characters() -> None:
    wide = tuple(replace(story(number), lead="芯" * 600) for number in range(1, 7))
    section = replace(digest(1).sections[0], stories=wide)
    for payload in payloads(replace(digest(1), sections=(section,))):
        check_payload(payload)


def test_an_alert_opens_its_story_and_has_a_button_for_each_of_its_first_sources() -> None:
    several = replace(story(1), sources=tuple(source(f"Paper {at}", "order") for at in range(4)))
    section = replace(digest(1).sections[0], stories=(several,))
    (payload,) = payloads(replace(digest(1, kind="alert"), sections=(section,)))
    assert payload["click"] == several.url
    assert payload["actions"] == [
        {"action": "view", "label": "Read it", "url": several.url},
        {"action": "view", "label": "Paper 0", "url": several.sources[0].url},
        {"action": "view", "label": "Paper 1", "url": several.sources[1].url},
    ]


def test_a_story_without_an_address_has_no_buttons() -> None:
    bare = replace(story(1), url="javascript:x", sources=())
    section = replace(digest(1).sections[0], stories=(bare,))
    (payload,) = payloads(replace(digest(1, kind="alert"), sections=(section,)))
    assert not {"click", "actions"} & payload.keys()


def test_alerts_and_alarms_are_louder_than_digests() -> None:
    notice = Notice(feed_id="", kind="disabled", text="Slack is switched off", at=END)
    alarm = replace(digest(0, kind="alarm"), notices=(notice,))
    assert [payloads(of)[0]["priority"] for of in (digest(2), digest(1, kind="alert"), alarm)] == [3, 4, 4]
    assert payloads(digest(1, kind="alert"), alert_priority=5)[0]["priority"] == 5
    assert [payloads(of)[0]["tags"] for of in (digest(2), alarm)] == [["newspaper"], ["warning"]]


def test_an_alarm_that_says_nothing_has_a_text_all_the_same() -> None:
    (payload,) = payloads(replace(digest(0, kind="alarm"), receipt=None, quiet_topics=()))
    check_payload(payload)


def test_the_topic_joins_on_the_way_out_alone() -> None:
    with chat_server(SERVICE) as server:
        channel = bot(server.url + "/")
        first = channel.render(digest(1), "key")[0]
        assert channel.send(first.message, first.recipient, first.key) == Sent(receipt="id1")
    assert json.loads(server.requests[0].body)["topic"] == TOPIC
    assert TOPIC.encode() not in first.message.body
    assert "secret-part" not in repr(channel) + repr(first)


def test_without_a_token_none_is_sent() -> None:
    with chat_server(replace(SERVICE, check=lambda request: None)) as server:
        channel = make("phone", {"type": "ntfy", "server": server.url, "topic": TOPIC}, Path())
        first = channel.render(digest(1), "key")[0]
        assert isinstance(channel.send(first.message, first.recipient, first.key), Sent)
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("code", "words", "wait"),
    [
        (42901, "limit reached: too many requests", None),
        (42908, "limit reached: daily message quota reached", timedelta(hours=1)),
    ],
)
def test_a_quota_of_the_day_takes_longer_than_a_limit_of_the_minute(
    code: int, words: str, wait: timedelta | None
) -> None:
    with chat_server(SERVICE) as server:
        server.play(error(429, code, words))
        channel = bot(server.url)
        first = channel.render(digest(1), "key")[0]
        result = channel.send(first.message, first.recipient, first.key)
    assert result == Refused(reason=f"429 {code} {words}", retry_after=wait)


@pytest.mark.parametrize(
    "wrong",
    [
        {"message": "x" * 4097},
        {"message": ""},
        {"priority": 6},
        {"actions": [{"action": "view", "label": "x", "url": "https://x.example"}] * 4},
        {"click": "javascript:x"},
        {"mesage": "x"},
    ],
)
def test_the_checks_find_what_ntfy_would_not_show(wrong: dict[str, Any]) -> None:
    with pytest.raises(Breach):
        check_payload(payloads(digest(1))[0] | wrong)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('topic = "a secret"', ":3: channels.team.topic: write up to 64 letters"),
        ('topic = ""', ":3: channels.team.topic: write up to 64 letters"),
        ('topic = "x"\nserver = "ntfy"', ":4: channels.team.server: write a whole web address"),
        ('topic = "x"\ntoken = "a secret\\n"', ":4: channels.team.token: is not an access token"),
        ('topic = "x"\ntoken = "a\\rsecret"', ":4: channels.team.token: is not an access token"),
        ('topic = "x"\nalert_priority = 9', ":4: channels.team.alert_priority:"),
    ],
)
def test_wrong_options_are_named(toml: str, said: str) -> None:
    problem = str(mistake(f'type = "ntfy"\n{toml}'))
    assert said in problem
    assert "a secret" not in problem
