"""The daemon's steps: each does what is due and says in a log line what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog

from bot.core.drift import Kind, news
from bot.model import DeliveryState
from bot.pipeline.advise import advise
from bot.pipeline.alert import alert
from bot.pipeline.deliver import send
from bot.pipeline.deps import Deps
from bot.pipeline.digest import compose_due
from bot.pipeline.drift import drifts
from bot.pipeline.poll import poll
from bot.pipeline.triage import triage
from bot.pipeline.upkeep import upkeep
from bot.runtime.steps import Fields, Heartbeat, Step

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


def steps_of(current: Callable[[], Deps], heartbeat: Heartbeat, every: Mapping[str, timedelta]) -> list[Step]:
    """``current``: asked once a run, so that a run keeps the configuration that it began with."""
    calls: Mapping[str, Callable[[Deps], Fields]] = {
        "poll": partial(_poll, heartbeat),
        "triage": _triage,
        "advise": _advise,
        "alert": _alert,
        "digest": _digest,
        "deliver": partial(_deliver, heartbeat),
        "upkeep": partial(_upkeep, set()),
    }
    return [
        Step(name=name, every=every[name], run=partial(_with_current, call, current))
        for name, call in calls.items()
    ]


def _with_current(call: Callable[[Deps], Fields], current: Callable[[], Deps]) -> Fields:
    return call(current())


def _poll(heartbeat: Heartbeat, deps: Deps) -> Fields:
    """One round. It may last for as long as feeds become due: so it beats itself."""
    log = structlog.get_logger()
    feeds = items = 0
    for report in poll(deps):
        heartbeat.beat("poll")
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
        heartbeat.beat("deliver")
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
