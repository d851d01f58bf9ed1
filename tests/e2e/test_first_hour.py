"""The first hour of docs/operations.md: its commands run, and print what the page says."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.calling import chipwatch
from tests.daemon.house import free_port
from tests.e2e.warmth import GONE, OUTLETS, feed, publish, write_examples
from tests.http_server import ScriptedServer, http_server, wait_until
from tests.test_docs import files_of, page

_PART = re.compile(
    r"^```(?P<kind>console|toml)\n(?P<text>.*?)^```$|^<!-- (?P<event>.*) -->$", re.MULTILINE | re.DOTALL
)
_VARYING = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d)|(?P<id>\b[0-9a-f]{12}\b)"
    r"|(?P<weekday>\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b)"
    r"|(?P<span>\b\d+ (?:s|min|h)\b(?: \d+ min\b)?)|(?P<day>\d{4}-\d\d-\d\d)|(?P<size>\b[\d.]+ [kM]B\b)"
    r"|(?P<cut>…)|(?P<blank>\s+)"
)
_MAY_BE = {
    "time": r"\d{4}-\d\d-\d\d \d\d:\d\d",
    "id": "[0-9a-f]{12}",
    "weekday": "[MTWFS][a-z]{2}",
    "span": r"\d+ (?:s|min|h)(?: \d+ (?:s|min))?",
    "day": r"\d{4}-\d\d-\d\d",
    "size": r"[\d.]+ [kM]B",
    "cut": ".*",
    "blank": r"\s+",
}


def pattern(line: str) -> str:
    """What a printed line must match: times, ids and sizes are another day's, ``…`` is anything."""
    end, made = 0, ""
    for found in _VARYING.finditer(line):
        made += re.escape(line[end : found.start()]) + _MAY_BE[str(found.lastgroup)]
        end = found.end()
    return made + re.escape(line[end:])


def missing(told: str, printed: str) -> str | None:
    """The first line of the page that was not printed in its turn; None where all were."""
    left = iter(printed.splitlines())
    for line in filter(lambda each: each.strip(" …"), told.splitlines()):
        wanted = re.compile(pattern(line.strip()))
        if not any(wanted.fullmatch(each.strip()) for each in left):
            return line
    return None


@dataclass
class Terminal:
    """Runs what the page tells, in a folder of its own and on outlets on loopback."""

    folder: Path
    sites: dict[str, ScriptedServer]
    daemon: subprocess.Popen[bytes] | None = None
    ran: list[str] = field(default_factory=list)

    def run(self, command: str) -> str:
        self.ran.append(command)
        if command == "chipwatch run &":
            with (self.folder / "daemon.log").open("wb") as log:
                self.daemon = subprocess.Popen([sys.executable, "-m", "bot", "run"], stderr=log)
            wait_until(lambda: chipwatch("health").status == 0, 20)
            return ""
        if command.startswith("kill "):
            return self.kill(command)
        if command.startswith("chipwatch "):
            outcome = chipwatch(*list(self.words(command))[1:])
            return self.as_told(outcome.out + outcome.err)
        ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
        return self.as_told(ran.stdout)

    def words(self, command: str) -> Iterator[str]:
        for word in shlex.split(self.as_served(command)):
            yield from sorted(map(str, Path().glob(word))) if "*" in word else (word,)

    def kill(self, command: str) -> str:
        assert self.daemon is not None
        if "-HUP" in command:
            self.daemon.send_signal(signal.SIGHUP)
            log = self.folder / "daemon.log"
            wait_until(lambda: b'"configuration in force"' in log.read_bytes(), 15)
        else:
            self.daemon.terminate()
            assert self.daemon.wait(12) == 0
        return ""

    def happens(self, event: str) -> None:
        site = self.sites["northgate"]
        site.play("/feed.xml", GONE if "missing" in event else feed("northgate", site.origin))

    def as_served(self, text: str) -> str:
        for name, site in self.sites.items():
            text = text.replace(f"https://{name}.example", site.origin)
        return text

    def as_told(self, text: str) -> str:
        for name, site in self.sites.items():
            text = text.replace(site.origin, f"https://{name}.example")
        return text


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    write_examples(tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for name, value in (
        ("CONFIG", "heat"),
        ("DATA", "heat-data"),
        ("HTTP__ALLOW_NETWORKS", '["127.0.0.0/8"]'),
        ("HTTP__HOST_GAP", "0s"),
        ("SERVER__BIND", f"127.0.0.1:{free_port()}"),
    ):
        monkeypatch.setenv(f"CHIPWATCH_{name}", value)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with ExitStack() as stack:
        hosts = {name: f"127.1.8.{number}" for number, name in enumerate(OUTLETS, start=1)}
        sites = {name: stack.enter_context(http_server(host=host)) for name, host in hosts.items()}
        for name, site in sites.items():
            publish(name, site)
        terminal = Terminal(folder=tmp_path, sites=sites)
        yield terminal
        if terminal.daemon is not None:
            terminal.daemon.kill()
            terminal.daemon.wait()


def test_the_first_hour_goes_as_the_page_tells(terminal: Terminal) -> None:
    hour = page("operations.md").split("\n## The first hour\n", 1)[1].split("\n## ", 1)[0]
    for part in _PART.finditer(hour):
        if part["event"]:
            terminal.happens(part["event"])
        elif part["kind"] == "toml":
            for name, text in files_of(part["text"]).items():
                (terminal.folder / "heat" / name).write_text(text)
        else:
            for call in re.split(r"^\$ ", part["text"], flags=re.MULTILINE)[1:]:
                command, _, told = call.partition("\n")
                printed = terminal.run(command)
                assert missing(told, printed) is None, f"$ {command}\n{printed}"
    assert {"chipwatch run &", "kill %1; wait"} < set(terminal.ran)


def test_a_page_that_tells_otherwise_is_found_out() -> None:
    printed = "restored from monday.db, 12 kB\nfeeds: 3\n"
    assert missing("restored from monday.db, 369 kB\n…\n", printed) is None
    assert missing("feeds: 4\n", printed) == "feeds: 4"
    assert missing("feeds: 3\nrestored …\n", printed) == "restored …"
