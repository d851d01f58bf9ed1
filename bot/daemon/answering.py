"""What the daemon answers over HTTP: whether it is ready, and unsubscribe links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from bot.app import Application
from bot.errors import StoreError
from bot.model import Destination
from bot.pipeline.deps import Deps
from bot.pipeline.unsubscribe import subscriber
from bot.pipeline.unsubscribe import unsubscribe as write_unsubscription
from bot.runtime.steps import Heartbeat
from bot.server import unsubscribe
from bot.server.health import HealthServer


@contextmanager
def answering(application: Application, heartbeat: Heartbeat) -> Iterator[None]:
    bind = application.configuration.settings.server.bind
    if not bind:
        yield
        return

    def troubles() -> Mapping[str, str]:
        try:
            application.store.ping()
        except StoreError as error:
            return {"database": str(error)}
        if unreachable := _unreachable(application):
            return {"channels": unreachable}
        return {trouble.step: trouble.text for trouble in heartbeat.troubles()}

    host, _, port = bind.rpartition(":")
    further = unsubscribe.routes(_Unsubscribing(application.deps))
    server = HealthServer(host.strip("[]"), int(port), troubles, further)
    server.start()
    try:
        yield
    finally:
        server.stop()


@dataclass(frozen=True)
class _Unsubscribing:
    """What unsubscribe links ask of the pipeline. The log names the address and never the token."""

    deps: Deps

    def known(self, token: str) -> str | None:
        found = subscriber(self.deps, token)
        return found.channel if found else None

    def unsubscribe(self, token: str) -> str | None:
        done = write_unsubscription(self.deps, token)
        if done is None:
            return None
        structlog.get_logger().info("unsubscribed", channel=done.channel, address=done.address)
        return done.channel


def _unreachable(application: Application) -> str:
    """Why nothing at all can be delivered, where that is so: then no other channel can say it."""
    names = application.deps.channels
    with application.store.read() as tx:
        states = tx.queue.destinations()
    disabled = [f"{name}: {states[name].disabled_why}" for name in names if _is_disabled(states.get(name))]
    return "; ".join(disabled) if disabled and len(disabled) == len(names) else ""


def _is_disabled(state: Destination | None) -> bool:
    return state is not None and state.disabled_at is not None
