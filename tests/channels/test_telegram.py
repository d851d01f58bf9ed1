"""Telegram: its limits, its own words for what is wrong, and what python-telegram-bot makes of them."""

from __future__ import annotations

import asyncio
import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot
from telegram.constants import MessageLimit
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram import MAX_ENTITIES, MAX_PARTS, MAX_TEXT
from bot.core.render import utf16
from bot.model import Digest, Refused, Rendered, SendResult, Sent, Unanswered
from bot.ports import Channel
from tests.channels.chat import Breach, ChatServer, chat_server
from tests.channels.servers import Reply
from tests.channels.services.telegram import SERVICE, TOKEN, check_payload, error, parse
from tests.channels.test___init__ import mistake
from tests.channels.worlds import make
from tests.digests import digest, story

UNPARSED = error(400, "Bad Request: can't parse entities: Unsupported start tag")
MOVED = error(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009)


def bot(api: str = "https://api.telegram.org", chats: tuple[Any, ...] = (-1001,), **more: str) -> Channel:
    return make(
        "chat", {"type": "telegram", "token": TOKEN, "chats": list(chats), "api": api, **more}, Path()
    )


def payloads(of: Digest) -> list[dict[str, Any]]:
    return [json.loads(each.message.body) for each in bot().render(of, "key")]


def sent(server: ChatServer, *replies: Reply, of: Digest | None = None) -> SendResult:
    server.play(*replies)
    channel = bot(server.url)
    first = channel.render(of or digest(2), "key")[0]
    return channel.send(first.message, first.recipient, first.key)


def told(server: ChatServer) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.requests]


# ── messages ──


@pytest.mark.parametrize("count", [0, 1, 12, 20, 300])
def test_long_digests_take_numbered_messages(count: int) -> None:
    parts = payloads(digest(count))
    assert 1 <= len(parts) <= MAX_PARTS
    for part in parts:
        check_payload(part)
        text, entities = parse(part["text"])
        assert utf16(text) <= MAX_TEXT < MessageLimit.MAX_TEXT_LENGTH
        assert entities <= MAX_ENTITIES < MessageLimit.MESSAGE_ENTITIES
    if len(parts) > 1:
        titles = [part["text"].partition("\n")[0] for part in parts]
        assert titles == [f"<b>Chip deals daily ({at + 1}/{len(parts)})</b>" for at in range(len(parts))]


def test_text_of_two_units_a_character_fits_too() -> None:
    wide = replace(story(1), lead="\U0001f680" * 600, because=("\U0001f680" * 300,) * 6)
    section = replace(digest(1).sections[0], stories=(wide,) * 3)
    for part in payloads(replace(digest(1), sections=(section,))):
        check_payload(part)


@pytest.mark.parametrize(
    "text",
    [
        "<b>open",
        "<p>no such tag</p>",
        "<b><i>crossed</b></i>",
        "a < b",
        "&nbsp;",
        '<a href="javascript:x">x</a>',
        "hello @somebody",
        "x" * 4097,
        "<b>x</b>" * 101,
        "  ",
    ],
)
def test_the_checks_find_what_telegram_would_refuse(text: str) -> None:
    payload = payloads(digest(1))[0]
    with pytest.raises(Breach):
        check_payload(payload | {"text": text})


def test_each_chat_gets_a_message_of_its_own() -> None:
    rendered = bot(chats=(-1001, "@deals", "-1001")).render(digest(1), "key")
    assert [each.recipient for each in rendered] == ["-1001", "@deals"]
    assert [json.loads(each.message.body)["chat_id"] for each in rendered] == [-1001, "@deals"]
    assert len({each.key for each in rendered}) == 2


@pytest.mark.parametrize(
    ("receipt", "answered"),
    [
        ("81", {"message_id": 81, "allow_sending_without_reply": True}),
        (
            "81 in -1009: the chat's new id, write it in chats",
            {"message_id": 81, "allow_sending_without_reply": True, "chat_id": -1009},
        ),
        ("", None),
        ("queued", None),
    ],
)
def test_an_update_answers_the_first_message(receipt: str, answered: dict[str, Any] | None) -> None:
    update = replace(digest(1, kind="alert"), thread={"-1001": receipt, "-5": "7"})
    (payload,) = payloads(update)
    assert payload.get("reply_parameters") == answered
    check_payload(payload)


# ── answers ──


def test_the_receipt_is_the_messages_number() -> None:
    with chat_server(SERVICE) as server:
        assert sent(server) == Sent(receipt="1")


def test_a_group_that_became_a_supergroup_gets_the_message_and_the_receipt_says_so() -> None:
    update = replace(digest(1, kind="alert"), thread={"-1001": "81"})
    with chat_server(SERVICE) as server:
        result = sent(server, MOVED, of=update)
    assert result == Sent(receipt="2 in -1009: the chat's new id, write it in chats")
    first, second = told(server)
    assert second["chat_id"] == -1009
    # Message 81 of the old group is another one there.
    assert "reply_parameters" in first
    assert "reply_parameters" not in second


