"""A small HTTP server on many loopback addresses: a site for each page, so that politeness is no brake."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_HEAD = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Page:
    """What an address answers, byte for byte."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Origin:
    """Pages by number; the number is part of the address, and each has a loopback address of its own."""

    pages: list[Page]
    """May be changed while it serves."""
    asked: list[int] = field(default_factory=list)
    """Numbers of the pages that were asked for, in order."""
    addresses: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            number = int(head.split(b" ", 2)[1].strip(b"/"))
            self.asked.append(number)
            page = self.pages[number]
            headers = {"Content-Length": str(len(page.body)), "Connection": "close"} | dict(page.headers)
            lines = [f"HTTP/1.1 {page.status} As told", *(f"{name}: {headers[name]}" for name in headers)]
            writer.write("\r\n".join((*lines, "", "")).encode() + page.body)
            await writer.drain()
        writer.close()


def _loopback(number: int) -> str:
    """127.1.0.1 and on: none is the address that everybody else's servers take."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


@contextmanager
def serving_pages(pages: Sequence[Page]) -> Iterator[Origin]:
    """A running origin; stopped when the block ends."""
    origin = Origin(list(pages))
    loop = asyncio.new_event_loop()
    hosts = [_loopback(number) for number in range(len(pages))]
    server = loop.run_until_complete(asyncio.start_server(origin.answer, hosts, 0, limit=_HEAD, backlog=16))
    ports = dict(socket.getsockname()[:2] for socket in server.sockets)
    origin.addresses = [f"http://{host}:{ports[host]}/{number}" for number, host in enumerate(hosts)]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
