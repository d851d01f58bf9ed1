import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.addresses import Address, carried, is_public, is_public_name, literal


@pytest.mark.parametrize(
    "spelling",
    ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "017700000001"],
)
def test_every_notation_of_an_address_is_seen_through(spelling: str) -> None:
    assert literal(spelling) == ipaddress.ip_address("127.0.0.1")


@pytest.mark.parametrize("name", ["example.org", "1.2.3.4.5", "256.1.1.1.", "0x7g", "a.1", ""])
def test_names_are_no_addresses(name: str) -> None:
    assert literal(name) is None


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.5.5", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.1", "240.0.0.1",
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1", "3fff::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808", "64:ff9b:1:808:8:800::", "2002:7f00:1::", "2002:a00:1::", "100::1",
        "::127.0.0.1", "::8.8.8.8",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_private_and_reserved_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34", "8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1",
        "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1",
    ],
)  # fmt: skip
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_the_one_it_carries(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert carried(mapped) == address
    assert is_public(mapped) == is_public(address)


@given(st.ip_addresses())
def test_python_finds_no_public_address_private(address: Address) -> None:
    """The registry in the standard library is younger on newer versions; none is more careful than ours."""
    assert address.is_global or not is_public(address) or carried(address).is_global


@given(st.ip_addresses(v=4))
def test_the_number_of_an_address_is_the_address(address: ipaddress.IPv4Address) -> None:
    assert literal(str(int(address))) == address
    assert literal(hex(int(address))) == address


@pytest.mark.parametrize(
    "host", ["localhost", "printer", "wiki.lan", "db.internal", "x.local", "127.1", "[::1]", ""]
)
def test_names_that_never_leave_a_site_are_not_public(host: str) -> None:
    assert not is_public_name(host)


def test_ordinary_names_are_public() -> None:
    assert is_public_name("news.example.com")
    assert is_public_name("8.8.8.8")
