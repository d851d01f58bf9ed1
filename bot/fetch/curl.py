"""libcurl beneath httpx's interface: the connections, TLS and HTTP of every fetch.

It connects only to the addresses that a request carries, checked by :mod:`bot.fetch.guard`, and never asks
the DNS itself. Nothing else of libcurl's wealth is on: no redirects, cookies, proxies, credentials of the
machine, alternative services, decoding, nor any protocol but HTTP.
"""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import certifi
import httpx
import pycurl

from bot.core.addresses import Address, literal
from bot.fetch.guard import ADDRESSES, RefusedError
from bot.fetch.transfer import Transfer

_HOST = re.compile(r"[A-Za-z0-9._-]+")
_HEADER_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_SENT_BY_LIBCURL = frozenset({b"host", b"connection", b"transfer-encoding", b"content-length"})
_OPTIONS = (
    (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
    (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
    (pycurl.HTTP09_ALLOWED, 0),
    (pycurl.FOLLOWLOCATION, 0),
    (pycurl.PATH_AS_IS, 1),
    (pycurl.HTTP_CONTENT_DECODING, 0),  # body.py does it, within a bound
    (pycurl.SSL_VERIFYPEER, 1),
    (pycurl.SSL_VERIFYHOST, 2),
    (pycurl.PROXY, ""),  # not even one that the environment names
    (pycurl.NETRC, pycurl.NETRC_IGNORED),
    (pycurl.DNS_CACHE_TIMEOUT, -1),  # a pinned address never grows old, so that no lookup takes its place
    (pycurl.NOSIGNAL, 1),  # the event loop may run in any thread
)


class CurlTransport(httpx.AsyncBaseTransport):
    """For GET requests, which bring the addresses of their host in ``extensions[ADDRESSES]``.

    It belongs to one event loop, which has to be one over a selector (Windows has another by default).

    Connections are kept and used again for the same scheme, host and port: libcurl knows them by name, so one
    that is used again was opened to an address that was checked for this name.
    """

    def __init__(self, *, ca_file: Path | None = None, keep: int = 50) -> None:
        """``ca_file``: certificates trusted besides certifi's. ``keep``: idle connections that stay open."""
        self._multi = pycurl.AsyncCurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, keep)
        self._authorities = _Authorities(ca_file)
        self._checked: defaultdict[str, set[str]] = defaultdict(set)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer as soon as its head is there; its stream gives the body as it was sent.

        Raises RefusedError where a connection would go anywhere else than to the request's addresses.
        """
        addresses: Sequence[Address] = request.extensions[ADDRESSES]
        timeout = request.extensions["timeout"]
        checked = self._checked[request.url.host]
        checked.update(map(str, addresses))
        transfer = Transfer(self._multi, self._handle(request, addresses), checked, timeout["read"])
        transfer.start(timeout["connect"])
        try:
            head = await transfer.head()
        finally:
            if not transfer.head_is_complete:
                transfer.close()
        return httpx.Response(head.status, headers=head.headers, stream=transfer)

    def _handle(self, request: httpx.Request, addresses: Sequence[Address]) -> Any:
        """A transfer as libcurl knows it, with everything of the request but the callbacks."""
        if request.method != "GET":
            raise httpx.UnsupportedProtocol("only GET is sent")
        url = request.url
        written = literal(url.host)
        host = _name(url) if written is None else _bracketed(written)
        port = url.port or (443 if url.scheme == "https" else 80)
        handle = pycurl.Curl()
        for option, value in _OPTIONS:
            handle.setopt(option, value)
        handle.setopt(pycurl.URL, f"{url.scheme}://{host}:{port}".encode() + url.raw_path)
        handle.setopt(pycurl.HTTPHEADER, _header_lines(request.headers))
        if written is None:
            # The plus sign keeps a name that begins with a hyphen from meaning "forget this entry".
            handle.setopt(pycurl.RESOLVE, [f"+{host}:{port}:{','.join(map(_bracketed, addresses))}"])
        if url.scheme == "https":
            handle.setopt(pycurl.CAINFO, self._authorities.path)
        return handle

    async def aclose(self) -> None:
        await self._multi.aclose()
        self._authorities.close()


class _Authorities:
    """The file of trusted certificates: libcurl reads one, and once a transport if it is a file."""

    def __init__(self, more: Path | None) -> None:
        self.path = certifi.where()
        self._file = None
        if more is not None:
            joined = Path(self.path).read_bytes() + b"\n" + more.read_bytes()
            self._file = tempfile.NamedTemporaryFile(prefix="chipwatch-", suffix=".pem")  # noqa: SIM115 - close()
            self._file.write(joined)
            self._file.flush()
            self.path = self._file.name

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _name(url: httpx.URL) -> str:
    """The host's name. Raises RefusedError where another reader of addresses might see another one in it."""
    name = url.raw_host.decode("ascii")
    if not _HOST.fullmatch(name):
        raise RefusedError("a host name with characters that no name has")
    return name


def _bracketed(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _header_lines(headers: httpx.Headers) -> list[bytes]:
    """Headers in libcurl's form. Raises LocalProtocolError for one that would end its line."""
    lines = []
    for name, value in headers.raw:
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise httpx.LocalProtocolError("a header that can't be sent")
        if name.lower() not in _SENT_BY_LIBCURL:
            lines.append(name + b": " + value if value.strip() else name + b";")  # bare "name:" would drop it
    return lines
