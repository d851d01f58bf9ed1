import asyncio
import ipaddress
from collections.abc import Sequence

import httpx
import pytest

from bot.fetch.guard import (
    ADDRESSES,
    MOST_ADDRESSES,
    Gate,
    GuardedTransport,
    RefusedError,
    Resolver,
    UnknownNameError,
    resolve,
)
from bot.fetch.lookups import Lookups

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PUBLIC = ipaddress.ip_address("93.184.216.34")


class Listener(httpx.AsyncBaseTransport):
    """Answers everything and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200)


def answering(*addresses: str) -> Resolver:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolver


def ask(url: str, gate: Gate, listener: Listener, resolver: Resolver | None = None) -> httpx.Response:
    async def once() -> httpx.Response:
        async with GuardedTransport(listener, gate, 5, resolver or Lookups(1)) as transport:
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
    assert request.url == "https://localhost:8443/feed?a=1"
    assert request.extensions[ADDRESSES]
    assert all(address.is_loopback for address in request.extensions[ADDRESSES])


def test_all_checked_addresses_are_handed_on_once_each_and_not_without_end() -> None:
    listener = Listener()
    ask("http://example.org/", Gate.opened(()), listener, answering("8.8.8.8", "2606:4700::1111", "8.8.8.8"))
    many = [f"8.8.8.{number}" for number in range(100)]
    ask("http://example.org/", Gate.opened(()), listener, answering(*many))
    first, second = (request.extensions[ADDRESSES] for request in listener.asked)
    assert list(map(str, first)) == ["8.8.8.8", "2606:4700::1111"]
    assert list(map(str, second)) == many[:MOST_ADDRESSES]


def test_a_private_address_far_down_the_answer_refuses_it() -> None:
    listener = Listener()
    many = [*(f"8.8.8.{number}" for number in range(100)), "10.0.0.1"]
    with pytest.raises(RefusedError):
        ask("http://example.org/", Gate.opened(()), listener, answering(*many))
    assert listener.asked == []


def test_a_link_local_answer_with_a_zone_is_refused() -> None:
    with pytest.raises(RefusedError):
        ask("http://example.org/", Gate.opened(()), Listener(), answering("fe80::1%eth0"))


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
        asyncio.run(resolve(name, 80, 5, Lookups(1)))


def test_an_answer_without_addresses_is_none() -> None:
    with pytest.raises(UnknownNameError):
        asyncio.run(resolve("example.org", 80, 5, answering()))


def test_a_resolver_that_hangs_is_given_up() -> None:
    async def hanging(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(UnknownNameError, match="within"):
        asyncio.run(resolve("example.org", 80, 0.01, hanging))
