"""A house that the daemon lives in: configuration, data folder, a web, and the daemon as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.calling import SETTINGS, Outcome, chipwatch, write_config
from tests.http_server import ScriptedServer, wait_until

FEED_TYPE = {"Content-Type": "application/rss+xml"}
RUN = ("-m", "bot", "run")
"""What Python is called with to be the daemon."""


@dataclass(frozen=True)
class House:
    """A configuration with a data folder and a free port for the health server."""

    config: Path
    data: Path
    web: ScriptedServer

    def call(self, *arguments: object) -> Outcome:
        return chipwatch(*arguments, "--config", self.config, "--data", self.data)

    def watch(self, *feeds: str, schedule: str = "* * * * *", more: str = "", port: int = 0) -> int:
        """Write the configuration, with ``more`` at its end; gives the port of the health server."""
        port = port or free_port()
        settings = SETTINGS.replace("0 7 * * *", schedule) + (
            '\n[channels.alerts]\ntype = "files"\nfolder = "alerts"\nformats = ["json"]\n'
            '\n[[alerts]]\nname = "urgent"\ntopics = ["ferries"]\nchannels = ["alerts"]\n'
            f'\n[server]\nbind = "127.0.0.1:{port}"\n{more}'
        )
        write_config(self.config, feeds=feeds, settings=settings)
        return port

    def told(self, folder: str) -> list[Any]:
        return [json.loads(path.read_text()) for path in (self.data / folder).glob("*.json")]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def running(house: House, call: Sequence[str] = RUN) -> Iterator[Daemon]:
    """A daemon that is ready; killed if the test leaves it running."""
    with starting(house, call) as daemon:
        wait_until(lambda: daemon.process.poll() is not None or house.call("health").status == 0, 20)
        yield daemon


@contextmanager
def starting(house: House, call: Sequence[str] = RUN) -> Iterator[Daemon]:
    """A daemon that has only just been called; killed in the end."""
    log = house.config.with_name("daemon.log")
    arguments = [sys.executable, *call, "--config", str(house.config), "--data", str(house.data)]
    with log.open("w") as stream, subprocess.Popen(arguments, stderr=stream, text=True) as process:
        try:
            yield Daemon(process=process, file=log)
        finally:
            process.kill()


@dataclass(frozen=True)
class Daemon:
    """A running daemon and the log that it writes."""

    process: subprocess.Popen[str]
    file: Path

    @property
    def log(self) -> list[Any]:
        """The whole lines so far."""
        return [
            json.loads(line) for line in self.file.read_text().splitlines(keepends=True) if line[-1] == "\n"
        ]

    def said(self, event: str) -> list[Any]:
        return [line for line in self.log if line["event"] == event]

    def wait_for(self, event: str, times: int = 1, within: float = 15) -> list[Any]:
        """Its lines of an event, once there are so many."""
        wait_until(lambda: len(self.said(event)) >= times or self.process.poll() is not None, within)
        return self.said(event)

    def asked(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, number: signal.Signals = signal.SIGTERM) -> list[Any]:
        """Ask it to end; gives its log. It must end well and in time."""
        asked = time.monotonic()
        self.asked(number)
        status = self.process.wait(timeout=12)
        assert time.monotonic() - asked < 10
        assert status == 0, self.file.read_text()
        return self.log
