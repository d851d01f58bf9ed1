"""An origin of our own: slow where wished, sick where wished, and good enough where nginx is not installed.

    python slow.py FOLDER PORT [--latency SECONDS] [--no-validators] [--sick]

Serves FOLDER/<address asked>/feed.xml on all of 127.0.0.0/8. With ``--sick`` a tenth of the feeds hang, drip
a byte a second or reset. On SIGTERM it prints, as JSON, how many requests it answered and when (monotonic
clock) the last healthy feed had its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import socket
import struct
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

_ASKED = re.compile(rb"\r\n(accept-encoding|if-none-match|if-modified-since|connection): *([^\r]*)", re.I)
_ENDS = b"\r\n\r\n"
_BACKLOG = 1024
_RESET = struct.pack("ii", 1, 0)


def ailment(address: str) -> str:
    """What is wrong with a feed: empty for nine tenths of them."""
    _, second, third, last = map(int, address.split("."))
    number = ((second - 1) * 250 + third) * 250 + last - 1
    return ("hang", "drip", "reset")[number // 10 % 3] if number % 10 == 7 else ""


class Tally:
    answered = 0
    healthy_at = 0.0


class Serving(asyncio.Protocol):
    """One connection; requests one after another."""

    def __init__(self, options: argparse.Namespace, tally: Tally) -> None:
        self._options = options
        self._tally = tally
        self._received = b""
        self._dripping: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._address = transport.get_extra_info("sockname")[0]
        self._ailment = ailment(self._address) if self._options.sick else ""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while _ENDS in self._received:
            head, _, self._received = self._received.partition(_ENDS)
            asyncio.get_running_loop().call_later(self._options.latency, self._answer, head)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._dripping:
            self._dripping.cancel()

    def _answer(self, head: bytes) -> None:
        if self._transport.is_closing() or self._ailment == "hang":
            return
        if self._ailment == "reset":
            plain = self._transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
        elif self._ailment == "drip":
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n")
            self._drip()
        else:
            self._serve({name.lower(): value for name, value in _ASKED.findall(head)})

    def _drip(self) -> None:
        self._transport.write(b" ")
        self._dripping = asyncio.get_running_loop().call_later(1, self._drip)

    def _serve(self, asked: dict[bytes, bytes]) -> None:
        packed = b"gzip" in asked.get(b"accept-encoding", b"")
        path = Path(self._options.folder, self._address, "feed.xml.gz" if packed else "feed.xml")
        status, headers, body = b"200 OK", b"Content-Type: text/xml\r\n", b""
        try:
            about = path.stat()
        except FileNotFoundError:
            status, headers = b"404 Not Found", b""
        else:
            etag = b'"%x-%x"' % (int(about.st_mtime), about.st_size)
            date = formatdate(int(about.st_mtime), usegmt=True).encode()
            if self._options.validators:
                headers += b"ETag: %s\r\nLast-Modified: %s\r\n" % (etag, date)
            if self._options.validators and self._knows(asked, etag, date):
                status = b"304 Not Modified"
            else:
                body = path.read_bytes()
                headers += b"Content-Encoding: gzip\r\n" if packed else b""
        closing = asked.get(b"connection", b"").lower() == b"close"
        headers += b"Connection: close\r\n" if closing else b""
        length = b"" if status.startswith(b"304") else b"Content-Length: %d\r\n" % len(body)
        self._transport.write(b"HTTP/1.1 %s\r\n%s%s\r\n%s" % (status, headers, length, body))
        if closing:
            self._transport.close()
        self._tally.answered += 1
        self._tally.healthy_at = time.monotonic()

    @staticmethod
    def _knows(asked: dict[bytes, bytes], etag: bytes, date: bytes) -> bool:
        if b"if-none-match" in asked:
            return etag in asked[b"if-none-match"]
        return asked.get(b"if-modified-since") == date


async def serve(options: argparse.Namespace) -> None:
    tally, ending = Tally(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    server = await loop.create_server(
        lambda: Serving(options, tally), "0.0.0.0", options.port, backlog=_BACKLOG
    )
    await ending.wait()
    server.close()
    print(json.dumps({"answered": tally.answered, "healthy_at": tally.healthy_at}))
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("port", type=int)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--no-validators", dest="validators", action="store_false")
    parser.add_argument("--sick", action="store_true")
    asyncio.run(serve(parser.parse_args()))
