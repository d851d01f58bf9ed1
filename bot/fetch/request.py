"""One fetch: a conditional GET with its redirects, made into an outcome; the world's trouble never raises."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from bot.core.urls import absolute
from bot.fetch.body import ACCEPTED, BadEncodingError, TooLargeError, body_hash, read_body, read_start
from bot.fetch.guard import RefusedError, UnknownNameError
from bot.fetch.headers import ahead, fresh_for, retry_after
from bot.fetch.politeness import Slots, turn_key
from bot.fetch.room import Room
from bot.fetch.transfer import TlsError
from bot.fetch.walls import MOST_READ, REFUSALS, is_page, wall
from bot.model import FeedState, Fetched, FetchFailed, FetchOutcome, NotModified

MOST_REDIRECTS = 5
FULL_FETCH_EVERY = timedelta(days=1)
"""Without validators at least this often: a server that answers 304 for ever is found out."""

_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
)


def utc_now() -> datetime:
    return datetime.now(UTC)


_SCHEMES = frozenset(
    {"about", "blob", "data", "feed", "file", "ftp", "gopher", "javascript", "mailto", "ws", "wss"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchOptions:
    """How to fetch, as configured."""

    user_agent: str
    connect_timeout: timedelta = timedelta(seconds=10)
    """For the DNS, and for a connection with its handshake, whichever of a host's addresses it goes to."""
    read_timeout: timedelta = timedelta(seconds=20)
    """Between two pieces of an answer."""
    total_timeout: timedelta = timedelta(seconds=60)
    """For a feed with all its redirects, less the time that a large body waits for room of ours."""
    max_body: int = 32 * 1024 * 1024
    """Bytes, as sent and as unpacked."""
    concurrency: int = 50
    per_host: int = 2
    host_gap: timedelta = timedelta(0)
    """Between the starts of two requests to one host."""
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None
    """Certificates trusted besides the usual ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a fetch stands between redirects."""

    url: str
    unbroken: bool = True
    """Only permanent redirects led here."""
    moved_to: str | None = None


class Requester:
    """Fetches one feed at a time over a shared transport."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        options: FetchOptions,
        now: Callable[[], datetime] = utc_now,
        slots: Slots | None = None,
    ) -> None:
        self._transport = transport
        self._options = options
        self._now = now
        self._slots = slots or Slots(options.per_host)
        self._timeout = httpx.Timeout(
            options.read_timeout.total_seconds(), connect=options.connect_timeout.total_seconds()
        ).as_dict()

    async def fetch(self, state: FeedState, room: Room) -> FetchOutcome:
        """The outcome of one visit. Nothing of a feed's address but scheme, host and path is told in it."""
        try:
            async with asyncio.timeout(self._options.total_timeout.total_seconds()) as room.limit:
                return await self._follow(state, room)
        except TimeoutError:
            seconds = self._options.total_timeout.total_seconds()
            return FetchFailed(kind="timeout", detail=f"no whole answer within {seconds:g} s")
        except RefusedError as refusal:
            return FetchFailed(kind="refused", detail=str(refusal))
        except UnknownNameError as unknown:
            return FetchFailed(kind="dns", detail=str(unknown))
        except TooLargeError as large:
            return FetchFailed(kind="too-large", detail=str(large))
        except BadEncodingError as bad:
            return FetchFailed(kind="encoding", detail=str(bad))
        except (httpx.InvalidURL, ValueError):  # names and ports that only one of the readers minds
            return FetchFailed(kind="refused", detail="an address that can't be read")
        except httpx.TransportError as error:
            return _transport_failure(error)

    async def _follow(self, state: FeedState, room: Room) -> FetchOutcome:
        place = _Place(url=_checked(state.url))
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._visit(place, state, room)
            if not isinstance(answer, _Place):
                return answer
            place = answer
        return FetchFailed(kind="redirect", detail=f"more than {MOST_REDIRECTS} redirects")

    async def _visit(self, place: _Place, state: FeedState, room: Room) -> FetchOutcome | _Place:
        async with self._slots.slot(turn_key(place.url), room.standing_still):
            request = self._request(place.url, state)
            response = await self._transport.handle_async_request(request)
            try:
                return await self._answer(request, response, place, room)
            finally:
                await response.aclose()

    def _request(self, url: str, state: FeedState) -> httpx.Request:
        headers = {
            "User-Agent": self._options.user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPTED,
            **self._validators(state),
        }
        if (credentials := _credentials(state.url)) and _origin(url) == _origin(state.url):
            headers["Authorization"] = f"Basic {credentials}"
        return httpx.Request("GET", _bare(url), headers=headers, extensions={"timeout": self._timeout})

    def _validators(self, state: FeedState) -> dict[str, str]:
        if state.last_full_at is None or self._now() - state.last_full_at >= FULL_FETCH_EVERY:
            return {}
        headers = {"If-None-Match": state.etag, "If-Modified-Since": state.modified}
        sent = {name: value for name, value in headers.items() if value and _is_header_value(value)}
        return sent | {"A-IM": "feed"} if "If-None-Match" in sent else sent

    async def _answer(
        self, request: httpx.Request, response: httpx.Response, place: _Place, room: Room
    ) -> FetchOutcome | _Place:
        status, headers, now = response.status_code, response.headers, self._now()
        if status in _REDIRECTS:
            return _redirected(place, status, headers.get("location", ""))
        if status == 304:
            return _not_modified(request, fresh_for(headers, now), place.moved_to)
        if not 200 <= status < 300:
            refused = await _refused_by_server(response, retry_after(headers, now), _bare(place.url))
            return replace(refused, ahead=ahead(headers, now))
        body = await read_body(_chunks(response), _encoding(response), self._options.max_body, room)
        if is_page(body) and (name := wall(status, dict(headers), body)):
            return _blocked(name, status, retry_after(headers, now))
        return Fetched(
            body=body,
            body_hash=body_hash(body),
            content_type=headers.get("content-type", "")[:300],
            final_url=_bare(place.url),
            status=status,
            etag=_kept(headers.get("etag")),
            modified=_kept(headers.get("last-modified")),
            fresh_for=fresh_for(headers, now),
            moved_to=place.moved_to,
            delta=status == 226 and "a-im" in request.headers,
            ahead=ahead(headers, now),
        )


