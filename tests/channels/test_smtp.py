"""Handing mail to a real SMTP server that is well, busy, strict, gone or someone else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.channels.context import SmtpServer
from bot.channels.smtp import hand_in
from bot.model import Refused, SendResult, Sent, Unanswered
from tests.channels.servers import MailServer, server_tls, smtp_server

MESSAGE = b"Subject: hello\r\n\r\n.dot at the start\r\nlast line\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with smtp_server(MailServer()) as server:
        yield server


def plain(port: int) -> SmtpServer:
    return SmtpServer(host="127.0.0.1", port=port, security="plain", timeout=timedelta(seconds=5))


def send(server: SmtpServer) -> SendResult:
    return hand_in(MESSAGE, "Chip watch <bot@chipwatch.example>", "Ann <ann@example.org>", server)


def test_the_bytes_arrive_unchanged_from_and_to_the_bare_addresses(mail: MailServer) -> None:
    assert send(plain(mail.port)) == Sent(receipt="250 queued as 4711")
    assert mail.messages == [("bot@chipwatch.example", ["ann@example.org"], MESSAGE)]


def test_starttls_with_login(authority: trustme.CA, ca_file: Path) -> None:
    with smtp_server(MailServer(), tls=server_tls(authority), login=True) as mail:
        server = SmtpServer(
            host="localhost",
            port=mail.port,
            username="bot",
            password=SecretStr("right"),
            ca_file=str(ca_file),
        )
        assert isinstance(send(server), Sent)
        assert mail.encrypted == [True]
        assert mail.logins == [(b"bot", b"right")]
        wrong = send(replace(server, password=SecretStr("hunter2")))
    assert isinstance(wrong, Refused)
    assert wrong.permanent
    assert wrong.disables
    assert wrong.reason.startswith("login refused: 535")
    assert "hunter2" not in wrong.reason


def test_implicit_tls(authority: trustme.CA, ca_file: Path) -> None:
    with smtp_server(MailServer(), tls=server_tls(authority), implicit=True) as mail:
        server = SmtpServer(host="localhost", port=mail.port, security="implicit", ca_file=str(ca_file))
        assert isinstance(send(server), Sent)
        assert mail.encrypted == [True]


def test_an_unknown_certificate_or_another_name_gets_no_message(authority: trustme.CA, ca_file: Path) -> None:
    with smtp_server(MailServer(), tls=server_tls(authority, "other.example")) as mail:
        stranger = send(SmtpServer(host="localhost", port=mail.port))
        misnamed = send(SmtpServer(host="localhost", port=mail.port, ca_file=str(ca_file)))
    for result in (stranger, misnamed):
        assert isinstance(result, Refused)
        assert not result.permanent
        assert "certificate" in result.reason
    assert mail.messages == []


def test_a_server_without_starttls_gets_no_message(mail: MailServer) -> None:
    result = send(SmtpServer(host="127.0.0.1", port=mail.port, security="starttls"))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (True, True)
    assert mail.messages == []


STAGES = ["at_sender", "at_recipient", "at_data"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    "answer",
    ["421 closing down", "450 4.2.0 greylisted", "451 try later", "452 4.2.2 mailbox full"],
)
def test_4xx_is_tried_again_wherever_it_comes(mail: MailServer, stage: str, answer: str) -> None:
    setattr(mail, stage, answer)
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (False, False)
    assert answer in result.reason


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("answer", ["550 no such user", "551 moved", "553 bad mailbox", "554 no"])
def test_5xx_is_not_tried_again_wherever_it_comes(mail: MailServer, stage: str, answer: str) -> None:
    setattr(mail, stage, answer)
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (True, False)
    assert answer in result.reason


@pytest.mark.parametrize(("answer", "permanent"), [("421 too busy", False), ("554 not from there", True)])
def test_a_greeting_that_refuses(answer: str, permanent: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as line:
                line.sendall(answer.encode() + b"\r\n")

        greeter = threading.Thread(target=greet)
        greeter.start()
        result = send(plain(listener.getsockname()[1]))
        greeter.join()
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (permanent, False)
    assert result.reason == f"greeting refused: {answer}"


def test_a_refused_recipient_is_named(mail: MailServer) -> None:
    mail.at_recipient = "550 5.1.1 unknown"
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert result.reason == "recipient ann@example.org refused: 550 5.1.1 unknown"


def test_greylisting_lets_the_same_bytes_in_later(mail: MailServer) -> None:
    mail.at_recipient = "450 4.2.0 greylisted, come again"
    assert isinstance(send(plain(mail.port)), Refused)
    mail.at_recipient = "250 OK"
    assert isinstance(send(plain(mail.port)), Sent)
    assert [message for _, _, message in mail.messages] == [MESSAGE]


@pytest.mark.parametrize("stage", ["at_sender", "at_recipient"])
def test_a_server_that_asks_for_another_configuration_disables_the_channel(
    mail: MailServer, stage: str
) -> None:
    setattr(mail, stage, "530 5.7.0 Must issue a STARTTLS command first")
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (True, True)
    assert "[smtp]" in result.reason


def test_a_login_that_fails_for_now_is_tried_again(authority: trustme.CA, ca_file: Path) -> None:
    record = MailServer(at_login="454 4.7.0 Temporary authentication failure")
    with smtp_server(record, tls=server_tls(authority), login=True) as mail:
        server = SmtpServer(
            host="localhost", port=mail.port, username="bot", password=SecretStr("x"), ca_file=str(ca_file)
        )
        result = send(server)
    assert isinstance(result, Refused)
    assert (result.permanent, result.disables) == (False, False)


def test_a_message_larger_than_announced_is_not_even_begun() -> None:
    with smtp_server(MailServer(size=len(MESSAGE) - 1)) as mail:
        result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert result.permanent
    assert f"has {len(MESSAGE)} bytes and the server takes {len(MESSAGE) - 1}" in result.reason
    assert "max_stories" in result.reason
    assert mail.messages == []


def test_a_message_of_just_the_announced_size_is_taken() -> None:
    stuffed = len(MESSAGE) + 1  # which is what this server counts
    with smtp_server(MailServer(size=stuffed)) as mail:
        assert isinstance(send(plain(mail.port)), Sent)


@pytest.mark.parametrize("stage", ["at_sender", "at_data"])
def test_a_message_too_large_though_nothing_was_announced_is_never_sent_again(
    mail: MailServer, stage: str
) -> None:
    setattr(mail, stage, "552 5.3.4 message too big")
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert result.permanent
    assert "max_stories" in result.reason


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b"\r\n."]), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_dots_and_line_ends_arrive_as_they_were(mail: MailServer, pieces: list[bytes]) -> None:
    message = b"".join(pieces) + b"\r\n"
    assert isinstance(hand_in(message, "a@example.org", "b@example.org", plain(mail.port)), Sent)
    assert mail.messages[-1][2] == message


@pytest.mark.parametrize("stage", ["at_sender", "at_recipient"])
def test_a_connection_lost_before_the_message_is_refused(mail: MailServer, stage: str) -> None:
    setattr(mail, stage, "drop")
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert not result.permanent


def test_a_connection_lost_after_the_message_is_unanswered(mail: MailServer) -> None:
    mail.at_data = "drop"
    assert isinstance(send(plain(mail.port)), Unanswered)
    assert len(mail.messages) == 1


def test_a_repeat_after_a_lost_answer_is_the_same_to_the_byte(mail: MailServer) -> None:
    mail.at_data = "drop"
    assert isinstance(send(plain(mail.port)), Unanswered)
    mail.at_data = "250 OK"
    assert isinstance(send(plain(mail.port)), Sent)
    first, second = mail.messages
    assert first == second


def test_nobody_there_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = send(plain(port))
    assert isinstance(result, Refused)
    assert not result.permanent
    assert result.reason.startswith("can't reach 127.0.0.1")


def test_a_server_that_says_nothing_does_not_hold_us_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = replace(plain(silent.getsockname()[1]), timeout=timedelta(seconds=0.2))
        result = send(server)
    assert isinstance(result, Refused)
    assert not result.permanent
