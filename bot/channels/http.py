"""One POST to a chat or webhook service, told as a value.

The address is the operator's own setting and is trusted: unlike a feed's it may be on a private network.
It is a secret as well, so it never appears in a reason. Redirects are not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.channels.context import LOOPBACK
from bot.core.text import one_line, shorten
from bot.model import Refused, Unanswered

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 20.0

# Answers that may be another one next time (MDN; 425 is RFC 8470). Any other 4xx stays what it is.
PASSING = frozenset({408, 425, 429})
_REASON = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    text: str
    """The beginning of the body on one line."""
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def refused(self) -> Refused:
        """What an answer other than success means, for every service alike."""
        passing = self.status in PASSING or self.status >= 500
        reason = f"{self.status} {self.text}".strip()
        return Refused(reason=reason, permanent=not passing, retry_after=self.retry_after)


def web_address(value: SecretStr) -> SecretStr:
    """Check an address option; raises ValueError without showing it."""
    try:
        parts = urlsplit(value.get_secret_value())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("write a whole web address that starts with https:// (or http://)")
    return value


def host_of(url: SecretStr) -> str:
    """The part of a secret address that may be shown."""
    return urlsplit(url.get_secret_value()).hostname or ""


def post(
    url: SecretStr, content: bytes, headers: Mapping[str, str], now: datetime
) -> Answer | Refused | Unanswered:
    """Send once. Refused: the request did not go out. Unanswered: it did, and no answer came."""
    import httpx

    timeout = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)
    address = url.get_secret_value()
    # A proxy set in the environment is for the world outside this machine.
    outside = host_of(url) not in LOOPBACK
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=outside) as client,
            client.stream("POST", address, content=content, headers=dict(headers)) as response,
        ):
            return _answer(response, address, now)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        return Refused(reason=f"can't connect to {host_of(url)} ({type(error).__name__})")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Refused(reason="the address is not a valid one", permanent=True)
    except httpx.RequestError as error:
        return Unanswered(reason=f"{host_of(url)}: {type(error).__name__}")


def _answer(response: httpx.Response, address: str, now: datetime) -> Answer:
    """Status and the beginning of the body; an answer that breaks off after its status is an answer."""
    import httpx

    try:
        body = b"".join(islice(response.iter_bytes(), 4))[:4096]
    except httpx.HTTPError:
        body = b""
    text = one_line(body.decode("utf-8", "replace")).replace(address, "…")
    return Answer(
        status=response.status_code,
        text=shorten(text, _REASON),
        retry_after=retry_after(response.headers.get("retry-after", ""), now),
    )


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The header as a span of time: seconds or an HTTP date (RFC 9110, 10.2.3); nothing if unreadable."""
    value = value.strip()
    if value.isascii() and value.isdecimal() and len(value) < 10:
        return timedelta(seconds=int(value))
    try:
        moment = parsedate_to_datetime(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(aware - now, timedelta(0))
    except (ValueError, TypeError, OverflowError):
        return None
