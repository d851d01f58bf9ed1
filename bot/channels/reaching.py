"""Why a host gave no answer, read from what the libraries raise; and until when a certificate holds."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.core.text import one_line, shorten
from bot.model import Unreached

if TYPE_CHECKING:
    import ssl

# openssl.org, X509_verify_cert(3): what a certificate is refused for.
_EXPIRED, _HOSTNAME, _ADDRESS = 10, 62, 64
_NOT_YET = 9
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21, 27})
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_REASON = 160


def why_unreached(error: BaseException) -> Unreached:
    """What made a connection fail; the deepest error tells most, and nothing of it holds an address."""
    import ssl  # takes long, and only who connects needs it

    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _distrusted(cause)
            case ssl.SSLError():
                words = (cause.reason or "no handshake").replace("_", " ").lower()
                return Unreached(kind="tls", detail=f"no TLS: {words}")
            case socket.gaierror() | UnicodeError():
                return Unreached(kind="dns", detail="no address for its name")
            case TimeoutError():
                return Unreached(kind="timeout", detail="too slow to connect or to answer")
            case ConnectionRefusedError():
                return Unreached(kind="refused", detail="nothing listens there: the connection was refused")
            case OSError() if cause.errno in _NO_WAY:
                return Unreached(kind="no-way", detail="no way to it from this machine")
    words = shorten(one_line(str(error)), _REASON) or type(error).__name__
    return Unreached(kind="cut", detail=f"the connection was cut ({words})")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The deepest cause first."""
    if error is not None:
        yield from _causes(error.__cause__ or error.__context__)
        yield error


def _distrusted(error: ssl.SSLCertVerificationError) -> Unreached:
    code, words = error.verify_code, error.verify_message
    if code in (_EXPIRED, _NOT_YET):
        return Unreached(kind="tls-expired", detail=f"its certificate is not valid today: {words}")
    if code in (_HOSTNAME, _ADDRESS):
        return Unreached(kind="tls-name", detail="its certificate is for another name")
    if code in _UNKNOWN_AUTHORITY:
        return Unreached(kind="tls-unknown", detail=f"its certificate is from an unknown authority: {words}")
    return Unreached(kind="tls", detail=f"its certificate is not to be trusted: {words}")


def certified_until(tls: ssl.SSLSocket | ssl.SSLObject | None) -> datetime | None:
    """When the certificate of a verified connection ends."""
    import ssl

    ends = (tls.getpeercert() or {}).get("notAfter") if tls is not None else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
