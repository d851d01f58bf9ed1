"""Handing mail to a real SMTP server that is well, busy, strict, gone or someone else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
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
    assert result.permanent
    assert mail.messages == []


@pytest.mark.parametrize("stage", ["at_sender", "at_recipient", "at_data"])
@pytest.mark.parametrize(("answer", "permanent"), [("451 try later", False), ("554 no", True)])
def test_4xx_is_tried_again_and_5xx_is_not(
    mail: MailServer, stage: str, answer: str, permanent: bool
) -> None:
    setattr(mail, stage, answer)
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert result.permanent is permanent
    assert answer in result.reason


def test_a_connection_lost_before_the_message_is_refused(mail: MailServer) -> None:
    mail.at_recipient = "drop"
    result = send(plain(mail.port))
    assert isinstance(result, Refused)
    assert not result.permanent


def test_a_connection_lost_after_the_message_is_unanswered(mail: MailServer) -> None:
    mail.at_data = "drop"
    assert isinstance(send(plain(mail.port)), Unanswered)
    assert len(mail.messages) == 1


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
