"""A real server on loopback that is well, slow, wrong, hostile and down."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.advice.chat import ChatAdvisor, ChatOptions
from bot.model import Advice, Question, Unadvised
from tests.advice.completions import WRONG, YES, completion, opinion
from tests.http_server import Answer, ScriptedServer, http_server

PATH = "/v1/chat/completions"
QUESTION = Question(
    topic="Chips", query="chip", examples=("A chip",), title="Norvik tapes out", summary="Its own."
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with http_server() as running:
        yield running


def advisor(url: str, **changes: Any) -> ChatAdvisor:
    given: dict[str, Any] = {"url": url, "model": "small", "timeout": timedelta(seconds=3)}
    return ChatAdvisor(ChatOptions(**given | changes), "chipwatch/test")


def test_it_asks_and_gets_an_answer(server: ScriptedServer) -> None:
    asked = advisor(server.play(PATH, YES), api_key=SecretStr("sk-1"), request={"temperature": 0})
    assert asked.ask(QUESTION) == Advice(match=True, confidence=0.9, reason="It names the chip.")
    (request,) = server.requests
    body = json.loads(request.body)
    assert (body["model"], body["temperature"], body["stream"]) == ("small", 0, False)
    assert json.loads(body["messages"][1]["content"])["item"]["title"] == "Norvik tapes out"
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["authorization"] == "Bearer sk-1"
    assert headers["user-agent"] == "chipwatch/test"


def test_without_a_key_none_is_sent(server: ScriptedServer) -> None:
    advisor(server.play(PATH, YES)).ask(QUESTION)
    assert "authorization" not in {name.lower() for name in server.requests[0].headers}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_answer_is_of_no_use_and_no_trouble(server: ScriptedServer, how: str) -> None:
    outcome = advisor(server.play(PATH, WRONG[how])).ask(QUESTION)
    assert isinstance(outcome, Unadvised)
    assert not outcome.lasting
    assert outcome.reason.startswith("the ")


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_a_service_in_trouble_says_so(server: ScriptedServer, status: int) -> None:
    told = Answer(
        status=status,
        headers={"Retry-After": "120", "Location": server.origin + "/elsewhere"},
        body=b'{"error": "bad key sk-1"}',
    )
    outcome = advisor(server.play(PATH, told), api_key=SecretStr("sk-1")).ask(QUESTION)
    assert outcome == Unadvised(
        reason=f'{status} {{"error": "bad key …"}}', lasting=True, retry_after=timedelta(minutes=2)
    )
    assert not server.asked("/elsewhere"), "a redirect would take the key along"


@pytest.mark.parametrize("when", ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-5", "9" * 30, "²"])
def test_a_wish_that_is_no_number_of_seconds_is_none(server: ScriptedServer, when: str) -> None:
    headers = {"Retry-After": when.encode().decode("latin-1")}
    outcome = advisor(server.play(PATH, Answer(status=429, headers=headers))).ask(QUESTION)
    assert outcome == Unadvised(reason="429", lasting=True)


@pytest.mark.parametrize(
    "slow",
    [
        Answer(body=completion(opinion()), delay=30),
        Answer(body=completion(opinion()), drip=0.05),
    ],
    ids=["silent", "a byte at a time"],
)
def test_a_slow_one_is_left_when_its_time_is_over(server: ScriptedServer, slow: Answer) -> None:
    asked = advisor(server.play(PATH, slow), timeout=timedelta(seconds=0.4))
    began = time.monotonic()
    outcome = asked.ask(QUESTION)
    assert time.monotonic() - began < 1.5
    assert outcome == Unadvised(reason="127.0.0.1: no answer within 0.4 s", lasting=True)


def test_one_that_is_down_or_hangs_up_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert advisor(nobody).ask(QUESTION) == Unadvised(reason="127.0.0.1: ConnectError", lasting=True)
    with http_server() as server:
        cut = Answer(body=b"{", headers={"Content-Length": "500"})
        outcome = advisor(server.play("/cut", cut)).ask(QUESTION)
    assert outcome == Unadvised(reason="127.0.0.1: RemoteProtocolError", lasting=True)


def test_another_model_or_request_is_another_advisor(server: ScriptedServer) -> None:
    url = server.play(PATH, YES)
    base = advisor(url)
    others = [advisor(url, model="large"), advisor(url + "2"), advisor(url, request={"temperature": 1})]
    assert len({base.id, *(other.id for other in others)}) == 4
    assert advisor(url, api_key=SecretStr("other"), timeout=timedelta(seconds=9)).id == base.id
    assert base.name == "small"
