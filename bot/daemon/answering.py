"""What the daemon answers over HTTP: whether it is ready, metrics, and unsubscribe links."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from bot.daemon.current import Current
from bot.errors import StoreError
from bot.model import Destination
from bot.model.census import Census
from bot.pipeline.deps import Deps
from bot.pipeline.unsubscribe import subscriber
from bot.pipeline.unsubscribe import unsubscribe as write_unsubscription
from bot.runtime.steps import Heartbeat
from bot.server import metrics, unsubscribe
from bot.server.health import HealthServer
from bot.server.meters import Meters

_PATIENCE = 3.0
"""Seconds to wait for the database while others ask it the same; ``chipwatch health`` waits for four."""


class Answering:
    """The server, at the address that the configuration in force names."""

    def __init__(self, current: Current, heartbeat: Heartbeat, meters: Meters) -> None:
        self._current = current
        self._heartbeat = heartbeat
        self._meters = meters
        # However many ask: the connections to the database are there for the steps.
        self._asking = threading.Lock()
        self._server: HealthServer | None = None
        self._bind = ""

    @contextmanager
    def at(self, bind: str) -> Iterator[None]:
        """Answer at an address until the block ends. Raises ChipwatchError where it can't be had."""
        try:
            self._move(bind)
            yield
        finally:
            self._move("")

    @contextmanager
    def moving(self, bind: str) -> Iterator[None]:
        """Answer at another address from now on; at the one before where that, or the block, fails."""
        with ExitStack() as undo:
            undo.callback(self._move, self._bind)
            self._move(bind)
            yield
            undo.pop_all()

    def _move(self, bind: str) -> None:
        if bind == self._bind:
            return
        # First: the new address may be the same port of other interfaces.
        if self._server is not None:
            self._server.stop()
        self._server, self._bind = None, ""
        if bind:
            host, _, port = bind.rpartition(":")
            links = unsubscribe.routes(_Unsubscribing(self._current.deps))
            further = [*links, metrics.route(self._meters, self._census)]
            server = HealthServer(host.strip("[]"), int(port), self._troubles, further)
            server.start()
            self._server, self._bind = server, bind

    def _troubles(self) -> Mapping[str, str]:
        application = self._current.application
        if not self._asking.acquire(timeout=_PATIENCE):
            return {"database": "does not answer"}
        try:
            application.store.ping()
            unreachable = _unreachable(application.deps)
        except StoreError as error:
            return {"database": str(error)}
        finally:
            self._asking.release()
        if unreachable:
            return {"channels": unreachable}
        return {trouble.step: trouble.text for trouble in self._heartbeat.troubles()}

    def _census(self) -> Census:
        """Raises StoreError."""
        deps = self._current.deps()
        self._meters.expect(topics=deps.topics, channels=deps.channels, steps=self._heartbeat.limits)
        with deps.store.read() as tx:
            return tx.census.take(deps.clock.now())


@dataclass(frozen=True)
class _Unsubscribing:
    """What unsubscribe links ask of the pipeline. The log names the address and never the token."""

    current: Callable[[], Deps]

    def known(self, token: str) -> str | None:
        found = subscriber(self.current(), token)
        return found.channel if found else None

    def unsubscribe(self, token: str) -> str | None:
        done = write_unsubscription(self.current(), token)
        if done is None:
            return None
        structlog.get_logger().info("unsubscribed", part="server", channel=done.channel, address=done.address)
        return done.channel


def _unreachable(deps: Deps) -> str:
    """Why nothing at all can be delivered, where that is so: then no other channel can say it."""
    names = deps.channels
    with deps.store.read() as tx:
        states = tx.queue.destinations()
    disabled = [f"{name}: {states[name].disabled_why}" for name in names if _is_disabled(states.get(name))]
    return "; ".join(disabled) if disabled and len(disabled) == len(names) else ""


def _is_disabled(state: Destination | None) -> bool:
    return state is not None and state.disabled_at is not None
