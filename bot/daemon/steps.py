"""The daemon's steps: each does what is due and says in a log line what it did."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.core.alarms import Observation
from bot.core.drift import gauges
from bot.core.latency import latency
from bot.core.urls import absolute
from bot.model import Alarm, DeliveryState, Feed
from bot.pipeline.advise import advise
from bot.pipeline.alert import alert
from bot.pipeline.deliver import send
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose_due
from bot.pipeline.drift import drifts
from bot.pipeline.poll import PollReport, poll
from bot.pipeline.triage import triage
from bot.pipeline.upkeep import upkeep
from bot.pipeline.watch import watch, watch_topics
from bot.runtime import memory
from bot.runtime.steps import Fields, Heartbeat, Step
from bot.server.meters import Meters

# A tick that finds nothing due costs a few milliseconds; these bound the delay that ticking adds.
EVERY: Mapping[str, timedelta] = {
    "poll": timedelta(seconds=5),
    "triage": timedelta(seconds=2),
    "advise": timedelta(seconds=5),
    "alert": timedelta(minutes=1),
    "digest": timedelta(seconds=10),
    "deliver": timedelta(seconds=2),
    "watch": timedelta(minutes=1),
    "upkeep": timedelta(hours=1),
}

_STRANGERS = (
    "a command brought them here from a newer configuration than the one in force; "
    "have it read with SIGHUP (systemctl reload, kill -HUP)"
)
_NO_NEWS = frozenset({"unchanged", "held"})
"""Results of polls that nobody need hear of."""


def steps_of(
    current: Callable[[], Deps],
    heartbeat: Heartbeat,
    every: Mapping[str, timedelta],
    meters: Meters,
) -> list[Step]:
    """``current``: asked once a run, so that a run keeps the configuration that it began with."""
    calls: Mapping[str, Callable[[Deps], Fields]] = {
        "poll": partial(_poll, heartbeat, meters, set()),
        "triage": partial(_triage, heartbeat, meters),
        "advise": partial(_advise, meters),
        "alert": partial(_alert, meters),
        "digest": partial(_digest, meters),
        "deliver": partial(_deliver, heartbeat, meters),
        "watch": _watch,
        "upkeep": partial(_upkeep, meters),
    }
    return [
        Step(name=name, every=every[name], run=partial(_run, name, call, current, meters))
        for name, call in calls.items()
    ]


def _run(name: str, call: Callable[[Deps], Fields], current: Callable[[], Deps], meters: Meters) -> Fields:
    with meters.step(name) as run:
        fields = call(current())
        run.worked = bool(fields)
        return fields


def _poll(heartbeat: Heartbeat, meters: Meters, strangers: set[str], deps: Deps) -> Fields:
    """One round. It may last for as long as feeds become due: so it beats itself.

    ``strangers``: feeds of another configuration that were told of, so that they are told of once.
    Most polls find nothing: they are told to those who ask for ``debug``, and a round of them not at all.
    """
    log = structlog.get_logger()
    feeds, items, told = 0, 0, set(strangers)
    for report in poll(deps, strangers=strangers):
        heartbeat.beat("poll")
        feeds += 1
        items += len(report.plan.new)
        _count(meters, report)
        for notice in report.plan.notices:
            log.warning("notice", feed=shown(report.feed), kind=notice.kind, text=notice.text)
        log.log(
            logging.DEBUG if report.plan.result in _NO_NEWS else logging.INFO,
            "polled",
            feed=shown(report.feed),
            result=report.plan.result,
            detail=report.plan.state.last_result,
            new=len(report.plan.new),
            revised=len(report.plan.revised),
            next=report.plan.state.next_poll_at.isoformat(timespec="seconds"),
        )
    if unknown := strangers - told:
        log.warning("feeds not polled", feeds=len(unknown), why=_STRANGERS)
    return {"feeds": feeds, "items": items} if items else {}


def _count(meters: Meters, report: PollReport) -> None:
    plan = report.plan
    meters.polled(plan.result, report.took)
    baseline = sum(item.baseline for item in plan.new)
    for change, items in (
        ("new", len(plan.new) - baseline),
        ("baseline", baseline),
        ("revised", len(plan.revised)),
    ):
        meters.brought(change, items)
    for item in plan.new:
        if (waited := latency(item)) is not None:
            meters.seen(waited)


def shown(feed: Feed) -> str:
    """A feed's address without the name and password that it may hold."""
    return absolute(feed.url) or feed.id


