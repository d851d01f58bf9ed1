"""One request to a chat or webhook service, told as a value.

The address is the operator's own setting and is trusted: unlike a feed's it may be on a private network.
It is a secret as well, so it never appears in a reason. Redirects are not followed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from bot.channels.context import LOOPBACK
from bot.channels.reaching import certified_until, why_unreached
from bot.core.text import one_line, shorten
from bot.model import Refused, Unanswered, Unreached

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_TIMEOUT = 5.0

# Answers that may be another one next time (MDN; 425 is RFC 8470). Any other 4xx stays what it is.
PASSING = frozenset({408, 425, 429})
_REASON = 160
# Visible ASCII: anything else, a blank at the end too, makes a header that can't be sent.
_TOKEN = re.compile("[!-~]+")
# Shorter parts of an address are words; keys are longer.
_SECRET = 10
# Discord, Telegram and Google Chat answer with the whole message that they were sent.
_MAX_ANSWER = 131_072
# A service that asks for longer is not believed; core/settle.py caps a wait far below.
_LONGEST = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    text: str
    """The beginning of the body on one line."""
    retry_after: timedelta | None = None
    """What the header of that name asks for."""
    body: bytes = b""
    """The beginning of the body as it came, long enough for any service's JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    certified_until: datetime | None = None
    """When the server's certificate ends; ``None`` without one."""
    ahead: timedelta | None = None
    """How far the server's clock is ahead of ours; ``None`` where it doesn't tell the time."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Parts of the address, and credentials, that no reason may repeat."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, Any]:
        """The body's JSON object; an empty one where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def refused(
        self, *, words: str = "", disabling: Collection[int] = (), retry_after: timedelta | None = None
    ) -> Refused:
        """What an answer other than success means.

        ``words`` are the service's own, where the beginning of the body is not the best of them;
        ``disabling`` the statuses after which a person must act; ``retry_after`` a wait that stands elsewhere
        than in the header: the longer one counts.
        """
        waits = [wait for wait in (self.retry_after, retry_after) if wait is not None]
        return Refused(
            reason=f"{self.status} {_told(words, self.secrets) or self.text}".strip(),
            permanent=self.status not in PASSING and self.status < 500,
            disables=self.status in disabling,
            in_short=f"HTTP {self.status}",
            retry_after=max(waits, default=None),
        )


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


def access_token(value: SecretStr) -> SecretStr:
    """Check a token option that stands in a header; raises ValueError without showing it."""
    if not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError("is not an access token")
    return value


def host_of(url: SecretStr) -> str:
    """The part of a secret address that may be shown."""
    return urlsplit(url.get_secret_value()).hostname or ""


def post(
    url: SecretStr,
    content: bytes,
    headers: Mapping[str, str],
    now: datetime,
    *,
    method: str = "POST",
    timeout: timedelta = timedelta(seconds=20),
) -> Answer | Refused | Unanswered:
    """Send once. Refused: the request did not go out. Unanswered: it did, and no answer came.

    ``timeout`` is how long the service may be silent.
    """
    import httpx

    try:
        return _exchange(method, url, content, headers, now, timeout)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        return Refused(reason=f"can't connect to {host_of(url)} ({type(error).__name__})")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Refused(reason="the address is not a valid one", permanent=True)
    except httpx.RequestError as error:
        return Unanswered(reason=f"{host_of(url)}: {type(error).__name__}")


def ask(
    url: SecretStr,
    headers: Mapping[str, str],
    now: datetime,
    *,
    method: str = "GET",
    timeout: timedelta = timedelta(seconds=10),
) -> Answer | Unreached:
    """A request that changes nothing, by the same way as :func:`post`, and why it came to no answer."""
    import httpx

    try:
        return _exchange(method, url, b"", headers, now, timeout)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Unreached(kind="address", detail="the address is not a valid one")
    except httpx.TimeoutException:
        return Unreached(kind="timeout", detail=f"no answer within {timeout.total_seconds():g} s")
    except httpx.RequestError as error:
        return why_unreached(error)


