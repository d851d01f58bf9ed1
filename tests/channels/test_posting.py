"""Parts of a digest as JSON messages, and the request that carries one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.channels.context import Context
from bot.channels.http import Answer
from bot.channels.posting import RETRY, as_json, in_parts, post
from bot.core.render import Cut
from bot.model import Rendered
from tests.channels.servers import http_server
from tests.channels.worlds import NOW
from tests.digests import digest


def parts(key: str = "key", channel: str = "chat", recipient: str = "chat.example") -> list[Rendered]:
    return in_parts(
        digest(5),
        key,
        channel=channel,
        recipient=recipient,
        fits=lambda cut: len(cut.digest.stories) <= 2,
        payload=lambda cut: {"title": cut.digest.title, "part": f"{cut.part}/{cut.parts}"},
        most=3,
    )


def test_each_part_is_a_message_with_a_key_of_its_own() -> None:
    bodies = [each.message.body.decode() for each in parts()]
    assert bodies == [f'{{"title":"Chip deals daily","part":"{at}/3"}}' for at in (1, 2, 3)]
    keys = {
        each.key for of in (parts(), parts("other"), parts(channel="b"), parts(recipient="c")) for each in of
    }
    assert len(keys) == 12
    assert [story for each in parts() for story in each.stories] == [f"story{at}" for at in range(1, 6)]


def test_a_digest_that_fits_is_one_message_and_names_no_part() -> None:
    (one,) = in_parts(
        digest(1),
        "key",
        channel="chat",
        recipient="chat.example",
        fits=lambda cut: isinstance(cut, Cut),
        payload=lambda cut: cut.parts,
        most=4,
    )
    assert one.message.body == b"1"


def test_json_is_minified_and_keeps_letters() -> None:
    assert as_json({"b": "芯 ü", "a": [1, None]}) == '{"b":"芯 ü","a":[1,null]}'


def test_a_request_says_who_sends_it_and_what_it_holds() -> None:
    context = Context(data=Path(), now=lambda: NOW, user_agent="chipwatch/1", timeout=timedelta(seconds=5))
    with http_server() as server:
        answer = post(SecretStr(server.url), b"{}", context, method="PUT", headers={"x-key": "1"})
    assert isinstance(answer, Answer)
    assert answer.ok
    (request,) = server.requests
    assert (request.method, request.headers["x-key"]) == ("PUT", "1")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["user-agent"] == "chipwatch/1"


def test_news_is_given_up_within_hours() -> None:
    assert RETRY.give_up == timedelta(hours=6)
    assert not RETRY.resend_unanswered