def _chunks(response: httpx.Response) -> AsyncIterable[bytes]:
    """The body as it was sent; httpx's own ways of reading unpack it without a bound."""
    return cast("AsyncIterable[bytes]", response.stream)


def _encoding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", ""))


def _checked(url: str) -> str:
    """The address that is asked: absolute, without user name and password."""
    address = absolute(url)
    if address is None:
        raise RefusedError(_strange(url))
    return address


def _strange(url: str) -> str:
    """What is wrong with an address; a scheme that is known is the one part of it that is safe to tell."""
    scheme, colon, _ = url.strip().partition(":")
    if scheme.lower() in ("http", "https"):
        return "an address that can't be read"
    told = (scheme.lower() if scheme.lower() in _SCHEMES else "another scheme") if colon else "no scheme"
    return f"not an http or https address ({told})"


def _redirected(place: _Place, status: int, location: str) -> _Place | FetchFailed:
    if not location:
        return FetchFailed(kind="redirect", detail=f"{status} without a Location", status=status)
    target = absolute(location, _bare(place.url))
    if target is None:
        raise RefusedError(f"redirected to {_strange(location)}")
    unbroken = place.unbroken and status in _PERMANENT
    return replace(place, url=target, unbroken=unbroken, moved_to=target if unbroken else place.moved_to)


def _not_modified(
    request: httpx.Request, fresh: timedelta, moved_to: str | None
) -> NotModified | FetchFailed:
    if "if-none-match" in request.headers or "if-modified-since" in request.headers:
        return NotModified(fresh_for=fresh, moved_to=moved_to)
    return FetchFailed(kind="protocol", detail="304 Not Modified, although nothing was compared", status=304)


async def _refused_by_server(response: httpx.Response, wait: timedelta | None, asked: str) -> FetchFailed:
    status, start = response.status_code, b""
    if status in REFUSALS:
        start = await read_start(_chunks(response), _encoding(response), MOST_READ)
    if name := wall(status, dict(response.headers), start):
        return _blocked(name, status, wait)
    kind = "gone" if status == 410 else "throttled" if status == 429 or (status == 503 and wait) else "status"
    return FetchFailed(kind=kind, detail=_told(status), status=status, retry_after=wait, asked=asked)


def _blocked(name: str, status: int, wait: timedelta | None) -> FetchFailed:
    detail = (
        f"{name} stopped the visit ({_told(status)}): ask the publisher to let feed readers in;"
        " chipwatch does not evade it"
    )
    return FetchFailed(kind="blocked", detail=detail, status=status, retry_after=wait)


def _told(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _transport_failure(error: httpx.TransportError) -> FetchFailed:
    """Foreign errors in our words; the text of TLS and protocol errors is the library's."""
    match error:
        case httpx.TimeoutException():
            connecting = isinstance(error, httpx.ConnectTimeout)
            slow = "took too long to connect" if connecting else "sent nothing for too long"
            return FetchFailed(kind="timeout", detail=f"the server {slow}")
        case TlsError():
            return FetchFailed(kind="tls", detail=str(error)[:300])
        case httpx.ConnectError():
            return FetchFailed(kind="connect", detail="no connection to the server")
        case httpx.UnsupportedProtocol():
            return FetchFailed(kind="refused", detail="an address that can't be read")
        case httpx.ProtocolError():
            return FetchFailed(kind="protocol", detail=f"no valid HTTP answer: {error}"[:200])
        case _:
            return FetchFailed(kind="connect", detail="the connection was cut")


def _bare(url: str) -> str:
    """An address without user name and password, and without fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.hostname or "", parts.port


def _credentials(url: str) -> str:
    """User name and password of an address, as basic authentication sends them."""
    parts = urlsplit(url)
    if parts.username is None:
        return ""
    return b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode("ascii")


def _is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _kept(validator: str | None) -> str | None:
    """A validator worth sending back."""
    return validator if validator and len(validator) <= 500 and _is_header_value(validator) else None
