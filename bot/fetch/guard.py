"""The gate: every connection goes to an address that was resolved, checked and is then the one connected to.

A name is resolved once. All its addresses are checked, and one that is not public refuses the name, so that a
mixed answer gains nothing. The request then names the checked address itself: a second, different answer of
the DNS is never asked for.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import httpx

from bot.core.addresses import Address, Network, carried, is_public, literal

MOST_ADDRESSES = 3
"""Addresses of a host that are tried one after another."""


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
                raise RefusedError(f"{host} is at a private or reserved address; allow_networks can open it")

    def _is_open(self, address: Address) -> bool:
        inner = carried(address)
        return any(
            candidate in network
            for network in self.networks
            for candidate in (address, inner)
            if candidate.version == network.version
        )


async def resolve(host: str, port: int, within: float) -> list[Address]:
    """The addresses of a host, IPv4 and IPv6, without repeats. Raises UnknownNameError."""
    written = literal(host)
    if written is not None:
        return [written]
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(loop.getaddrinfo(host, port, type=socket.SOCK_STREAM), within)
    except TimeoutError as error:
        raise UnknownNameError(f"no answer for {host} from the DNS within {within:g} s") from error
    except (OSError, UnicodeError) as error:
        raise UnknownNameError(f"no address for {host}") from error
    addresses = (ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return list(dict.fromkeys(addresses))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Passes requests on with the checked address in place of the name; TLS still verifies the name."""

    def __init__(self, inner: httpx.AsyncBaseTransport, gate: Gate, resolve_within: float) -> None:
        self._inner = inner
        self._gate = gate
        self._resolve_within = resolve_within

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, scheme = request.url.host, request.url.scheme
        if scheme not in ("http", "https") or not host:
            raise RefusedError(
                f"only http and https are fetched, not {scheme or 'an address without scheme'}"
            )
        port = request.url.port or (443 if scheme == "https" else 80)
        addresses = await resolve(host, port, self._resolve_within)
        self._gate.check(host, addresses)
        return await self._first_reachable(request, host, addresses[:MOST_ADDRESSES])

    async def _first_reachable(
        self, request: httpx.Request, host: str, addresses: Sequence[Address]
    ) -> httpx.Response:
        *others, last = addresses
        for address in others:
            try:
                return await self._inner.handle_async_request(_aimed(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._inner.handle_async_request(_aimed(request, host, last))

    async def aclose(self) -> None:
        await self._inner.aclose()


def _aimed(request: httpx.Request, host: str, address: Address) -> httpx.Request:
    """The same request to an address; the Host header was set from the name and stays."""
    name = request.url.raw_host.decode("ascii")
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        extensions={**request.extensions, "sni_hostname": name or host},
    )
