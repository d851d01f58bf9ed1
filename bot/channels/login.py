"""The mail server tried as far as the login: nothing is sent, no sender and no recipient is named."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels.context import SmtpServer
from bot.channels.reaching import certified_until, why_unreached
from bot.channels.smtp import open_session
from bot.core.findings import certified, fault, fine, unreached, warning
from bot.core.text import one_line, shorten
from bot.model import Finding

_WITHIN = timedelta(seconds=8)
_REASON = 160
_SETTING = "[smtp] host, port and security"
_NO_STARTTLS = (
    'set port to 465 and security to "implicit" in [smtp] if the server has that, else let it offer STARTTLS'
)
_NO_LOGIN = (
    "leave username empty in [smtp] if none is needed; else name the port for handing in mail, mostly 587"
)


def check_login(server: SmtpServer, now: datetime) -> Finding:
    """Connect, encrypt, log in, reset and quit, by the way that messages take."""
    if unreadable := _authority(server):
        return unreadable
    try:
        session = open_session(replace(server, timeout=min(server.timeout, _WITHIN)))
    except smtplib.SMTPResponseException as error:
        return _refused(server, error)
    except smtplib.SMTPServerDisconnected as error:
        return _unreached(server, error)
    except smtplib.SMTPException as error:
        return _unsupported(server, error)
    except OSError as error:
        return _unreached(server, error)
    try:
        return _entered(session, server, now)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            session.rset()
            session.quit()
        session.close()


def _authority(server: SmtpServer) -> Finding | None:
    try:
        ssl.create_default_context(cafile=server.ca_file or None)
    except OSError:
        remedy = "name a file with certificates in PEM that this user can read"
        return fault(f"[smtp] ca_file {server.ca_file} can't be read as certificates", remedy)
    return None


def _entered(session: smtplib.SMTP, server: SmtpServer, now: datetime) -> Finding:
    tls = session.sock if isinstance(session.sock, ssl.SSLSocket) else None
    told = f"{_named(server)} answers {'over TLS' if tls else 'in the clear'}"
    if not server.username and session.has_extn("auth"):
        remedy = "set username and password in [smtp], unless it takes mail from this machine without"
        return warning(f"{told} and offers a login, and [smtp] has none", remedy, host=server.host)
    told += " and takes the login" if server.username else ", without a login"
    return certified(fine(told, host=server.host), certified_until(tls), now)


def _unreached(server: SmtpServer, error: OSError) -> Finding:
    authority = "[smtp] ca_file names its certificate"
    return unreached(why_unreached(error), server.host, _SETTING, authority=authority)


def _unsupported(server: SmtpServer, error: smtplib.SMTPException) -> Finding:
    """What smtplib says where a server offers no STARTTLS, no login, or no way to log in that it knows."""
    if "STARTTLS" in str(error):
        return fault(f"{_named(server)} offers no STARTTLS", _NO_STARTTLS, host=server.host)
    return fault(f"{_named(server)} offers no login that we know", _NO_LOGIN, host=server.host)


def _refused(server: SmtpServer, error: smtplib.SMTPResponseException) -> Finding:
    said = error.smtp_error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = shorten(one_line(f"{error.smtp_code} {text}"), _REASON)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        remedy = _login_remedy(error.smtp_code)
        return fault(f"{_named(server)} refuses the login: {words}", remedy, host=server.host)
    remedy = f"look why it refuses this machine, or whether it is the right server ({_SETTING})"
    return fault(f"{_named(server)} refuses to talk: {words}", remedy, host=server.host)


def _login_remedy(code: int) -> str:
    """RFC 4954, 6 has the codes."""
    if code < 500:
        return "try again later: it could not look up the login just now"
    if code == 538:
        return 'set security to "starttls" or "implicit" in [smtp]: it takes no password in the clear'
    return "correct username and password in [smtp]; many providers want a password made for applications"


def _named(server: SmtpServer) -> str:
    return f"{server.host}:{server.port}"
