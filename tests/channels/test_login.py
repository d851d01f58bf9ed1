"""The mail server tried as far as the login; what is wrong with one is in ``tests/doctor`` as well."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from bot.channels.context import SmtpServer
from bot.channels.login import check_login
from bot.model import Level
from tests.channels.servers import MailServer, server_tls, smtp_server

NOW = datetime.now(UTC)


@contextmanager
def scripted(*answers: str) -> Iterator[SmtpServer]:
    """A server that gives these answers, the first before it is asked, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            with listener.accept()[0] as line, line.makefile("rb") as lines, suppress(OSError):
                for answer in answers:
                    line.sendall(answer.encode() + b"\r\n")
                    lines.readline()

        thread = threading.Thread(target=speak)
        thread.start()
        port = listener.getsockname()[1]
        yield SmtpServer(
            host="127.0.0.1",
            port=port,
            security="plain",
            username="bot",
            password=SecretStr("hunter2"),
            timeout=timedelta(seconds=3),
        )
        thread.join()


@pytest.mark.parametrize(
    ("answers", "found", "remedy"),
    [
        (("554 not from there",), "refuses to talk: 554 not from there", "look why it refuses this machine"),
        (("421 too busy",), "refuses to talk: 421 too busy", "look why"),
        (("220 hi", "250-hi\r\n250 AUTH PLAIN", "454 later"), "login: 454 later", "try again later"),
        (("220 hi", "250-hi\r\n250 AUTH PLAIN", "538 no"), "login: 538 no", 'security to "starttls"'),
        (("220 hi", "250-hi\r\n250 AUTH PLAIN", "535 no"), "login: 535 no", "made for applications"),
        (("220 hi", "250-hi\r\n250 AUTH GSSAPI"), "offers no login that we know", "mostly 587"),
        (("220 hi", "250 hi"), "offers no login that we know", "leave username empty"),
        (("220 hi",), "the connection was cut", "look at what is between"),
        ((), "the connection was cut", "look at what is between"),
        (("220 hi", "250-hi\r\n250 AUTH PLAIN", "535 no hunter2\x1b[31m"), "535 no …[31m", "correct"),
    ],
)
def test_a_server_that_refuses(answers: tuple[str, ...], found: str, remedy: str) -> None:
    with scripted(*answers) as server:
        finding = check_login(server, NOW)
    assert finding.level is Level.FAULT
    assert found in finding.found
    assert remedy in finding.remedy


def test_in_the_clear_and_without_a_login() -> None:
    with smtp_server(MailServer()) as mail:
        server = SmtpServer(host="127.0.0.1", port=mail.port, security="plain")
        # It would take a login, and none is configured: a server among friends may do without.
        finding = check_login(server, NOW)
    assert (finding.level, "offers a login, and [smtp] has none" in finding.found) == (Level.WARNING, True)
    with scripted("220 hi", "250 hi", "250 reset", "221 bye") as server:
        finding = check_login(replace(server, username=""), NOW)
    assert (finding.level, finding.found) == (
        Level.FINE,
        f"127.0.0.1:{server.port} answers in the clear, without a login",
    )


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("implicit", [True, False])
def test_both_ways_of_tls(implicit: bool, tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls: ssl.SSLContext = server_tls(authority)
    with smtp_server(MailServer(), tls=tls, implicit=implicit, login=True) as mail:
        server = SmtpServer(
            host="localhost",
            port=mail.port,
            security="implicit" if implicit else "starttls",
            username="bot",
            password=SecretStr("right"),
            ca_file=str(tmp_path / "ca.pem"),
        )
        finding = check_login(server, NOW)
        assert (finding.level, finding.found) == (
            Level.FINE,
            f"localhost:{mail.port} answers over TLS and takes the login",
        )
        stranger = check_login(replace(server, ca_file=""), NOW)
        assert (stranger.level, "unknown authority" in stranger.found) == (Level.FAULT, True)
        assert "[smtp] ca_file names its certificate" in stranger.remedy
    assert mail.messages == []


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_of_authorities_that_is_none(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    finding = check_login(SmtpServer(host="localhost", ca_file=str(tmp_path / "ca.pem")), NOW)
    assert (finding.level, "can't be read as certificates" in finding.found) == (Level.FAULT, True)
