"""The life of the daemon: begin, tick, end when asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import structlog

from bot import logs
from bot.app import opened
from bot.configuration import Configuration
from bot.daemon.answering import answering
from bot.daemon.steps import EVERY, steps_of
from bot.ports import Clock
from bot.runtime import lifecycle, local
from bot.runtime.steps import Heartbeat

_OVERDUE = timedelta(minutes=10)
"""Beyond its pace, how long a step may take before the process counts as unready."""


def set_up_logs(configuration: Configuration, level: str = "") -> None:
    """As ``[log]`` has it, anew whenever the configuration is; ``level`` wins over the general one there."""
    log = configuration.settings.log
    levels = log.levels.model_dump(exclude_none=True)
    logs.configure(level or log.level, log.format, levels=levels, secrets=configuration.secrets)


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
    set_up_logs(configuration, log_level)
    stopping = threading.Event()
    stop_signal = lifecycle.StopSignal()
    with lifecycle.single_instance(configuration.data), opened(configuration, clock) as application:
        application.take_over()
        application.subscribe()
        deps = replace(application.deps, stopping=stopping.is_set, guard=local.guard)
        heartbeat = Heartbeat(limits={name: pace + _OVERDUE for name, pace in every.items()})
        steps = steps_of(lambda: deps, heartbeat, every)
        with answering(application, heartbeat):
            scheduler = local.start(steps, heartbeat)
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
