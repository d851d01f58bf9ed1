"""What the daemon counts while it runs, to be read by Prometheus.

Names follow its conventions: base units, ``_total`` for what only grows. Labels are names of the
configuration and of this code, never of what was read: how many there are is known beforehand.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot import __version__
from bot.core.drift import Gauge as DriftGauge
from bot.model import DeliveryState

RESULTS = ("new", "unchanged", "held", "failed", "blocked", "not-a-feed", "unreadable", "gone")
"""How a poll ends: ``PollPlan.result``."""
CHANGES = ("new", "baseline", "revised")
DECISIONS = ("matched", "not-matched")
KINDS = ("alert", "digest")
ENDS = tuple(
    state.value for state in DeliveryState if state not in (DeliveryState.PENDING, DeliveryState.SENDING)
)
"""States that a delivery ends in."""
OUTCOMES = ("worked", "idle", "failed")

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_FETCH = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, _MINUTE)
_STEP = (0.01, 0.1, 0.5, 1, 5, 10, 30, _MINUTE, 5 * _MINUTE, 10 * _MINUTE)
_SEEN = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 4, 8)),
    *(days * _DAY for days in (1, 2, 4, 7)),
)
_SENT = (
    *(1, 5, 10, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 30)),
    *(hours * _HOUR for hours in (1, 4, 12)),
    *(days * _DAY for days in (1, 2, 7)),
)
DRIFT = {
    "drift_alarms": "How many ways a topic drifts in",
    "drift_stability_index": "Population stability index of a topic's scores against its reference",
    **{
        f"drift_{when}_{what}": f"{words} {days}"
        for when, days in (("recent", "of the last days"), ("reference", "of the reference weeks"))
        for what, words in (
            ("items", "Items with a verdict of a topic"),
            ("near_ratio", "Part of a topic's decisions that are close,"),
            ("unknown_words_ratio", "Part of the words near a topic that the corpus lacks,"),
        )
    },
}


class Meters:
    """Counters and histograms of one process; a new configuration leaves them. Safe between threads."""

    def __init__(self) -> None:
        # Since when they count, process_start_time_seconds tells for all.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("chipwatch_build", "What runs", registry=self.registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        self._polls = self._counter("polls", "Polls of feeds", "result")
        self._fetches = self._histogram(
            "fetch_duration_seconds", "Time a server took for a poll; waiting for a turn is not in it", _FETCH
        )
        self._items = self._counter("items", "Items that polls brought", "change")
        self._verdicts = self._counter("verdicts", "Verdicts on items", "topic", "decision")
        self._opened = self._counter("stories_opened", "Stories that an item opened")
        self._updated = self._counter("stories_updated", "Items that joined a story")
        self._composed = self._counter("messages_composed", "Messages put into the outbox", "kind")
        self._ended = self._counter("deliveries", "Deliveries that came to an end", "channel", "state")
        self._retried = self._counter("delivery_retries", "Attempts to be made again", "channel")
        self._steps = self._histogram(
            "step_duration_seconds", "Time that a run of a step took", _STEP, "step", "outcome"
        )
        self._failures = self._counter("step_failures", "Runs of a step that a fault ended", "step")
        self._last_end = Gauge(
            "chipwatch_step_last_end_timestamp_seconds",
            "When a step last ended well",
            ["step"],
            registry=self.registry,
        )
        self._seen = self._histogram(
            "detection_seconds", "From an item's publication to its first sight", _SEEN
        )
        self._sent = self._histogram(
            "telling_seconds", "From the first sight of what a story matched by to its sending", _SENT, "kind"
        )
        self.channels: Collection[str] = ()
        """Those that are configured."""
        self._drift = _Drift()
        self.registry.register(self._drift)
        self._begin()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"chipwatch_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"chipwatch_{name}", what, labels, buckets=buckets, registry=self.registry)

    def _begin(self) -> None:
        """Whatever can happen is told from the beginning: of what never was there no increase can be seen."""
        for result in RESULTS:
            self._polls.labels(result)
        for change in CHANGES:
            self._items.labels(change)
        for kind in KINDS:
            self._composed.labels(kind)
            self._sent.labels(kind)

    def expect(self, *, topics: Collection[str], channels: Collection[str], steps: Collection[str]) -> None:
        """Tell these from now on, though nothing happened to them yet."""
        for topic in topics:
            for decision in DECISIONS:
                self._verdicts.labels(topic, decision)
        self.channels = tuple(channels)
        for channel in channels:
            self._retried.labels(channel)
            for state in ENDS:
                self._ended.labels(channel, state)
        for step in steps:
            self._failures.labels(step)

    # ── what happens ──

    def polled(self, result: str, took: timedelta | None = None) -> None:
        self._polls.labels(result).inc()
        if took is not None:
            self._fetches.observe(took.total_seconds())

    def brought(self, change: str, items: int) -> None:
        """``change``: one of ``CHANGES``."""
        self._items.labels(change).inc(items)

    def seen(self, waited: timedelta) -> None:
        """An item, so long after its publication."""
        self._seen.observe(waited.total_seconds())

    def judged(self, verdicts: Mapping[tuple[str, bool], int]) -> None:
        """``verdicts``: topic and whether it matched → how many."""
        for (topic, matched), count in verdicts.items():
            self._verdicts.labels(topic, DECISIONS[not matched]).inc(count)

    def placed(self, *, opened: int, joined: int) -> None:
        self._opened.inc(opened)
        self._updated.inc(joined)

    def composed(self, kind: str, messages: int) -> None:
        self._composed.labels(kind).inc(messages)

    def settled(self, channel: str, state: DeliveryState) -> None:
        """One attempt to deliver."""
        if state.value in ENDS:
            self._ended.labels(channel, state.value).inc()
        else:
            self._retried.labels(channel).inc()

    def sent(self, kind: str, waited: timedelta) -> None:
        """A story for the first time to one recipient, so long after what it matched by was first seen."""
        self._sent.labels(kind).observe(waited.total_seconds())

    def drifting(self, gauges: Sequence[DriftGauge]) -> None:
        """In place of what was told of drift before."""
        self._drift.gauges = gauges

    @contextmanager
    def step(self, name: str) -> Iterator[Run]:
        """Around one run of a step."""
        run, began, whole = Run(), time.monotonic(), False
        try:
            yield run
            whole = True
            self._last_end.labels(name).set_to_current_time()
        finally:
            if not whole:
                self._failures.labels(name).inc()
            outcome = OUTCOMES[not run.worked] if whole else "failed"
            self._steps.labels(name, outcome).observe(time.monotonic() - began)


class Run:
    """One run of a step; whoever runs it says whether there was something to do."""

    worked = False


class _Drift(Collector):
    """The numbers of drift as they were computed last."""

    def __init__(self) -> None:
        self.gauges: Sequence[DriftGauge] = ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauges = self.gauges
        for name, what in DRIFT.items():
            family = GaugeMetricFamily(f"chipwatch_{name}", what, labels=["topic"])
            for gauge in gauges:
                if gauge.name == name:
                    family.add_metric([gauge.topic_id], gauge.value)
            yield family
