import asyncio
import ipaddress
from typing import Any

import httpx
import pytest

from bot.fetch.guard import Gate, GuardedTransport, RefusedError, UnknownNameError, resolve

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PUBLIC = ipaddress.ip_address("93.184.216.34")


class Listener(httpx.AsyncBaseTransport):
    """Answers everything and remembers what it was asked; connections to the addresses named fail."""

    def __init__(self, *unreachable: str) -> None:
        self.asked: list[httpx.Request] = []
        self._unreachable = unreachable

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host in self._unreachable:
            raise httpx.ConnectError("unreachable")
        return httpx.Response(200)


def ask(url: str, gate: Gate, listener: Listener) -> httpx.Response:
    async def once() -> httpx.Response:
        async with GuardedTransport(listener, gate, 5) as transport:
            return await transport.handle_async_request(httpx.Request("GET", url))

    return asyncio.run(once())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
        "http://localhost/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/",
        "http://100.64.0.1/", "http://224.0.0.1/", "http://0.0.0.0/", "http://[fe80::1]/", "http://[fc00::1]/",
        "file:///etc/passwd", "gopher://example.org/", "ftp://example.org/",
    ],
)  # fmt: skip
def test_private_addresses_are_never_connected_to(url: str) -> None:
    listener = Listener()
    with pytest.raises(RefusedError):
        ask(url, Gate.opened(()), listener)
    assert listener.asked == []


def test_the_checked_address_is_the_one_connected_to_and_names_stay() -> None:
    listener = Listener()
    ask("https://localhost:8443/feed?a=1", Gate.opened(["localhost"]), listener)
    (request,) = listener.asked
    assert ipaddress.ip_address(request.url.host).is_loopback
    assert request.url.port == 8443
    assert request.url.raw_path == b"/feed?a=1"
    assert request.headers["host"] == "localhost:8443"
    assert request.extensions["sni_hostname"] == "localhost"


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    listener = Listener("127.0.0.1", "::1")
    with pytest.raises(httpx.ConnectError):
        ask("http://localhost/", Gate.opened(["127.0.0.0/8", "::1"]), listener)
    assert len(listener.asked) == len(set(asyncio.run(resolve("localhost", 80, 5))))


def test_one_private_address_refuses_a_mixed_answer() -> None:
    with pytest.raises(RefusedError, match="allow_networks"):
        Gate.opened(()).check("example.org", [PUBLIC, LOOPBACK])
    Gate.opened(()).check("example.org", [PUBLIC])


@pytest.mark.parametrize(
    "allowed", ["wiki.lan", "WIKI.lan.", "127.0.0.1", "127.0.0.0/8", "127.0.0.5/8", " 127.0.0.1 "]
)
def test_hosts_and_networks_can_be_opened(allowed: str) -> None:
    Gate.opened([allowed]).check("wiki.lan", [LOOPBACK])


@pytest.mark.parametrize("allowed", ["other.lan", "10.0.0.0/8", "::1"])
def test_opening_one_opens_no_other(allowed: str) -> None:
    with pytest.raises(RefusedError):
        Gate.opened([allowed]).check("wiki.lan", [LOOPBACK])


def test_an_opened_network_counts_inside_a_mapped_address() -> None:
    mapped = ipaddress.ip_address("::ffff:127.0.0.1")
    Gate.opened(["127.0.0.0/8"]).check("wiki.lan", [mapped])


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a" * 300 + ".example", "bad_\udcff.example"])
def test_a_name_without_address_is_unknown(name: str) -> None:
    with pytest.raises(UnknownNameError):
        asyncio.run(resolve(name, 80, 5))


class HangingLoop(asyncio.SelectorEventLoop):
    """An event loop whose resolver never answers."""

    async def getaddrinfo(self, *arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(60)


def test_a_resolver_that_hangs_is_given_up() -> None:
    with asyncio.Runner(loop_factory=HangingLoop) as runner, pytest.raises(UnknownNameError, match="within"):
        runner.run(resolve("example.org", 80, 0.01))
