"""The life of the daemon: begin, tick, read the configuration anew when told to, end when asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import structlog

from bot import logs
from bot.app import opened
from bot.configuration import Configuration
from bot.daemon.answering import Answering
from bot.daemon.current import Current
from bot.daemon.reload import Reload, reloading, sound
from bot.daemon.staying import staying
from bot.daemon.steps import EVERY, steps_of
from bot.daemon.timekeeping import Timekeeping
from bot.daemon.watchdog import LOOK, Watchdog
from bot.ports import Clock
from bot.references import IN_THE_DATA_FOLDER
from bot.runtime import lifecycle, local, memory
from bot.runtime.clockwatch import ClockWatch, noticing_jumps, system_elapsed, system_now
from bot.runtime.periodic import periodically
from bot.runtime.steps import Heartbeat
from bot.server.meters import Meters
from bot.storage.tenancy import sole_daemon

OVERDUE = timedelta(minutes=10)
"""Beyond its pace, how long a step may go without ending well."""
_FILES_A_FETCH = 4
"""Of a request under way: its connection, one more while it follows a redirect, a lookup of a name, spare."""
_FILES_BESIDE = 512
"""For messages under way, the database, readers, and those who ask the server."""
_LINGER = timedelta(seconds=1)


def set_up_logs(configuration: Configuration, level: str = "") -> None:
    """As ``[log]`` has it, anew whenever the configuration is; ``level`` wins over the general one there."""
    log = configuration.settings.log
    levels = log.levels.model_dump(exclude_none=True)
    logs.configure(level or log.level, log.format, levels=levels, secrets=configuration.secrets)
    logs.tell_the_last()


def serve(
    configuration: Configuration,
    log_level: str = "",
    *,
    clock: Clock | None = None,
    elapsed: Callable[[], float] | None = None,
    every: Mapping[str, timedelta] = EVERY,
    overdue: timedelta = OVERDUE,
    signals: lifecycle.Signals | None = None,
) -> None:
    """Run until SIGTERM or SIGINT. Raises ChipwatchError where the process can't begin.

    ``every``: pause between two runs of each step, by a clock of its own; ``clock`` is what the steps go by.
    ``elapsed``: seconds by a clock that nobody sets; a ``clock`` of one's own is watched only beside it.
    ``signals``: where they are heard already, so that none is lost that came before.
    """
    signals = signals or lifecycle.Signals()
    memory.share_heaps()

    def set_up(configuration: Configuration) -> None:
        set_up_logs(configuration, log_level)
        _allow_files(configuration)

    set_up(configuration)
    with ExitStack() as held:
        held.enter_context(lifecycle.single_instance(configuration.data))
        if configuration.settings.storage.url != IN_THE_DATA_FOLDER:
            held.enter_context(staying(held.enter_context(sole_daemon(configuration.database))))
        application = held.enter_context(opened(configuration, clock))
        if application.new:
            structlog.get_logger().info(
                "new database", why="there was none: everything found counts as unseen"
            )
        application.take_over()
        application.subscribe()
        with application.deps.store.begin() as tx:
            sound(tx, application.deps.clock.now())
        current = Current(application, lambda: signals.ending)
        drained = _live(current, signals, set_up, every, overdue, _clock_watch(clock, elapsed))
        structlog.get_logger().info("stopped", drained=drained)
        if not drained:
            # What still runs holds leases, not locks: after a restart it comes again.
            os._exit(0)
    if not lifecycle.all_ended(_LINGER):
        os._exit(0)


def _live(
    current: Current,
    signals: lifecycle.Signals,
    set_up: Callable[[Configuration], None],
    every: Mapping[str, timedelta],
    overdue: timedelta,
    clock_watch: ClockWatch | None,
) -> bool:
    """Tick until asked to end. Whether all that was under way came to an end."""
    log = structlog.get_logger()
    heartbeat = Heartbeat(limits={name: pace + overdue for name, pace in every.items()})
    meters = Meters()
    answering = Answering(current, heartbeat, meters)
    with (
        answering.at(current.application.configuration.settings.server.bind),
        reloading(Reload(current, answering, set_up)) as reload,
        periodically("watchdog", Watchdog(heartbeat, current.deps).look, min(LOOK, overdue / 4)),
    ):
        scheduler = local.start(steps_of(current.deps, heartbeat, every, meters), heartbeat)
        log.info("started", **current.size)
        with noticing_jumps(clock_watch, Timekeeping(current.deps, partial(local.tick_now, scheduler))):
            while (asked := signals.wait()) == "SIGHUP":
                reload()
        log.info("stopping", signal=asked)
        return lifecycle.drain(scheduler)


def _clock_watch(clock: Clock | None, elapsed: Callable[[], float] | None) -> ClockWatch | None:
    if clock is None:
        return ClockWatch(system_now, system_elapsed)
    return ClockWatch(clock.now, elapsed) if elapsed else None


def _allow_files(configuration: Configuration) -> None:
    wanted = _FILES_A_FETCH * configuration.settings.http.concurrency + _FILES_BESIDE
    if (allowed := lifecycle.allow_files(wanted)) < wanted:
        structlog.get_logger().warning(
            "few open files allowed",
            allowed=allowed,
            wanted=wanted,
            remedy="raise the hard limit (LimitNOFILE= in systemd, ulimit -Hn) or lower [http] concurrency",
        )
