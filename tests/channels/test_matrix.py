"""Matrix: what clients may show, threads, and transaction ids. See tests/realserver as well."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix import MAX_CONTENT, MAX_PARTS
from bot.model import Digest, Refused, Sent
from bot.ports import Channel
from tests.channels.chat import Breach, chat_server
from tests.channels.services.matrix import ROOM, SERVICE, TOKEN, check_content, error
from tests.channels.test___init__ import mistake
from tests.channels.worlds import make
from tests.digests import digest, story


def bot(url: str = "https://hs.example", rooms: tuple[str, ...] = (ROOM,), **more: str) -> Channel:
    table = {"type": "matrix", "homeserver": url, "token": TOKEN, "rooms": list(rooms), **more}
    return make("room", table, Path())


def contents(of: Digest) -> list[dict[str, Any]]:
    return [json.loads(each.message.body) for each in bot().render(of, "key")]


@pytest.mark.parametrize("count", [0, 1, 20, 300])
def test_long_digests_take_numbered_events(count: int) -> None:
    rendered = bot().render(digest(count), "key")
    assert 1 <= len(rendered) <= MAX_PARTS
    for each in rendered:
        assert len(each.message.body) <= MAX_CONTENT
        check_content(json.loads(each.message.body), len(each.message.body))


def test_text_and_html_say_the_same_stories() -> None:
    (content,) = contents(replace(digest(5), also_seen=(story(91),)))
    for mark in ("#1#", "#5#", "#91#", "2 GW", "Paper 1", "97%", "No news: Photonics"):
        assert mark in content["body"]
        assert mark in content["formatted_body"]


def test_nobody_is_called() -> None:
    loud = replace(story(1), title="@room @bob:hs.example read this", lead="@ROOM")
    section = replace(digest(1).sections[0], stories=(loud,))
    (content,) = contents(replace(digest(1), title="@room", sections=(section,)))
    check_content(content, 1)
    assert content["m.mentions"] == {}
    assert "@bob" not in content["body"] + content["formatted_body"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"formatted_body": "<script>x</script>"},
        {"formatted_body": '<p style="color:red">x</p>'},
        {"formatted_body": '<a href="javascript:x">x</a>'},
        {"formatted_body": "<p><b>x</p></b>"},
        {"formatted_body": "<div>" * 101 + "</div>" * 101},
        {"formatted_body": "a < b"},
        {"body": "hello @Room"},
        {"msgtype": "m.text"},
        {"m.mentions": {"room": True}},
        {"extra": 1},
    ],
)
def test_the_checks_find_what_must_not_be_sent(wrong: dict[str, Any]) -> None:
    with pytest.raises(Breach):
        check_content(contents(digest(1))[0] | wrong, 100)


def test_each_room_gets_an_event_of_its_own_under_its_own_key() -> None:
    rendered = bot(rooms=("!one:hs.example", "!two", "!two")).render(digest(1), "key")
    assert [each.recipient for each in rendered] == ["!one:hs.example", "!two"]
    assert len({each.key for each in rendered}) == 2


def test_an_update_goes_into_the_thread_of_its_room() -> None:
    update = replace(digest(1, kind="alert"), thread={ROOM: "$root", "!other": "$elsewhere"})
    (content,) = contents(update)
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$root"},
    }
    assert "m.relates_to" not in contents(digest(1, kind="alert"))[0]


def test_the_key_is_the_transaction_and_ids_are_encoded_in_the_path() -> None:
    room = "!a/b?c#d:hs.example"
    with chat_server(replace(SERVICE, check=lambda request: None)) as server:
        channel = bot(server.url, rooms=(room,))
        first = channel.render(digest(1), "key")[0]
        assert channel.send(first.message, first.recipient, first.key) == Sent(receipt="$event1")
    (request,) = server.requests
    path = f"/_matrix/client/v3/rooms/%21a%2Fb%3Fc%23d%3Ahs.example/send/m.room.message/{first.key}"
    assert (request.method, request.path) == ("PUT", path)
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_one_room_that_put_the_account_out_does_not_silence_the_others() -> None:
    with chat_server(SERVICE) as server:
        server.play(SERVICE.errors["M_FORBIDDEN"], SERVICE.errors["M_UNKNOWN_TOKEN"])
        channel = bot(server.url, rooms=("!one", "!two"))
        results = [
            channel.send(each.message, each.recipient, each.key) for each in channel.render(digest(1), "key")
        ]
    assert all(isinstance(result, Refused) and result.permanent for result in results)
    assert [isinstance(result, Refused) and result.disables for result in results] == [False, True]


@pytest.mark.parametrize("wait", ["soon", None, -1, True, [1]])
def test_a_wait_that_is_none_is_not_heard(wait: object) -> None:
    with chat_server(SERVICE) as server:
        server.play(error(429, "M_LIMIT_EXCEEDED", "Too Many Requests", retry_after_ms=wait))
        channel = bot(server.url)
        first = channel.render(digest(1), "key")[0]
        result = channel.send(first.message, first.recipient, first.key)
    assert isinstance(result, Refused)
    assert not result.permanent
    assert result.retry_after is None or wait is True


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('homeserver = "hs"\ntoken = "t"\nrooms = ["!r"]', ":3: channels.team.homeserver: write a whole web"),
        (
            'homeserver = "https://hs.example"\ntoken = "t"\nrooms = ["#deals:hs.example"]',
            ":5: channels.team.rooms: name at least one room by its id, which begins with !",
        ),
        (
            'homeserver = "https://hs.example"\ntoken = "t"\nrooms = []',
            ":5: channels.team.rooms: name at least",
        ),
        (
            'homeserver = "https://hs.example"\ntoken = "secret\\npart"\nrooms = ["!r"]',
            ":4: channels.team.token: is not an access token",
        ),
        # A header that ends in a blank can't be sent.
        (
            'homeserver = "https://hs.example"\ntoken = ""\nrooms = ["!r"]',
            ":4: channels.team.token: is not an access token",
        ),
    ],
)
def test_wrong_options_are_named(toml: str, said: str) -> None:
    problem = str(mistake(f'type = "matrix"\n{toml}'))
    assert said in problem
    assert "secret" not in problem


def test_a_repeat_is_sent_again_unless_told_otherwise() -> None:
    assert bot().retry.resend_unanswered
    assert not bot(on_unknown="hold").retry.resend_unanswered
