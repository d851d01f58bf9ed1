"""Set the stage, run the steps twice and once more when there is news, keep what was received."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import Application, opened
from bot.configuration import read_configuration, starter_folder
from bot.core.letters import readable_parts
from bot.demo import report
from bot.demo.servers import (
    Mailbox,
    Received,
    Site,
    feed_server,
    read_later,
    read_sites,
    receiver,
    smtp_server,
)
from bot.errors import UsageError
from bot.pipeline.alert import alert
from bot.pipeline.deliver import deliver
from bot.pipeline.digest import compose
from bot.pipeline.poll import PollReport, poll
from bot.pipeline.triage import triage

MORNING = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
"""When the sample feeds end: a Tuesday."""
_BEFORE = timedelta(minutes=2)
LATER = timedelta(hours=2)
"""From the first poll to the one that finds news of a story that was told."""
RECIPIENT = "analyst@example.org"
MARK = "made-by-chipwatch-demo"
# Signs the demo's webhooks; the receiver is on this machine and gone in a minute.
_SECRET = "whsec_ZGVtby1zZWNyZXQtb2YtY2hpcHdhdGNoLTEyMw=="  # noqa: S105


class DemoClock:
    """Begins shortly before the demo's morning and then runs as fast as the real one, but for leaps."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._leapt = timedelta(0)

    def now(self) -> datetime:
        return MORNING - _BEFORE + self._leapt + timedelta(seconds=time.monotonic() - self._began)

    def leap(self, span: timedelta) -> None:
        self._leapt += max(span, timedelta(0))

    def jitter(self) -> float:
        return random.random()  # noqa: S311 - spreads load, protects nothing


def show(folder: Path) -> None:
    """Run the demo and print what happens. What was received is kept in ``folder``.

    Raises UsageError where the folder holds something else, ChipwatchError where the demo's promise (told
    once) is broken.
    """
    _clear(folder)
    samples = starter_folder() / "demo"
    sites = read_sites(samples)
    served = {site.path: site for site in sites}
    began = time.monotonic()
    with (
        feed_server(served) as feeds,
        receiver() as (hooks, received),
        smtp_server() as (smtp_port, mailbox),
    ):
        config = _write_configuration(folder / "config", sites, feeds, hooks, smtp_port)
        clock = DemoClock()
        configuration = read_configuration(config, folder / "data", clock)
        report.introduce(configuration)
        with opened(configuration, clock) as application:
            application.subscribe()
            first = _round(application, clock, MORNING)
            report.tell_polls(first)
            report.tell_stories(application)
            report.tell_messages(application)
            told = len(mailbox.messages) + len(received)
            second = _round(application, clock)
            report.tell_second(second, len(mailbox.messages) + len(received) - told)
            clock.leap(LATER)
            served |= {site.path: site for site in read_later(samples, sites)}
            leapt = clock.now()
            _round(application, clock)
            report.tell_later(application, leapt)
            _keep(folder, mailbox, received)
    report.conclude(folder, time.monotonic() - began)


def _round(application: Application, clock: DemoClock, slot: datetime | None = None) -> Sequence[PollReport]:
    """What the daemon does of itself, once: poll, judge, alert, compose the digest when it is time, send."""
    deps = application.deps
    reports = list(poll(deps, list(deps.feeds)))
    triage(deps)
    alert(deps)
    if slot is not None:
        clock.leap(slot - clock.now())
    compose(deps, deps.digests["daily"], slot or clock.now())
    while deliver(deps):
        continue
    return reports


def _clear(folder: Path) -> None:
    """Make room for this run; only a folder that an earlier run made is emptied."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another --output")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageError(f"{folder} holds something else than a demo; name another --output")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _write_configuration(folder: Path, sites: Sequence[Site], feeds: str, hooks: str, smtp_port: int) -> Path:
    """The shipped topics, entities and corpus; the sample feeds; channels that lead to our servers."""
    starter = starter_folder()
    for name in ("topics", "corpus"):
        shutil.copytree(starter / name, folder / name)
    shutil.copy(starter / "entities.toml", folder)
    tables = [
        f"[[feed]]\nurl = {json.dumps(feeds + site.path)}\ntitle = {json.dumps(site.title)}\n"
        f"tags = {json.dumps(site.tags)}\n"
        for site in sites
    ]
    (folder / "feeds.toml").write_text("\n".join(tables), encoding="utf-8")
    (folder / "chipwatch.toml").write_text(_SETTINGS.format(hooks=hooks, port=smtp_port), encoding="utf-8")
    return folder


_SETTINGS = f"""\
# Written by the demo: every address leads to this machine.
[http]
allow_networks = ["127.0.0.0/8"]
host_gap = "0s"

[schedule]
baseline_age = "30h"

[smtp]
host = "127.0.0.1"
port = {{port}}
security = "plain"
sender = "chipwatch <chipwatch@example.org>"

[channels.mail]
type = "email"
to = ["{RECIPIENT}"]

[channels.chat]
type = "slack"
url = "{{hooks}}/services/chat"

[channels.hook]
type = "webhook"
url = "{{hooks}}/hook"
secret = "{_SECRET}"

[[alerts]]
name = "deals"
topics = ["chip-deals", "mtia"]
channels = ["chat", "hook"]
min_score = 0.8
max_age = "12h"
budget = 3

[digests.daily]
title = "AI silicon, daily"
topics = ["mtia", "custom-silicon", "chip-deals"]
channels = ["mail"]
schedule = "0 7 * * *"
"""


def _keep(folder: Path, mailbox: Mailbox, received: Sequence[Received]) -> None:
    """Write what the servers got: letters as they came and as they read, bodies as formatted JSON."""
    for number, letter in enumerate(mailbox.messages, start=1):
        (folder / f"mail-{number}.eml").write_bytes(letter)
        for suffix, part in readable_parts(letter).items():
            (folder / f"mail-{number}{suffix}").write_bytes(part)
    counts: dict[str, int] = {}
    for request in received:
        kind = "slack" if request.path.startswith("/services/") else "webhook"
        counts[kind] = counts.get(kind, 0) + 1
        body = json.dumps(json.loads(request.body), indent=2, ensure_ascii=False)
        (folder / f"{kind}-{counts[kind]}.json").write_text(body + "\n", encoding="utf-8")