def _exchange(
    method: str,
    url: SecretStr,
    content: bytes,
    headers: Mapping[str, str],
    now: datetime,
    timeout: timedelta,
) -> Answer:
    """One request and its answer. Raises what httpx raises."""
    import httpx

    patience = httpx.Timeout(timeout.total_seconds(), connect=CONNECT_TIMEOUT)
    address = url.get_secret_value()
    # A proxy set in the environment is for the world outside this machine.
    outside = host_of(url) not in LOOPBACK
    # A client and a connection a request: one kept open that the service has closed meanwhile, or that
    # another thread closes, would look as if the message had gone out and nobody had answered.
    with (
        httpx.Client(
            verify=_trusted(outside=outside),
            timeout=patience,
            follow_redirects=False,
            trust_env=outside,
        ) as client,
        client.stream(method, address, content=content, headers=dict(headers)) as response,
    ):
        return _answer(response, address, now)


@cache
def _trusted(*, outside: bool) -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes 20 ms, so it is done once."""
    import httpx

    return httpx.create_ssl_context(trust_env=outside)


def _answer(response: httpx.Response, address: str, now: datetime) -> Answer:
    """Status, headers and the beginning of the body; one that breaks off after its status is an answer."""
    body = _beginning(response)
    # The credentials as well: what debugs a proxy answers with all that it was sent.
    credentials = response.request.headers.get("authorization", "").rpartition(" ")[2]
    secrets = (*secrets_of(address), *([credentials] if credentials else []))
    return Answer(
        status=response.status_code,
        text=_told(body[:4096].decode("utf-8", "replace"), secrets),
        retry_after=retry_after(response.headers.get("retry-after", ""), now),
        body=body,
        headers={name.lower(): value for name, value in response.headers.items()},
        certified_until=_certified_until(response),
        ahead=_ahead(response.headers.get("date", ""), now),
        secrets=secrets,
    )


def _certified_until(response: httpx.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    return certified_until(stream.get_extra_info("ssl_object")) if stream else None


def secrets_of(address: str) -> tuple[str, ...]:
    """What of an address may show nowhere: all of it, and the long parts of its path and query."""
    parts = urlsplit(address)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    found = {piece for raw in pieces for piece in (raw, unquote(raw)) if len(piece) >= _SECRET}
    return (address, *sorted(found, key=lambda piece: (-len(piece), piece)))


def _told(text: str, secrets: tuple[str, ...]) -> str:
    """The beginning of what a service says, on one line and without its own address."""
    text = one_line(text)
    for secret in secrets:
        text = text.replace(secret, "…")
    return shorten(text, _REASON)


def _beginning(response: httpx.Response) -> bytes:
    import httpx

    body = bytearray()
    # An answer that breaks off is an answer: its status came first.
    with suppress(httpx.HTTPError):
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) >= _MAX_ANSWER:
                break
    return bytes(body[:_MAX_ANSWER])


def seconds(value: object) -> timedelta | None:
    """A wait that a service tells as a number of seconds, whole or not; nothing if it is none."""
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        return None
    if not 0 <= number < math.inf:
        return None
    return timedelta(seconds=min(number, _LONGEST.total_seconds()))


def retry_after(value: str, now: datetime) -> timedelta | None:
    """The header as a span of time: seconds or an HTTP date (RFC 9110, 10.2.3); nothing if unreadable."""
    value = value.strip()
    if value.isascii() and value.isdecimal() and len(value) < 10:
        return timedelta(seconds=int(value))
    wait = _ahead(value, now)
    return wait if wait is None else max(wait, timedelta(0))


def _ahead(value: str, now: datetime) -> timedelta | None:
    """How far an HTTP date is from now; nothing if unreadable."""
    try:
        moment = parsedate_to_datetime(value)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware - now
    except (ValueError, TypeError, OverflowError):
        return None
