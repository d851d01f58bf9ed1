"""Addresses of the network: which are public, and which host names are addresses in disguise."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# What is not the public internet, from the IANA registries of special-purpose addresses. Named here as
# ``is_global`` gives other answers on other versions of Python, and none on tunnels.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # shared by carriers (RFC 6598)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata services of clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation (RFC 3849)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out: not loopback, link-local, site-local, private or multicast addresses."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""An IPv4 address in the last 32 bits (RFC 6052); the one for local use (RFC 8215) may hold it elsewhere."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")
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
    """The IPv4 address in a mapped, NAT64, 6to4, Teredo or compatible IPv6 address; otherwise the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also when it is wrapped in IPv6."""
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return True
    if address in _NAT64 or address.ipv4_mapped is not None or address.sixtofour is not None:
        return is_public(carried(address))
    return address in _UNICAST


def is_public_name(host: str) -> bool:
    """Whether a host name can belong to the public internet, judged without asking the DNS."""
    address = literal(host)
    if address is not None:
        return is_public(address)
    name = host.rstrip(".").lower()
    if "." not in name:
        return False
    return not any(name == suffix or name.endswith("." + suffix) for suffix in _LOCAL_SUFFIXES)