def _triage(heartbeat: Heartbeat, meters: Meters, deps: Deps) -> Fields:
    began = deps.clock.now()
    report = triage(deps, partial(heartbeat.beat, "triage"))
    if not report.items:
        return {}
    meters.judged(report.verdicts)
    meters.placed(opened=report.stories, joined=report.placed - report.stories)
    alerts = _alerted(meters, deps, since=began)
    return {"items": report.items, "matched": report.matched, "stories": report.stories, "alerts": alerts}


def _alerted(meters: Meters, deps: Deps, since: datetime | None = None) -> int:
    alerts = alert(deps, since)
    meters.composed("alert", alerts)
    return alerts


def _advise(meters: Meters, deps: Deps) -> Fields:
    report = advise(deps)
    if report.trouble:
        structlog.get_logger().warning("no advice", reason=report.trouble)
    if not report.asked and not report.advised:
        return {}
    alerts = _alerted(meters, deps) if report.gained else 0
    changed = {"gained": report.gained, "lost": report.lost, "alerts": alerts}
    return {"asked": report.asked, "advised": report.advised, **changed}


def _alert(meters: Meters, deps: Deps) -> Fields:
    """What was not alerted when it was judged: a crash came between, or quiet hours, or somebody edited."""
    alerts = _alerted(meters, deps)
    return {"alerts": alerts} if alerts else {}


def _digest(meters: Meters, deps: Deps) -> Fields:
    composed = compose_due(deps)
    meters.composed("digest", composed)
    return {"composed": composed} if composed else {}


def _deliver(heartbeat: Heartbeat, meters: Meters, deps: Deps) -> Fields:
    """One round. It may last for as long as messages become due: so it beats itself."""
    log = structlog.get_logger()
    states: Counter[str] = Counter()
    for each in send(deps):
        heartbeat.beat("deliver")
        states[each.state.value] += 1
        meters.settled(each.channel, each.state)
        if each.state is DeliveryState.SENT and each.sent_at:
            deps.guard(f"measuring {each.key}", partial(_measure, meters, deps, each.key, each.sent_at))
        if each.disables:
            log.error("channel disabled", channel=each.channel, reason=each.in_short or each.note)
        if each.state is not DeliveryState.SENT:
            log.warning(
                "not delivered",
                channel=each.channel,
                key=each.key,
                state=each.state.value,
                note=each.in_short or each.note,
                tries=each.attempt,
            )
    return states


def _measure(meters: Meters, deps: Deps, key: str, sent_at: datetime) -> None:
    """How long it took until what a delivery told for the first time was told."""
    with deps.store.read() as tx:
        if told := tx.census.first_told(key):
            for seen in told.seen:
                meters.sent(told.kind, max(sent_at - seen, timedelta(0)))


def _watch(deps: Deps) -> Fields:
    return _told(watch(deps))


def _upkeep(meters: Meters, deps: Deps) -> Fields:
    items, deliveries = upkeep(deps)
    memory.give_back()
    done = {"items": items, "deliveries": deliveries} if items or deliveries else {}
    drifting = drifts(deps)
    meters.drifting(tuple(gauges(drifting)))
    return {**done, **_told(watch_topics(deps, drifting))}


def _told(observations: Sequence[Observation]) -> Fields:
    """Say what was found in the log as well: it is there before any message is."""
    log = structlog.get_logger()
    for each in observations:
        say, event = (log.warning, "alarm") if isinstance(each, Alarm) else (log.info, "alarm is over")
        say(event, about=each.part.value, subject=each.subject, cause=each.cause, text=each.text)
    return {"observations": len(observations)} if observations else {}
