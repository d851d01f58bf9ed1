"""What a server may do to a transfer, against real listeners on loopback."""

import asyncio
import time

import httpx
import pycurl
import pytest

from bot.fetch.curl import CurlTransport
from bot.fetch.guard import RefusedError
from bot.fetch.transfer import LARGEST_HEAD, MOST_HELD, TlsError, Transfer
from tests.fetch.asking import OK, ask, over, request
from tests.http_server import wait_until
from tests.raw_server import Connection, Play, raw_server, says, says_and_waits, says_for_ever, says_once

ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"


def visited(multi: pycurl.AsyncCurlMulti, url: str, checked: set[str]) -> Transfer:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    transfer = Transfer(multi, handle, checked, silence=2)
    transfer.start(connect_within=2)
    return transfer


def test_an_address_that_was_not_checked_is_refused_wherever_it_comes_from() -> None:
    """Before a connection is made, and before one that is open already is used."""
    with raw_server(says(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/"

        async def visits() -> None:
            async with pycurl.AsyncCurlMulti() as multi:
                with pytest.raises(RefusedError):
                    await visited(multi, url, {"127.0.0.2"}).head()
                assert server.connections == 0
                first = visited(multi, url, {"127.0.0.1"})
                await first.head()
                assert [piece async for piece in first] == [b"ok"]
                with pytest.raises(RefusedError):
                    await visited(multi, url, {"127.0.0.2"}).head()

        asyncio.run(visits())
        with pytest.raises(RefusedError):
            ask(request(url, addresses=("127.0.0.2",)))
    assert (server.connections, len(server.requests)) == (1, 1)


def test_a_reader_that_stops_stops_the_server() -> None:
    """What is not read is not fetched; closing the response ends the connection."""
    with raw_server(says_for_ever(ENDLESS, b"x" * 65_536)) as server:

        async def a_little(transport: CurlTransport) -> int:
            response = await transport.handle_async_request(request(f"http://127.0.0.1:{server.port}/"))
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for _ in response.stream:
                break
            await asyncio.sleep(0.1)
            sent = server.sent
            await asyncio.sleep(0.1)
            assert server.sent == sent
            await response.aclose()
            wait_until(lambda: server.ended == 1)
            return sent

        assert over(a_little) < 16 * 1024 * 1024  # the buffers of two sockets on loopback


def test_a_slow_reader_gets_everything_and_is_no_silence_of_the_server() -> None:
    size = 8 * MOST_HELD
    body = bytes(range(256)) * (size // 256)
    with raw_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)) as server:

        async def slowly(transport: CurlTransport) -> bytes:
            asked = request(f"http://127.0.0.1:{server.port}/", read=0.1)
            response = await transport.handle_async_request(asked)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            got = b""
            async for piece in response.stream:
                if len(got) < 3 * MOST_HELD:
                    await asyncio.sleep(0.15)
                got += piece
            return got

        assert over(slowly) == body


def test_giving_up_ends_the_connection() -> None:
    with raw_server(says_and_waits(b"")) as server:

        async def impatient(transport: CurlTransport) -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await transport.handle_async_request(request(f"http://127.0.0.1:{server.port}/"))
            wait_until(lambda: server.ended == 1)

        over(impatient)


def test_a_closed_transport_ends_what_is_under_way() -> None:
    with raw_server(says_and_waits(b"")) as server:

        async def leave() -> None:
            transport = CurlTransport()
            task = asyncio.create_task(
                transport.handle_async_request(request(f"http://127.0.0.1:{server.port}/"))
            )
            await asyncio.sleep(0.05)
            await transport.aclose()
            with pytest.raises(httpx.ReadError):
                await task

        asyncio.run(leave())


LINE = b"X-Header: " + b"y" * 1000 + b"\r\n"


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (says_for_ever(b"HTTP/1.1 200 OK\r\n", LINE), httpx.RemoteProtocolError),
        (says_for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000), httpx.RemoteProtocolError),
        (says_for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"), httpx.RemoteProtocolError),
        (
            says_for_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", LINE),
            httpx.RemoteProtocolError,
        ),
        (says_once(b"<rss/>"), httpx.RemoteProtocolError),
        (says_once(b""), httpx.RemoteProtocolError),
        (says_once(b"HTTP/1.1 200 OK\r\nX: "), httpx.RemoteProtocolError),
        (says_once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), httpx.RemoteProtocolError),
        (says_once(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), httpx.RemoteProtocolError),
        (says_once(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"), httpx.RemoteProtocolError),
        (
            says_once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            httpx.RemoteProtocolError,
        ),
        (says_and_waits(b""), httpx.ReadTimeout),
        (says_and_waits(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"), httpx.ReadTimeout),
    ],
)
def test_what_is_no_answer_is_named(play: Play, error: type[Exception]) -> None:
    start = time.monotonic()
    with raw_server(play) as server, pytest.raises(error):
        ask(request(f"http://127.0.0.1:{server.port}/", read=0.2))
    assert time.monotonic() - start < 3
    assert server.sent < 64 * LARGEST_HEAD


def resets(connection: Connection) -> None:
    connection.request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort")
    time.sleep(0.05)
    connection.reset()


def test_a_connection_that_is_cut_is_named() -> None:
    with raw_server(resets) as server, pytest.raises(httpx.ReadError):
        ask(request(f"http://127.0.0.1:{server.port}/"))
    with pytest.raises(httpx.ConnectError) as refused:
        ask(request(f"http://127.0.0.1:{server.port}/"))
    assert not isinstance(refused.value, TlsError)


def test_interim_answers_folded_headers_and_trailers_are_seen_through() -> None:
    play = says_once(
        b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    with raw_server(play) as server:
        response, body = ask(request(f"http://127.0.0.1:{server.port}/"))
    assert (response.status_code, body, response.headers["x-long"]) == (200, b"ok", "one two")
    assert not {"x-interim", "x-trailer"} & set(response.headers)
