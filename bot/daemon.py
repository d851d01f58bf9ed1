"""The daemon: the steps, their pace, and the life of the process around them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from bot import logs
from bot.app import Application, Configuration, opened
from bot.core.drift import Kind, news
from bot.errors import StoreError
from bot.model import DeliveryState, Destination
from bot.pipeline.advise import advise
from bot.pipeline.alert import alert
from bot.pipeline.deliver import send
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose_due
from bot.pipeline.drift import drifts
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.pipeline.unsubscribe import subscriber
from bot.pipeline.unsubscribe import unsubscribe as write_unsubscription
from bot.pipeline.upkeep import upkeep
from bot.ports import Clock
from bot.runtime import lifecycle, local
from bot.runtime.steps import Fields, Heartbeat, Step
from bot.server import unsubscribe
from bot.server.health import HealthServer

# A tick that finds nothing due costs a few milliseconds; these bound the delay that ticking adds.
EVERY: Mapping[str, timedelta] = {
    "poll": timedelta(seconds=5),
    "triage": timedelta(seconds=2),
    "advise": timedelta(seconds=5),
    "alert": timedelta(minutes=1),
    "digest": timedelta(seconds=10),
    "deliver": timedelta(seconds=2),
    "upkeep": timedelta(hours=1),
}
_OVERDUE = timedelta(minutes=10)
"""Beyond its pace, how long a step may take before the process counts as unready."""


def serve(
    configuration: Configuration,
    log_level: str = "",
    *,
    clock: Clock | None = None,
    every: Mapping[str, timedelta] = EVERY,
) -> None:
    """Run until SIGTERM or SIGINT. Raises ChipwatchError where the process can't begin.

    ``every``: pause between two runs of each step, by a clock of its own; ``clock`` is what the steps go by.
    """
    log_settings = configuration.settings.log
    logs.configure(log_level or log_settings.level, log_settings.format)
    stopping = threading.Event()
    stop_signal = lifecycle.StopSignal()
    with lifecycle.single_instance(configuration.data), opened(configuration, clock) as application:
        application.take_over()
        application.subscribe()
        deps = replace(application.deps, stopping=stopping.is_set, guard=local.guard)
        heartbeat = Heartbeat(
            started_at=deps.clock.now(), limits={name: pace + _OVERDUE for name, pace in every.items()}
        )
        steps = _steps(deps, heartbeat, every)
        with _answering(application, heartbeat):
            scheduler = local.start(steps, heartbeat, deps.clock.now)
            structlog.get_logger().info(
                "started", feeds=len(deps.feeds), topics=len(deps.topics), channels=len(deps.channels)
            )
            structlog.get_logger().info("stopping", signal=stop_signal.wait())
            stopping.set()
            drained = lifecycle.drain(scheduler)
        structlog.get_logger().info("stopped", drained=drained)
        if not drained:
            # What still runs holds leases, not locks: after a restart it comes again.
            os._exit(0)


@contextmanager
def _answering(application: Application, heartbeat: Heartbeat) -> Iterator[None]:
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
        return heartbeat.troubles(application.deps.clock.now())

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


def _steps(deps: Deps, heartbeat: Heartbeat, every: Mapping[str, timedelta]) -> list[Step]:
    calls: Mapping[str, Callable[[Deps], Fields]] = {
        "poll": partial(_poll, heartbeat),
        "triage": _triage,
        "advise": _advise,
        "alert": _alert,
        "digest": _digest,
        "deliver": partial(_deliver, heartbeat),
        "upkeep": partial(_upkeep, set()),
    }
    return [Step(name=name, every=every[name], run=partial(call, deps)) for name, call in calls.items()]


def _poll(heartbeat: Heartbeat, deps: Deps) -> Fields:
    """One round. It may last for as long as feeds become due: so it beats itself."""
    log = structlog.get_logger()
    feeds = items = 0
    for report in poll(deps):
        heartbeat.ended("poll", deps.clock.now())
        feeds += 1
        items += len(report.plan.new)
        for notice in report.plan.notices:
            log.warning("notice", feed=report.feed.url, kind=notice.kind, text=notice.text)
        log.info(
            "polled",
            feed=report.feed.url,
            result=report.plan.result,
            detail=report.plan.state.last_result,
            new=len(report.plan.new),
            revised=len(report.plan.revised),
            next=report.plan.state.next_poll_at.isoformat(timespec="seconds"),
        )
    return {"feeds": feeds, "items": items} if feeds else {}


def _triage(deps: Deps) -> Fields:
    report = triage(deps)
    if not report.items:
        return {}
    alerts = alert(deps)
    return {"items": report.items, "matched": report.matched, "stories": report.stories, "alerts": alerts}


def _advise(deps: Deps) -> Fields:
    report = advise(deps)
    if report.trouble:
        structlog.get_logger().warning("no advice", reason=report.trouble)
    if not report.asked and not report.advised:
        return {}
    alerts = alert(deps) if report.gained else 0
    changed = {"gained": report.gained, "lost": report.lost, "alerts": alerts}
    return {"asked": report.asked, "advised": report.advised, **changed}


def _alert(deps: Deps) -> Fields:
    """What could not be alerted when it was judged: a crash came between, or the budget was spent."""
    alerts = alert(deps)
    return {"alerts": alerts} if alerts else {}


def _digest(deps: Deps) -> Fields:
    composed = compose_due(deps)
    return {"composed": composed} if composed else {}


def _deliver(heartbeat: Heartbeat, deps: Deps) -> Fields:
    """One round. It may last for as long as messages become due: so it beats itself."""
    log = structlog.get_logger()
    states: Counter[str] = Counter()
    for each in send(deps):
        heartbeat.ended("deliver", deps.clock.now())
        states[each.state.value] += 1
        if each.disables:
            log.error("channel disabled", channel=each.channel, reason=each.note)
        if each.state is not DeliveryState.SENT:
            log.warning(
                "not delivered",
                channel=each.channel,
                key=each.key,
                state=each.state.value,
                note=each.note,
                tries=each.attempt,
            )
    return states


def _upkeep(drifting: set[tuple[str, Kind]], deps: Deps) -> Fields:
    """``drifting``: what was told of, so that it is told once until it is over."""
    items, deliveries = upkeep(deps)
    log = structlog.get_logger()
    begun, over = news(drifting, drifts(deps))
    for each in begun:
        log.warning("drift", topic=each.topic_id, kind=each.kind.value, text=each.text)
    for topic, kind in over:
        log.info("drift is over", topic=topic, kind=kind.value)
    drifting.difference_update(over)
    drifting.update((each.topic_id, each.kind) for each in begun)
    return {"items": items, "deliveries": deliveries} if items or deliveries else {}
