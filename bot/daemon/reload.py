"""Reading the configuration anew while the daemon runs, when SIGHUP asks for it.

All or nothing: what can't be read, made or put in place is refused, and the one before goes on as it was.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.app import Application, renewed
from bot.configuration import Configuration, read_configuration
from bot.core.text import shorten
from bot.daemon.answering import Answering
from bot.daemon.current import Current
from bot.daemon.watchdog import stack_of
from bot.errors import ChipwatchError, ConfigError, ConfigErrors
from bot.model import Alarm, Part
from bot.pipeline.alarm import end_alarm, raise_alarm
from bot.ports import Tx
from bot.runtime import local

REFUSED, HANGING = "refused", "hanging"
WITHIN = timedelta(seconds=30)
"""Thousands of feeds are read in a few seconds, and the database is waited for no longer than five."""
_TOLD = 3
"""Problems in the text of an alarm; the log has all of them."""
_LONGEST = 200
_PATIENCE = 0.5  # seconds that the end of the process waits for a reload under way


@dataclass(frozen=True)
class Reload:
    """Puts the configuration as the files have it now in the place of the one in force."""

    current: Current
    answering: Answering
    set_up: Callable[[Configuration], None]
    """Called with what is in force from then on: for what belongs to the process, such as the log."""
    within: timedelta = WITHIN
    """One that takes longer is told of; it can't be broken off."""

    def __call__(self) -> None:
        with self._told_when_slow():
            outcome = local.attempted("reload failed", self._replaced)
        local.attempted("reload not told", lambda: self._tell(outcome))

    def _replaced(self) -> Sequence[ChipwatchError]:
        """Why it was refused; empty where it is in force."""
        before = self.current.application
        try:
            read = read_configuration(
                before.configuration.folder, before.configuration.data, before.deps.clock
            )
            application = renewed(before, _keeping_the_store(read, before))
            with self.answering.moving(read.settings.server.bind):
                application.subscribe()
        except ConfigErrors as error:
            return error.problems
        except ChipwatchError as error:
            return [error]
        except OSError as error:
            return [ChipwatchError(f"{error.filename or 'this machine'}: {error.strerror or error}")]
        self.current.replace(application)
        self.set_up(application.configuration)
        return ()

    @contextmanager
    def _told_when_slow(self) -> Iterator[None]:
        """Say once that the block hangs, and where."""
        hanging = partial(self._tell_hanging, threading.get_ident())
        timer = threading.Timer(
            self.within.total_seconds(), lambda: local.attempted("reload not told", hanging)
        )
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # What was begun to be told must not be told after its end.
            timer.join()

    def _tell_hanging(self, thread: int) -> None:
        seconds = self.within.total_seconds()
        structlog.get_logger().error("reload hangs", seconds=seconds, stack=stack_of(thread))
        deps = self.current.deps()
        with deps.store.begin() as tx:
            raise_alarm(tx, _hanging(seconds, deps.clock.now()))

    def _tell(self, outcome: Sequence[ChipwatchError] | local.Fault) -> None:
        log, deps = structlog.get_logger(), self.current.deps()
        if isinstance(outcome, local.Fault):
            outcome = [ChipwatchError("it could not be put in force for a fault of ours; see the log")]
        for problem in outcome:
            log.error("configuration refused", **_named(problem))
        if not outcome:
            log.info("configuration in force", **self.current.size)
        now = deps.clock.now()
        with deps.store.begin() as tx:
            end_alarm(tx, Part.CONFIGURATION, "", HANGING, now)
            if outcome:
                raise_alarm(tx, _refused(outcome, now))
            else:
                sound(tx, now)


def sound(tx: Tx, now: datetime) -> None:
    """The configuration of the files is the one in force."""
    for cause in (REFUSED, HANGING):
        end_alarm(tx, Part.CONFIGURATION, "", cause, now)


def _keeping_the_store(read: Configuration, before: Application) -> Configuration:
    """With the database that is in use, which stays until a restart."""
    storage = before.configuration.settings.storage
    if read.settings.storage == storage:
        return read
    structlog.get_logger().warning(
        "needs a restart", key="[storage]", why="the database can't be changed while it is in use"
    )
    return replace(read, settings=read.settings.model_copy(update={"storage": storage}))


def _named(problem: ChipwatchError) -> dict[str, object]:
    """The fields of its log line."""
    if not isinstance(problem, ConfigError):
        return {"problem": str(problem)}
    return {
        "file": str(problem.file),
        "line": problem.line,
        "key": problem.key,
        "problem": problem.problem,
    }


def _refused(problems: Sequence[ChipwatchError], now: datetime) -> Alarm:
    some = " ".join(_sentence(shorten(str(problem), _LONGEST)) for problem in problems[:_TOLD])
    more = f" And {len(problems) - _TOLD} more." if len(problems) > _TOLD else ""
    text = (
        f"The changed configuration was refused, the one before it goes on. {some}{more} "
        "Mend it (chipwatch config check) and have it read again"
    )
    return Alarm(part=Part.CONFIGURATION, subject="", cause=REFUSED, text=text, raised_at=now)


def _hanging(seconds: float, now: datetime) -> Alarm:
    text = (
        f"The configuration could not be read within {seconds:g} s, the one before it goes on, and nothing "
        "else is read meanwhile: see “reload hangs” in the log. If it does not end when that is mended, "
        "restart the daemon"
    )
    return Alarm(part=Part.CONFIGURATION, subject="", cause=HANGING, text=text, raised_at=now)


def _sentence(problem: str) -> str:
    """Ended with a mark, which a question has already."""
    return problem if problem.endswith((".", "?", "!", "…")) else f"{problem}."


@contextmanager
def reloading(reload: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Gives what asks for a reload; in a thread of its own, so that a signal to end is heard meanwhile.

    Asked while one is under way, it is done once more after it, however often it was asked.
    """
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def work() -> None:
        while asked.get():
            # What was asked for meanwhile is one and the same.
            while not asked.empty():
                if not asked.get():
                    return
            reload()

    thread = threading.Thread(target=work, name="reload", daemon=True)
    thread.start()
    try:
        yield lambda: asked.put(True)
    finally:
        asked.put(False)
        thread.join(_PATIENCE)
