"""One request under way in libcurl: its head, its body as far as it is wanted, and why it ended."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections import deque
from collections.abc import AsyncIterator, Collection
from typing import Any

import httpx
import pycurl

from bot.fetch.guard import RefusedError

LARGEST_HEAD = 64 * 1024
"""Bytes of all header lines of an answer, those of interim answers and trailers included."""
MOST_HELD = 256 * 1024
"""Bytes of a body that wait for whoever reads it; beyond that the server has to wait too."""

_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})")
_LIBRARY_WORDS = re.compile(
    r"^(?:SSL certificate problem: |SSL: |TLS connect error: (?:error:[0-9A-F]+:[^:]*:[^:]*:)?)"
)
_END = -1
"""What a callback returns to end its transfer."""
_TOO_LARGE, _HTTP2_STREAM = 100, 92  # results that pycurl has no names for


class TlsError(httpx.ConnectError):
    """The handshake failed or the certificate is not to be trusted; the message says why."""


_ERRORS: dict[int, type[httpx.TransportError]] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: httpx.RemoteProtocolError,  # an answer without a status line
    pycurl.E_URL_MALFORMAT: httpx.UnsupportedProtocol,
    pycurl.E_COULDNT_RESOLVE_HOST: httpx.ConnectError,
    pycurl.E_COULDNT_CONNECT: httpx.ConnectError,
    pycurl.E_OPERATION_TIMEDOUT: httpx.ConnectTimeout,  # no other time limit is given to libcurl
    pycurl.E_FTP_WEIRD_SERVER_REPLY: httpx.RemoteProtocolError,  # an old name: it means HTTP as well
    pycurl.E_PARTIAL_FILE: httpx.RemoteProtocolError,
    pycurl.E_GOT_NOTHING: httpx.RemoteProtocolError,
    pycurl.E_HTTP2: httpx.RemoteProtocolError,
    _HTTP2_STREAM: httpx.RemoteProtocolError,
    pycurl.E_BAD_CONTENT_ENCODING: httpx.RemoteProtocolError,  # of the transfer, as content is left alone
    _TOO_LARGE: httpx.RemoteProtocolError,
    pycurl.E_SEND_ERROR: httpx.WriteError,
    pycurl.E_RECV_ERROR: httpx.ReadError,
    pycurl.E_PEER_FAILED_VERIFICATION: TlsError,
    pycurl.E_SSL_CONNECT_ERROR: TlsError,
    pycurl.E_SSL_CERTPROBLEM: TlsError,
    pycurl.E_SSL_CIPHER: TlsError,
    pycurl.E_SSL_ISSUER_ERROR: TlsError,
    pycurl.E_SSL_INVALIDCERTSTATUS: TlsError,
}
"""libcurl's results in httpx's words; any other means that the connection was cut."""


class _Head:
    """Status and headers of an answer, from lines as libcurl hands them over."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = False
        self.size = 0

    def take(self, line: bytes) -> None:
        """The next line. Interim answers (1xx) are forgotten, trailers are not looked at."""
        self.size += len(line)
        if self.complete:
            return
        text = line.rstrip(b"\r\n")
        if started := _STATUS_LINE.match(text):
            self.status, self.headers = int(started[1]), []
        elif not text:
            self.complete = self.status >= 200
        elif text[:1] in b" \t" and self.headers:  # a header that goes on in the next line
            name, value = self.headers[-1]
            self.headers[-1] = name, value + b" " + text.strip()
        else:
            name, _, value = text.partition(b":")
            self.headers.append((name.rstrip(), value.strip()))


