"""Addresses of the network: which are public, and which host names are addresses in disguise."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# Not covered by ``is_global`` on every supported Python, so named here: shared address space (RFC 6598),
# IETF protocol assignments, benchmarking (RFC 2544), and the 6to4 relay (RFC 7526).
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "100::/64",
        "2001:2::/48",
        "fec0::/10",
    )
)
# An IPv4 address inside an IPv6 one, in its last 32 bits: NAT64 (RFC 6052, RFC 8215), compatible (RFC 4291).
_EMBEDDING = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
# Names that never leave a site: RFC 6761, RFC 6762, RFC 8375, and what routers and clouds use.
_LOCAL_SUFFIXES = (
    "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain",
    "home.arpa",
)  # fmt: skip


def literal(host: str) -> Address | None:
    """The address that a host name spells, in any notation that browsers and C libraries take.

    ``127.1``, ``0x7f000001``, ``2130706433`` and ``0177.0.0.1`` are all 127.0.0.1; ``None`` for a real name.
    """
    bare = host.strip("[]").rstrip(".").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return _lenient_ipv4(bare)


def _lenient_ipv4(host: str) -> ipaddress.IPv4Address | None:
    """One to four numbers, decimal, octal or hexadecimal; the last fills what is left (``inet_aton``)."""
    parts = host.split(".")
    if len(parts) > 4 or not all(len(part) <= 32 and _NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (5 - len(parts)):
        return None
    value = last + sum(number << (24 - 8 * index) for index, number in enumerate(leading))
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:] or "0", 16)
    octal = len(part) > 1 and part[0] == "0" and set(part) <= set("01234567")
    return int(part, 8 if octal else 10)


def carried(address: Address) -> Address:
    """The IPv4 address inside a mapped, NAT64, 6to4 or compatible IPv6 address; otherwise the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _EMBEDDING) and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also when it is wrapped in IPv6."""
    inner = carried(address)
    if any(inner in network for network in _NEVER if network.version == inner.version):
        return False
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def is_public_name(host: str) -> bool:
    """Whether a host name can belong to the public internet, judged without asking the DNS."""
    address = literal(host)
    if address is not None:
        return is_public(address)
    name = host.rstrip(".").lower()
    if "." not in name:
        return False
    return not any(name == suffix or name.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)
