"""One POST and what becomes of it: values, without the secret address."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.channels.http import Answer, host_of, post, retry_after, seconds, web_address
from bot.model import Refused, Unanswered
from tests.channels.servers import Reply, http_server

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def to(url: str) -> Answer | Refused | Unanswered:
    return post(SecretStr(url), b"{}", {"x-test": "1"}, NOW)


def test_an_answer_has_status_first_line_and_the_wait_asked_for() -> None:
    reply = Reply(status=429, body=b"slow\ndown", headers=(("Retry-After", "30"),))
    with http_server([reply]) as server:
        answer = to(server.url)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.text, answer.body) == (429, "slow down", b"slow\ndown")
    assert answer.retry_after == timedelta(seconds=30)
    assert answer.headers["retry-after"] == "30"
    assert server.requests[0].headers["x-test"] == "1"
    assert server.requests[0].body == b"{}"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_answers_that_may_pass(status: int) -> None:
    assert Answer(status=status, text="").refused() == Refused(reason=str(status))


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 413])
def test_answers_that_stay(status: int) -> None:
    assert Answer(status=status, text="no").refused() == Refused(reason=f"{status} no", permanent=True)


def test_a_redirect_is_not_followed() -> None:
    with (
        http_server() as target,
        http_server([Reply(status=307, headers=(("Location", target.url),))]) as server,
    ):
        answer = to(server.url)
    assert isinstance(answer, Answer)
    assert answer.status == 307
    assert target.requests == []


def test_a_dropped_connection_is_unanswered_and_tells_no_secret() -> None:
    with http_server([Reply(drop=True)]) as server:
        result = to(server.url)
    assert isinstance(result, Unanswered)
    assert "secret-part" not in result.reason
    assert len(server.requests) == 1


def test_nobody_there_is_refused_and_tells_no_secret() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        result = to(f"http://127.0.0.1:{free.getsockname()[1]}/secret-part")
    assert isinstance(result, Refused)
    assert not result.permanent
    assert "secret-part" not in result.reason


def test_an_answer_that_repeats_the_address_is_told_without_it() -> None:
    with http_server() as server:
        server.replies = [Reply(status=404, body=f"nothing at {server.url}".encode())]
        answer = to(server.url)
    assert isinstance(answer, Answer)
    assert answer.text == "nothing at …"


def test_a_part_of_the_address_that_is_a_key_is_told_by_nobody() -> None:
    with http_server() as server:
        server.replies = [Reply(status=404, body=b'{"message": "no hook secret-part"}')]
        answer = to(server.url + "?sig=a%2Fsignature")
    assert isinstance(answer, Answer)
    assert answer.text == '{"message": "no hook …"}'
    assert answer.refused(words="no secret-part, a/signature").reason == "404 no …, …"


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    with http_server([Reply(status=500, body=b"x" * 5_000_000)]) as server:
        answer = to(server.url)
    assert isinstance(answer, Answer)
    assert len(answer.text) <= 160


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Sun, 22 Nov 2026 08:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 22 Nov 2026 07:00:00 GMT", timedelta(0)),
        ("Sun, 22 Nov 2026 08:05:00", timedelta(minutes=5)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 30, None),
        ("١٢", None),
    ],
)
def test_retry_after(value: str, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected


@pytest.mark.parametrize(
    "value", ["", "hooks.example", "ftp://hooks.example", "https://", "https://h:99999/", "https://[::"]
)
def test_an_address_that_is_none_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(ValueError, match="whole web address"):
        web_address(SecretStr(value))


def test_only_the_host_of_an_address_is_shown() -> None:
    assert host_of(SecretStr("https://user:pw@Hooks.Example:8443/T0/B0/key")) == "hooks.example"


def test_the_longer_of_two_waits_counts_and_a_service_may_be_gone() -> None:
    busy = Answer(status=429, text="slow", retry_after=timedelta(seconds=2))
    assert busy.refused(retry_after=timedelta(seconds=2.5)).retry_after == timedelta(seconds=2.5)
    assert busy.refused(retry_after=timedelta(seconds=1)).retry_after == timedelta(seconds=2)
    gone = Answer(status=404, text='{"code": 10015}').refused(words="Unknown\nWebhook", disabling={404})
    assert gone == Refused(reason="404 Unknown Webhook", permanent=True, disables=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b'{"retry_after": 0.5}', {"retry_after": 0.5}), (b"[1]", {}), (b"ok", {}), (b"", {}), (b"\xff", {})],
)
def test_a_body_is_read_as_a_json_object_or_none(body: bytes, expected: object) -> None:
    assert Answer(status=200, text="", body=body).json() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.65, timedelta(seconds=0.65)),
        (3, timedelta(seconds=3)),
        ("1.5", timedelta(seconds=1.5)),
        (0, timedelta(0)),
        (1e300, timedelta(days=7)),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ("soon", None),
        (None, None),
        ({}, None),
    ],
)
def test_seconds(value: object, expected: timedelta | None) -> None:
    assert seconds(value) == expected


def test_an_answer_that_takes_too_long_is_unanswered() -> None:
    with http_server([Reply(delay=10)]) as server:
        result = post(SecretStr(server.url), b"{}", {}, NOW, timeout=timedelta(seconds=0.2))
    assert isinstance(result, Unanswered)
    assert "secret-part" not in result.reason


def test_another_method_may_be_asked_for() -> None:
    with http_server() as server:
        post(SecretStr(server.url), b"{}", {}, NOW, method="PUT")
    assert [request.method for request in server.requests] == ["PUT"]


def test_a_connection_closed_before_the_body_was_read_is_unanswered() -> None:
    with http_server([Reply(unread=True)]) as server:
        assert isinstance(to(server.url), Unanswered)