class Transfer(httpx.AsyncByteStream):
    """One request under way: what libcurl's callbacks bring, and the one who waits for it."""

    def __init__(self, multi: Any, handle: Any, checked: Collection[str], silence: float) -> None:
        self._multi = multi
        self._handle = handle
        self._checked = checked
        self._silence = silence
        self._loop = asyncio.get_running_loop()
        self._head = _Head()
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._paused = False
        self._error: Exception | None = None
        self._ended = False
        self._news: asyncio.Future[None] | None = None
        self._heard = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self._end: asyncio.Future[Any] | None = None

    def start(self, connect_within: float) -> None:
        """Hand it to libcurl, which works on it whenever the event loop runs."""
        handle = self._handle
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, round(connect_within * 1000)))
        handle.setopt(pycurl.OPENSOCKETFUNCTION, self._open_socket)
        handle.setopt(pycurl.PREREQFUNCTION, self._connected)
        handle.setopt(pycurl.HEADERFUNCTION, self._take_header)
        handle.setopt(pycurl.WRITEFUNCTION, self._take_body)
        self._end = self._multi.add_handle(handle)
        self._end.add_done_callback(self._finish)

    # ── for whoever sent the request ──

    @property
    def head_is_complete(self) -> bool:
        return self._head.complete

    async def head(self) -> _Head:
        """Waits for the head of the answer. Raises what ended the transfer before that."""
        while not self._head.complete:
            if self._ended:
                raise self._error or httpx.RemoteProtocolError("an answer without a head")
            await self._wait()
        return self._head

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            await self._wait()
        piece = b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._paused:
            self._resume()
        return piece

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """End the transfer wherever it stands; harmless when it has ended."""
        if self._end is not None and not self._end.done():
            self._multi.remove_handle(self._handle)
        self._stop_watching()
        self._pieces.clear()
        self._handle.close()

    async def _wait(self) -> None:
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    def _resume(self) -> None:
        self._paused = False
        self._heard = self._loop.time()  # the time that the reader took is not the server's silence
        try:
            self._handle.pause(pycurl.PAUSE_CONT)
        except pycurl.error as error:
            raise _translated(error) from error

    # ── called by libcurl, and by the event loop ──

    def _open_socket(self, _purpose: int, target: Any) -> Any:
        """The gate's last word: the very address that is about to be connected to."""
        if not self._is_checked(target.addr[0]):
            return pycurl.SOCKET_BAD
        opened = socket.socket(target.family, target.socktype, target.protocol)
        self._loop.call_soon(opened.close)  # libcurl works with a duplicate
        return opened

    def _connected(self, remote: str, _local: str, _remote_port: int, _local_port: int) -> int:
        """Before the request is sent, also on a connection that is used again."""
        if not self._is_checked(remote):
            return int(pycurl.PREREQFUNC_ABORT)
        self._heard = self._loop.time()
        self._watch = self._loop.call_later(self._silence, self._look_for_silence)
        return int(pycurl.PREREQFUNC_OK)

    def _is_checked(self, address: str) -> bool:
        if address in self._checked or str(ipaddress.ip_address(address.partition("%")[0])) in self._checked:
            return True
        self._error = RefusedError("the connection would go to an address that was not checked")
        return False

    def _take_header(self, line: bytes) -> int | None:
        self._heard = self._loop.time()
        self._head.take(line)
        if self._head.size > LARGEST_HEAD:
            self._error = httpx.RemoteProtocolError(f"more than {LARGEST_HEAD // 1024} kB of headers")
            return _END
        if self._head.complete:
            self._wake()
        return None

    def _take_body(self, piece: bytes) -> int | None:
        self._heard = self._loop.time()
        if self._held >= MOST_HELD:
            self._paused = True
            return int(pycurl.WRITEFUNC_PAUSE)  # libcurl keeps the piece and brings it again
        self._pieces.append(piece)
        self._held += len(piece)
        self._wake()
        return None

    def _look_for_silence(self) -> None:
        left = self._silence if self._paused else self._heard + self._silence - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look_for_silence)
            return
        self._error = httpx.ReadTimeout("silence between two pieces")
        self._multi.remove_handle(self._handle)

    def _finish(self, end: asyncio.Future[Any]) -> None:
        self._ended = True
        self._stop_watching()
        if end.cancelled():
            self._error = self._error or httpx.ReadError("the transfer was ended")
        elif isinstance(error := end.exception(), pycurl.error):
            self._error = self._error or _translated(error)
        self._wake()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


def _translated(error: pycurl.error) -> httpx.TransportError:
    code, message = error.args
    kind = _ERRORS.get(code, httpx.ReadError)
    if code == pycurl.E_RECV_ERROR and message.startswith("chunk"):
        kind = httpx.RemoteProtocolError  # libcurl has no result of its own for a chunk that is none
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return kind(f"the certificate is not valid: {_LIBRARY_WORDS.sub('', message)}")
    if kind is TlsError:
        return kind(f"the TLS handshake failed: {_LIBRARY_WORDS.sub('', message)}")
    return kind(message or pycurl.easy_strerror(code))