def test_after_a_move_updates_answer_what_was_sent_to_the_new_id() -> None:
    update = replace(digest(1, kind="alert"), thread={"-1001": "81 in -1009"})
    with chat_server(SERVICE) as server:
        assert isinstance(sent(server, MOVED, of=update), Sent)
    assert told(server)[1]["reply_parameters"]["message_id"] == 81


def test_markup_that_telegram_can_not_read_goes_out_once_more_as_plain_text() -> None:
    with chat_server(SERVICE) as server:
        assert sent(server, UNPARSED) == Sent(receipt="2")
    marked, plain = told(server)
    assert "parse_mode" not in plain
    assert marked["chat_id"] == plain["chat_id"]
    assert "#1# Norvik orders Halcyon accelerators, part 1 (https://harbour-wire.example/1)" in plain["text"]
    assert not {"<b>", "&amp;"} & set(plain["text"].split())


def test_plain_text_leaves_addresses_out_where_they_do_not_fit() -> None:
    many = digest(20)
    with chat_server(SERVICE) as server:
        assert isinstance(sent(server, UNPARSED, of=many), Sent)
    marked, plain = told(server)
    assert "https://" not in plain["text"]
    assert plain["text"] == html.unescape(parse(marked["text"])[0])


def test_it_is_tried_as_plain_text_only_once() -> None:
    with chat_server(SERVICE) as server:
        result = sent(server, UNPARSED, UNPARSED)
    assert isinstance(result, Refused)
    assert result.permanent
    assert len(server.requests) == 2


def test_both_troubles_at_once_take_three_requests() -> None:
    with chat_server(SERVICE) as server:
        assert isinstance(sent(server, MOVED, UNPARSED), Sent)
    assert [payload["chat_id"] for payload in told(server)] == [-1001, -1009, -1009]


def test_a_second_request_without_an_answer_is_unanswered() -> None:
    with chat_server(SERVICE) as server:
        assert isinstance(sent(server, UNPARSED, Reply(drop=True)), Unanswered)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"ok":true}', b'{"ok":true,"result":[]}'])
def test_a_success_without_a_number_is_one(body: bytes) -> None:
    with chat_server(SERVICE) as server:
        assert sent(server, Reply(status=200, body=body)) == Sent(receipt="")


def test_one_chat_that_put_the_bot_out_does_not_silence_the_others() -> None:
    out = SERVICE.errors["bot was kicked"]
    with chat_server(SERVICE) as server:
        server.play(out, SERVICE.errors["Unauthorized"])
        channel = bot(server.url, chats=(-1001, -1002))
        results = [
            channel.send(each.message, each.recipient, each.key) for each in channel.render(digest(1), "key")
        ]
    reason = "403 Forbidden: bot was kicked from the supergroup chat"
    assert results[0] == Refused(reason=reason, permanent=True)
    assert results[1] == Refused(reason="401 Unauthorized", permanent=True, disables=True)


# ── the fake server's words, as a client of Telegram's reads them ──


async def asked(server: ChatServer) -> None:
    async with Bot(TOKEN, base_url=f"{server.url}/bot") as client:
        await client.send_message(chat_id=-1001, text="hello")


@pytest.mark.parametrize(
    ("reply", "meant"),
    [
        (SERVICE.busy[0](7), RetryAfter),
        (MOVED, ChatMigrated),
        (UNPARSED, BadRequest),
        (SERVICE.errors["bot was kicked"], Forbidden),
        (SERVICE.errors["Unauthorized"], InvalidToken),
        (SERVICE.errors["Not Found"], InvalidToken),
    ],
)
def test_a_client_of_telegrams_understands_the_fake_server(
    reply: Reply, meant: type[TelegramError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    with chat_server(SERVICE) as server:
        # The first question of a client is who it is.
        who = {"id": 123456, "is_bot": True, "first_name": "Watch", "username": "watch_bot"}
        server.play(Reply(body=json.dumps({"ok": True, "result": who}).encode()), reply)
        with pytest.raises(meant):
            asyncio.run(asked(server))


# ── options ──


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('token = "x"\nchats = [1]', ":3: channels.team.token: is not the token of a bot"),
        ('token = "1:a"\nchats = []', ":4: channels.team.chats: name at least one chat"),
        ('token = "1:a"\nchats = ["team chat"]', ":4: channels.team.chats: name at least one chat"),
        ('token = "1:a"\nchats = [1]\napi = "localhost"', ":5: channels.team.api: write a whole web address"),
    ],
)
def test_wrong_options_are_named(toml: str, said: str) -> None:
    problem = str(mistake(f'type = "telegram"\n{toml}'))
    assert said in problem
    assert "1:a" not in problem


def test_a_repeat_is_held_unless_told_otherwise() -> None:
    assert not bot().retry.resend_unanswered
    assert bot(on_unknown="resend").retry.resend_unanswered


def test_the_token_shows_nowhere() -> None:
    channel = bot()
    rendered: list[Rendered] = list(channel.render(digest(1), "key"))
    assert "secret-part" not in repr(channel) + repr(rendered)
