"""The transport against real listeners on loopback; what is fetched with it is in test_request.py."""

import ssl
import struct
from pathlib import Path

import httpx
import pytest
import trustme

from bot.fetch.curl import CurlTransport
from bot.fetch.guard import RefusedError
from bot.fetch.transfer import TlsError
from tests.fetch.asking import OK, ask, over, request, whole
from tests.raw_server import Connection, raw_server, says, says_once


def test_an_answer_comes_with_its_headers_as_they_were_sent() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nX-Empty:\r\nX-Latin: caf\xe9\r\nContent-Length: 2\r\n\r\n"
    with raw_server(says(head + b"ok")) as server:
        response, body = ask(request(f"http://127.0.0.1:{server.port}/"))
    assert (response.status_code, body) == (200, b"ok")
    assert response.headers.get_list("x-a") == ["1", "2"]
    assert (response.headers["x-empty"], response.headers["x-latin"]) == ("", "café")


def test_a_request_is_what_was_asked_and_nothing_else() -> None:
    with raw_server(says(OK)) as server:
        headers = {"User-Agent": "chipwatch/1", "Accept": "a/b", "X-Empty": ""}
        ask(request(f"http://127.0.0.1:{server.port}/a/../b%2E?c=%20d#e", headers))
    (head,) = server.requests
    assert head.split(b"\r\n") == [
        b"GET /b%2E?c=%20d HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}".encode(),
        b"User-Agent: chipwatch/1",
        b"Accept: a/b",
        b"X-Empty:",
    ]


@pytest.mark.parametrize(
    "headers", [{"If-None-Match": "a\r\nX-Evil: 1"}, {"X-A\r\nX-Evil": "1"}, {"X": "\0"}]
)
def test_a_header_that_would_end_its_line_is_not_sent(headers: dict[str, str]) -> None:
    with raw_server(says(OK)) as server, pytest.raises(httpx.LocalProtocolError):
        ask(request(f"http://127.0.0.1:{server.port}/", headers))
    assert server.requests == []


def test_nothing_is_decoded_followed_kept_or_taken_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server(says(OK)) as elsewhere, raw_server(says(answer(elsewhere.port))) as server:
        for name in ("http_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
        url = f"http://127.0.0.1:{server.port}/"

        async def twice(transport: CurlTransport) -> list[tuple[httpx.Response, bytes]]:
            return [await whole(transport, request(url)) for _ in range(2)]

        for response, body in over(twice):
            assert (response.status_code, body) == (302, b"\x1f\x8b\x08not gzip")
    assert elsewhere.connections == 0
    assert b"Cookie" not in server.requests[1]


def answer(port: int) -> bytes:
    """Everything that a client might act upon by itself."""
    other = f"http://127.0.0.1:{port}/"
    return (
        f'HTTP/1.1 302 Found\r\nLocation: {other}\r\nRefresh: 0; {other}\r\nAlt-Svc: h3=":{port}"\r\n'
        "Set-Cookie: a=b\r\nStrict-Transport-Security: max-age=9999\r\nContent-Encoding: gzip\r\n"
        "Content-Length: 11\r\n\r\n"
    ).encode() + b"\x1f\x8b\x08not gzip"


def test_only_get_is_sent() -> None:
    asked = request("http://127.0.0.1/")
    asked.method = "POST"
    with pytest.raises(httpx.UnsupportedProtocol):
        ask(asked)


# ── addresses ──


def test_a_name_leads_to_the_addresses_that_came_with_it() -> None:
    """Not where the machine's resolver, or libcurl's own notion of localhost, would lead."""
    with raw_server(says(OK), "127.0.0.2") as there, raw_server(says(OK), port=there.port) as here:
        for name in ("localhost", "feeds.example", "-a.example", "a_b.example", "a.example."):
            ask(request(f"http://{name}:{there.port}/", addresses=("127.0.0.2",)))
    assert (there.connections, here.connections) == (5, 0)
    assert b"Host: feeds.example:" in there.requests[1]


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with raw_server(says(OK)) as server:
        url = f"http://feeds.example:{server.port}/"
        assert ask(request(url, addresses=("127.0.0.3", "127.0.0.1")))[1] == b"ok"
        with pytest.raises(httpx.ConnectError):
            ask(request(url, addresses=("127.0.0.3", "127.0.0.4")))


def test_connections_are_used_again_for_the_same_name_only() -> None:
    with raw_server(says(OK)) as server:

        async def several(transport: CurlTransport) -> None:
            for name in ("a.example", "a.example", "b.example", "a.example", "127.0.0.1"):
                await whole(transport, request(f"http://{name}:{server.port}/"))

        over(several)
    assert (len(server.requests), server.connections) == (5, 3)


@pytest.mark.parametrize("host", ["a,b.example", "*", "a+b.example"])
def test_a_name_that_another_reader_might_read_otherwise_is_refused(host: str) -> None:
    with raw_server(says(OK)) as server, pytest.raises((RefusedError, httpx.InvalidURL)):
        ask(request(f"http://{host}:{server.port}/"))
    assert server.connections == 0


# ── TLS ──


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def secure(authority: trustme.CA, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("feeds.example", "127.0.0.1").configure_cert(context)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def test_tls_is_verified_for_the_name(authority: trustme.CA, trusted: Path) -> None:
    names: list[str | None] = []
    context = secure(authority)
    context.sni_callback = lambda _link, name, _context: names.append(name)
    with raw_server(says(OK), tls=context) as server:
        assert ask(request(f"https://feeds.example:{server.port}/"), trusted)[1] == b"ok"
        assert ask(request(f"https://127.0.0.1:{server.port}/"), trusted)[1] == b"ok"
        for url, ca_file in (("other.example", trusted), ("feeds.example", None)):
            with pytest.raises(TlsError, match="certificate is not valid"):
                ask(request(f"https://{url}:{server.port}/"), ca_file)
    assert names[:2] == ["feeds.example", None]
    assert len(server.requests) == 2


def test_a_handshake_that_fails_or_hangs_is_named() -> None:
    with raw_server(says_once(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as plain:
        plain_url = f"https://127.0.0.1:{plain.port}/"
        with pytest.raises(httpx.ConnectTimeout):
            ask(request(plain_url, connect=0.1))

    def nonsense(connection: Connection) -> None:
        connection.exactly(5)
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(nonsense) as server, pytest.raises(TlsError, match="handshake failed"):
        ask(request(f"https://127.0.0.1:{server.port}/"))


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """A frame of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def speaks_http2(connection: Connection) -> None:
    """One answer a stream: status 200, which is entry 8 of HPACK's static table, and a body."""
    assert connection.exactly(24).startswith(b"PRI * HTTP/2.0")
    connection.send(frame(4, 0, 0))
    while True:
        length, kind, flags, stream = struct.unpack(">IBBI", b"\0" + connection.exactly(9))
        connection.exactly(length)
        if kind == 4 and not flags & 1:
            connection.send(frame(4, 1, 0))
        if kind == 1:
            connection.send(frame(1, 4, stream, b"\x88") + frame(0, 1, stream, b"two"))


def test_http2_is_spoken_where_the_server_offers_it(authority: trustme.CA, trusted: Path) -> None:
    with raw_server(speaks_http2, tls=secure(authority, "h2", "http/1.1")) as server:
        url = f"https://feeds.example:{server.port}/"

        async def twice(transport: CurlTransport) -> list[bytes]:
            return [(await whole(transport, request(url)))[1] for _ in range(2)]

        assert over(twice, trusted) == [b"two", b"two"]
    assert server.connections == 1
