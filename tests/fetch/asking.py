"""A single request over libcurl, for tests of what is below httpx's interface."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx

from bot.fetch.curl import CurlTransport
from bot.fetch.guard import ADDRESSES

T = TypeVar("T")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request(
    url: str,
    headers: Mapping[str, str] | None = None,
    addresses: tuple[str, ...] = ("127.0.0.1",),
    connect: float = 2,
    read: float = 2,
) -> httpx.Request:
    extensions = {
        ADDRESSES: [ipaddress.ip_address(address) for address in addresses],
        "timeout": {"connect": connect, "read": read},
    }
    return httpx.Request("GET", url, headers=headers, extensions=extensions)


def over(visit: Callable[[CurlTransport], Awaitable[T]], ca_file: Path | None = None) -> T:
    """What the visit gives, in an event loop and with a transport of its own."""

    async def visiting() -> T:
        async with CurlTransport(ca_file=ca_file) as transport:
            return await visit(transport)

    return asyncio.run(visiting())


async def whole(transport: CurlTransport, asked: httpx.Request) -> tuple[httpx.Response, bytes]:
    response = await transport.handle_async_request(asked)
    try:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return response, b"".join([piece async for piece in response.stream])
    finally:
        await response.aclose()


def ask(asked: httpx.Request, ca_file: Path | None = None) -> tuple[httpx.Response, bytes]:
    return over(lambda transport: whole(transport, asked), ca_file)
