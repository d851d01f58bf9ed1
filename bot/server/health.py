"""The process's server. ``/healthz``: it answers. ``/readyz``: so does the database, steps end in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import ChipwatchError

Troubles: TypeAlias = Callable[[], Mapping[str, str]]
"""What keeps the process from being ready, by part; empty when it is."""

_START_WITHIN = 5.0
_CONNECTED_FOR = 15.0
"""Seconds; a slow body is waited for ten."""
MOST_CONNECTIONS = 64
"""Open at once. One more closes the oldest that has not said what it wants: who has something to say says it
at once. Where all of them wait for an answer, it is closed itself: else none would ever get one."""


def application(troubles: Troubles, further: Sequence[Route] = ()) -> Starlette:
    # Not in a thread like the others: where the database hangs, all threads may wait for it.
    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    def readyz(_request: Request) -> JSONResponse:
        found = dict(troubles())
        return JSONResponse(
            {"status": "unready" if found else "ready", "troubles": found}, 503 if found else 200
        )

    app = Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), *further])
    # A mail program that unsubscribes follows no redirect (RFC 8058, 3.1).
    app.router.redirect_slashes = False
    return app


def _is_waiting(connection: H11Protocol) -> bool:
    """Whether it has asked something, and all of it, that was not answered yet."""
    cycle = connection.cycle
    return cycle is not None and not cycle.more_body and not cycle.response_complete


def _bounded(seconds: float, most: int) -> type[H11Protocol]:
    """Connections that end after a time, whatever they do, and of which there are never more than so many:
    strangers may open one and say nothing.
    """
    opened: dict[H11Protocol, None] = {}
    """Oldest first; touched in the server's thread only."""

    class Bounded(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            # Not close(): that would wait until the client has read what was written.
            self._end = self.loop.call_later(seconds, transport.abort)
            opened[self] = None
            if len(opened) > most:
                oldest = next((each for each in opened if not _is_waiting(each)), self)
                del opened[oldest]
                oldest.transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            opened.pop(self, None)
            self._end.cancel()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            asked = self.cycle is not None
            if not asked:
                super().send_400_response(msg)
                return
            # Broken after its head was read, such as a chunk without a length. It has an answer, or one is
            # being made: a second one can't be sent, and the attempt would be an error in the log.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.transport.abort()

    return Bounded


class HealthServer:
    """The application behind one address, served from a thread of its own."""

    def __init__(
        self,
        host: str,
        port: int,
        troubles: Troubles,
        further: Sequence[Route] = (),
        *,
        connected_for: float = _CONNECTED_FOR,
    ) -> None:
        config = uvicorn.Config(
            application(troubles, further),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            # What strangers send is no warning.
            log_level="error",
            http=_bounded(connected_for, MOST_CONNECTIONS),
            ws="none",
            lifespan="off",
            timeout_keep_alive=2,
        )
        self._server = uvicorn.Server(config)
        self._address = f"{host}:{port}"
        self._thread = threading.Thread(target=self._serve, name="health", daemon=True)

    def _serve(self) -> None:
        try:
            self._server.run()
        except SystemExit:  # uvicorn's way to say that it could not bind
            return

    def start(self) -> int:
        """Begin to answer; returns the port. Raises ChipwatchError where the address can't be had."""
        self._thread.start()
        deadline = time.monotonic() + _START_WITHIN
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ChipwatchError(
                    f"can't listen on {self._address}; change [server] bind in chipwatch.toml"
                )
            time.sleep(0.01)
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(3)
