"""Handing one message to a mail server, told as a value.

TLS is never given up: a server without STARTTLS or with a wrong certificate gets nothing.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress

from bot.channels.context import SmtpServer
from bot.channels.mime import address_of
from bot.core.text import one_line, shorten
from bot.model import Refused, SendResult, Sent, Unanswered

_REASON = 200


def hand_in(message: bytes, sender: str, recipient: str, server: SmtpServer) -> SendResult:
    """One attempt to send ``message``, unchanged, from and to these mailboxes.

    What fails before the message went out is Refused; a connection lost after that is Unanswered.
    """
    try:
        session = _open(server)
    except smtplib.SMTPAuthenticationError as error:
        return _refused("login", error.smtp_code, error.smtp_error)
    except smtplib.SMTPResponseException as error:
        return _refused("greeting", error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        return Refused(reason=f"{server.host}: {error}", permanent=True)
    except ssl.SSLCertVerificationError as error:
        return Refused(reason=f"{server.host}: certificate not trusted: {error.verify_message}")
    except (OSError, smtplib.SMTPException) as error:
        return Refused(reason=f"can't reach {server.host}: {_words(error)}")
    try:
        return _transfer(session, message, address_of(sender), address_of(recipient))
    finally:
        with suppress(OSError, smtplib.SMTPException):
            session.quit()
        session.close()


def _open(server: SmtpServer) -> smtplib.SMTP:
    """Connect, encrypt and log in. Raises what smtplib, ssl and the socket raise."""
    seconds = server.timeout.total_seconds()
    session: smtplib.SMTP
    if server.security == "implicit":
        session = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=_tls(server))
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=seconds)
    try:
        if server.security == "starttls":
            session.starttls(context=_tls(server))
        session.ehlo_or_helo_if_needed()
        if server.username:
            session.login(server.username, server.password.get_secret_value())
    except UnicodeError as error:
        session.close()
        raise smtplib.SMTPAuthenticationError(535, b"name or password is not ASCII") from error
    except (OSError, smtplib.SMTPException):
        session.close()
        raise
    return session


def _tls(server: SmtpServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file or None)


def _transfer(session: smtplib.SMTP, message: bytes, sender: str, recipient: str) -> SendResult:
    size = [f"size={len(message)}"] if session.has_extn("size") else []
    try:
        code, answer = session.mail(sender, size)
        if code != 250:
            return _refused("sender", code, answer)
        code, answer = session.rcpt(recipient)
        if code not in (250, 251):
            return _refused("recipient", code, answer)
    except (OSError, smtplib.SMTPException) as error:
        return Refused(reason=f"connection lost before the message: {_words(error)}")
    try:
        code, answer = session.data(message)
    except smtplib.SMTPDataError as error:
        return _refused("message", error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        return Unanswered(reason=f"connection lost after the message: {_words(error)}")
    if code != 250:
        return _refused("message", code, answer)
    return Sent(receipt=_said(code, answer))


def _refused(what: str, code: int, answer: bytes | str) -> Refused:
    """RFC 5321, 4.2.1: 4xx may pass, 5xx stays."""
    return Refused(reason=f"{what} refused: {_said(code, answer)}", permanent=code >= 500)


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return shorten(one_line(f"{code} {text}"), _REASON)


def _words(error: Exception) -> str:
    return shorten(one_line(str(error)) or type(error).__name__, _REASON)
