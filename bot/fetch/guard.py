"""The gate: every connection goes to an address that was resolved, checked and is then the one connected to.

A name is resolved once a request. All its addresses are checked, and one that is not public refuses the name,
so that a mixed answer gains nothing. The checked addresses go with the request, and the transport connects to
nothing else: a second, different answer of the DNS is never asked for.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from bot.core.addresses import Address, Network, carried, is_public, literal

ADDRESSES = "addresses"
"""Request extension: the checked addresses of the host, in the order in which to try them."""
MOST_ADDRESSES = 16
"""Addresses of a host that are handed on."""

Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → addresses as text, IPv4 and IPv6. Raises OSError or UnicodeError where there are none."""


class RefusedError(Exception):
    """A request we don't make, with the reason in words; internal to ``fetch``."""


class UnknownNameError(Exception):
    """A host name that the DNS has no address for; internal to ``fetch``."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Which private hosts and networks are open after all, as the user configured."""

    hosts: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def opened(cls, allowed: Iterable[str]) -> Gate:
        """From host names, addresses and networks: ``wiki.lan``, ``10.1.2.3``, ``10.1.0.0/16``."""
        hosts, networks = set(), []
        for entry in allowed:
            try:
                networks.append(ipaddress.ip_network(entry.strip().strip("[]"), strict=False))
            except ValueError:
                hosts.add(entry.strip().rstrip(".").lower())
        return cls(frozenset(hosts), tuple(networks))

    def check(self, host: str, addresses: Sequence[Address]) -> None:
        """Raises RefusedError unless every address may be connected to."""
        if host.rstrip(".").lower() in self.hosts:
            return
        for address in addresses:
            if not (is_public(address) or self._is_open(address)):
                raise RefusedError(
                    f"{host} is at a private or reserved address; [http] allow_networks can open it"
                )

    def _is_open(self, address: Address) -> bool:
        inner = carried(address)
        return any(
            candidate in network
            for network in self.networks
            for candidate in (address, inner)
            if candidate.version == network.version
        )


async def resolve(host: str, port: int, within: float, resolver: Resolver) -> list[Address]:
    """The addresses of a host, without repeats, at least one. Raises UnknownNameError."""
    written = literal(host)
    if written is not None:
        return [written]
    try:
        found = await asyncio.wait_for(resolver(host, port), within)
    except TimeoutError as error:
        raise UnknownNameError(f"no answer for {host} from the DNS within {within:g} s") from error
    except (OSError, UnicodeError) as error:
        raise UnknownNameError(f"no address for {host}") from error
    addresses = dict.fromkeys(ipaddress.ip_address(each.partition("%")[0]) for each in found)
    if not addresses:
        raise UnknownNameError(f"no address for {host}")
    return list(addresses)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Passes requests on with the checked addresses of their host, and no others."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        gate: Gate,
        resolve_within: float,
        resolver: Resolver,
    ) -> None:
        self._inner = inner
        self._gate = gate
        self._resolve_within = resolve_within
        self._resolver = resolver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, scheme = request.url.host, request.url.scheme
        if scheme not in ("http", "https") or not host:
            raise RefusedError(
                f"only http and https are fetched, not {scheme or 'an address without scheme'}"
            )
        port = request.url.port or (443 if scheme == "https" else 80)
        addresses = await resolve(host, port, self._resolve_within, self._resolver)
        self._gate.check(host, addresses)
        request.extensions = {**request.extensions, ADDRESSES: addresses[:MOST_ADDRESSES]}
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
