"""The configuration in force: every run of a step, and every answer of the server, begins with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.app import Application
from bot.pipeline.deps import Deps
from bot.runtime import local


class Current:
    """The application in force. Another may take its place; a run of a step ends with its own."""

    def __init__(self, application: Application, ending: Callable[[], bool]) -> None:
        """``ending``: whether the process was asked to end."""
        self._ending = ending
        self._replaced = threading.Event()
        self._application = self._running(application)

    @property
    def application(self) -> Application:
        return self._application

    def deps(self) -> Deps:
        return self._application.deps

    @property
    def size(self) -> Mapping[str, int]:
        """How much there is to watch and to tell, for the log."""
        deps = self.deps()
        return {"feeds": len(deps.feeds), "topics": len(deps.topics), "channels": len(deps.channels)}

    def replace(self, application: Application) -> None:
        """From now on this one. Rounds under way with the other take nothing new, as if asked to end."""
        before, self._replaced = self._replaced, threading.Event()
        self._application = self._running(application)
        before.set()

    def _running(self, application: Application) -> Application:
        replaced = self._replaced
        deps = replace(
            application.deps,
            stopping=lambda: self._ending() or replaced.is_set(),
            guard=local.guard,
        )
        return replace(application, deps=deps)
