"""The fake server itself: it must refuse what the services refuse, or the tests over it prove nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from bot.channels.http import Answer, post
from tests.channels.chat import Breach, Service, chat_server
from tests.channels.servers import Request
from tests.channels.services import SERVICES, slack

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def asked(body: object, kind: str = "application/json") -> Request:
    return Request(path="/", headers={"content-type": kind}, body=json.dumps(body).encode())


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    yield SERVICES[request.param]


def test_nonsense_is_refused_in_the_words_of_the_service(service: Service) -> None:
    with pytest.raises(AssertionError), chat_server(service) as server:
        answer = post(SecretStr(server.url), b"nonsense", {"content-type": "text/plain"}, NOW)
        assert isinstance(answer, Answer)
        assert not answer.ok
        assert answer.status < 500
    assert len(server.breaches) == 1


def test_what_is_played_comes_first(service: Service) -> None:
    with chat_server(service) as server:
        server.play(*(busy(7) for busy in service.busy), *service.errors.values(), service.broken)
        told = [post(SecretStr(server.url), b"", {}, NOW) for _ in server.replies.copy()]
    statuses = [answer.status for answer in told if isinstance(answer, Answer)]
    assert statuses[: len(service.busy)] == [429] * len(service.busy)
    assert len(statuses) == len(told)
    assert service.disabling <= service.errors.keys()


@pytest.mark.parametrize(
    "payload",
    [
        {"blocks": [{"type": "divider"}]},
        {"text": "t", "blocks": [{"type": "divider"}] * 51},
        {"text": "t", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}]},
        {"text": "t", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}]},
        {"text": "t", "blocks": [{"type": "divider", "colour": "red"}]},
        {"text": "<!here>", "blocks": [{"type": "divider"}]},
        {"text": "t", "blocks": [{"type": "divider"}], "link_names": True},
    ],
)
def test_slack_takes_no_such_message(payload: object) -> None:
    with pytest.raises(Exception, match=r"."):
        slack.check(asked(payload))


def test_a_breach_has_the_word_of_the_service() -> None:
    with pytest.raises(Breach) as caught:
        slack.check(asked({"blocks": []}))
    assert caught.value.word == "no_text"
