"""Handing one message to a mail server, told as a value.

TLS is never given up: a server without STARTTLS or with a wrong certificate gets nothing. What a server
answers is read as RFC 5321, 4.2.1 has it: 4xx may pass (greylisting, a full box), 5xx stays.
"""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from contextlib import suppress

from bot.channels.context import SmtpServer
from bot.core.letters import address_of
from bot.core.text import one_line, shorten
from bot.model import Refused, SendResult, Sent, Unanswered

_REASON = 200
_DONE, _GO_AHEAD = 250, 354
_FORWARDED = 251
# Nothing that we send is taken before a person acts: a wrong login (RFC 4954, 6), and a server that asks for
# one, or for TLS, where none is configured.
_CONFIGURATION = {
    530: "; set security, username and password in [smtp] as the server asks",
    534: "; the server wants another way to log in",
    535: "; set username and password in [smtp]",
    538: '; set security to "starttls" or "implicit" in [smtp]',
}
_TOO_LARGE = 552
_SHRINK = "; these bytes are never sent again: let the server take more, or set max_stories lower"


def hand_in(message: bytes, sender: str, recipient: str, server: SmtpServer) -> SendResult:
    """One attempt to send ``message``, unchanged, from and to these mailboxes.

    What fails before the message went out is Refused; a connection lost after that is Unanswered.
    """
    try:
        session = open_session(server)
    except smtplib.SMTPResponseException as error:
        stage = "login" if isinstance(error, smtplib.SMTPAuthenticationError) else "greeting"
        return _refused(stage, error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        # No STARTTLS, or no way to log in: it is this way until somebody changes it.
        return Refused(reason=f"{server.host}: {error}", permanent=True, disables=True)
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


def open_session(server: SmtpServer) -> smtplib.SMTP:
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
    except smtplib.SMTPAuthenticationError as error:
        session.close()
        raise smtplib.SMTPAuthenticationError(error.smtp_code, _without_login(error, server)) from None
    except (OSError, smtplib.SMTPException):
        session.close()
        raise
    return session


def _without_login(error: smtplib.SMTPAuthenticationError, server: SmtpServer) -> bytes:
    """What a server says of a login, without the password: some repeat what they were sent."""
    said = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
    name, password = server.username.encode(), server.password.get_secret_value().encode()
    for secret in (password, b64encode(password), b64encode(b"\0%b\0%b" % (name, password))):
        said = said.replace(secret, "…".encode()) if secret else said
    return said


def _tls(server: SmtpServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file or None)


def _transfer(session: smtplib.SMTP, message: bytes, sender: str, recipient: str) -> SendResult:
    if refused := _too_large(session, message):
        return refused
    size = [f"size={len(message)}"] if session.has_extn("size") else []
    try:
        code, answer = session.mail(sender, size)
        if code != _DONE:
            return _refused("sender", code, answer)
        code, answer = session.rcpt(recipient)
        if code not in (_DONE, _FORWARDED):
            return _refused(f"recipient {recipient}", code, answer)
        code, answer = session.docmd("data")
        if code != _GO_AHEAD:
            return _refused("message", code, answer)
    except (OSError, smtplib.SMTPException) as error:
        return Refused(reason=f"connection lost before the message: {_words(error)}")
    try:
        session.send(_stuffed(message))
        code, answer = session.getreply()
    except (OSError, smtplib.SMTPException) as error:
        return Unanswered(reason=f"connection lost after the message: {_words(error)}")
    if code != _DONE:
        return _refused("message", code, answer)
    return Sent(receipt=_said(code, answer))


def _too_large(session: smtplib.SMTP, message: bytes) -> Refused | None:
    """What the server announced that it would refuse (RFC 1870); no number, or 0, announces nothing."""
    announced = session.esmtp_features.get("size", "").split()
    most = int(announced[0]) if announced and announced[0].isdecimal() else 0
    if not most or len(message) <= most:
        return None
    told = f"the message has {len(message):,} bytes and the server takes {most:,}{_SHRINK}"
    return Refused(reason=told, permanent=True)


def _stuffed(message: bytes) -> bytes:
    """A message of CRLF lines as it goes out (RFC 5321, 4.5.2): leading dots doubled, a dot to end it."""
    dotted = (b"\r\n" + message).replace(b"\r\n.", b"\r\n..").removeprefix(b"\r\n")
    return dotted.removesuffix(b"\r\n") + b"\r\n.\r\n"


def _refused(what: str, code: int, answer: bytes | str) -> Refused:
    remedy = _SHRINK if code == _TOO_LARGE else _CONFIGURATION.get(code, "")
    return Refused(
        reason=f"{what} refused: {_said(code, answer)}{remedy}",
        in_short=f"{what} refused: {code}{remedy}",
        permanent=code >= 500,
        disables=code in _CONFIGURATION,
    )


def _said(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return shorten(one_line(f"{code} {text}"), _REASON)


def _words(error: Exception) -> str:
    return shorten(one_line(str(error)) or type(error).__name__, _REASON)
