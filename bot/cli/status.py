"""``chipwatch status``: the whole at a glance, from the database and the daemon's lock; writes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.opening import require_folder
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, say
from bot.cli.screen import Daemon, DigestLine, Queue, Status, lines

if TYPE_CHECKING:
    from bot.model import AlertRule, DigestSpec, InForce
    from bot.ports import Tx
    from bot.settings import Settings
    from bot.storage.inspection import Inspection

_UPCOMING, _WORST = 3, 20
_WIDTH = 80
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def status(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Show on one screen whether all is well: the daemon, feeds, digests, outbox, alarms, database.

    Reads only: it never migrates or makes a database. Exit status 1 where the database can't be read.

    [dim]Example: chipwatch status[/dim]
    """
    from bot.configuration import SystemClock

    found = look(config, data, SystemClock().now())
    if as_json:
        print_json(_spell(found))
    else:
        for line in lines(found, shutil.get_terminal_size((_WIDTH, 24)).columns):
            say(line)
    if not found.readable:
        raise typer.Exit(1)


def look(config: Path, data: Path, now: datetime) -> Status:
    """Everything that there is to see. Only ``chipwatch.toml`` is read: what it watches is in the database.

    Raises ConfigErrors.
    """
    from bot import specs
    from bot.configuration import database_of
    from bot.runtime.presence import is_running
    from bot.server.readiness import troubles
    from bot.settings import load_settings
    from bot.storage.engine import open_store
    from bot.storage.inspection import inspect
    from bot.storage.schema import REVISIONS

    settings = load_settings(require_folder(config))[0]
    url, busy = database_of(settings, data), settings.storage.busy_timeout
    inspection = inspect(url, now, busy_timeout=busy)
    bind = settings.server.bind
    running = is_running(data)
    daemon = Daemon(
        running=running,
        bind=bind,
        troubles=troubles(bind) if bind and running is not False else None,
    )
    found = Status(
        at=now,
        config=str(config),
        data=str(data),
        daemon=daemon,
        readable=inspection.revision == REVISIONS[-1],
        engine=inspection.engine,
        bytes=inspection.size + inspection.log,
        faults=_worded(inspection),
        keeps_items=settings.retention.items,
        keeps_messages=settings.retention.deliveries,
    )
    if not found.readable:
        return found
    store = open_store(url, busy_timeout=busy)
    try:
        with store.read() as tx:
            return _from_database(found, tx, settings, specs.digests(settings), specs.alerts(settings))
    finally:
        store.close()


def _worded(inspection: Inspection) -> tuple[str, ...]:
    return tuple(str(fault) for fault in inspection.faults)


def _from_database(
    found: Status,
    tx: Tx,
    settings: Settings,
    digests: Mapping[str, DigestSpec],
    alerts: Sequence[AlertRule],
) -> Status:
    from bot.core.alarms import stands
    from bot.core.inforce import PROCESS, of_part

    now, known = found.at, tx.in_force.all()
    process = of_part(known, PROCESS).get("run")
    told, changed = _told(known, digests, alerts)
    return replace(
        found,
        daemon=replace(
            found.daemon,
            since=process.since if process else None,
            pid=process.content.get("pid") if process else None,
        ),
        changed=changed,
        feeds=tx.glance.feeds(now, upcoming=_UPCOMING, worst=_WORST),
        items_hour=tx.items.count_since(now - _HOUR),
        items_day=tx.items.count_since(now - _DAY),
        told_day=tx.glance.told_since(now - _DAY),
        digests=_digests(tx, told if found.daemon.running else digests, now),
        queues=_queues(tx, settings, now),
        alarms=tuple(filter(stands, tx.alarms.all())),
    )


def _told(
    known: Sequence[InForce], digests: Mapping[str, DigestSpec], alerts: Sequence[AlertRule]
) -> tuple[Mapping[str, DigestSpec], bool]:
    """The digests in force (before a first run the file's), and whether the file tells otherwise."""
    from bot.core.inforce import ALERT, DIGEST, digest_of, of_part, spelled

    if not known:
        return digests, False
    wanted = spelled(digests.values(), alerts)
    changed = any(
        {name: each.content for name, each in of_part(known, part).items()} != wanted[part]
        for part in (DIGEST, ALERT)
    )
    in_force = {name: digest_of(each) for name, each in of_part(known, DIGEST).items()}
    return {name: spec for name, spec in in_force.items() if spec}, changed


def _digests(tx: Tx, digests: Mapping[str, DigestSpec], now: datetime) -> tuple[DigestLine, ...]:
    """In the order in which they come."""
    from bot.core.slots import is_late, next_slot
    from bot.pipeline.digest import slot_due

    found = []
    for spec in digests.values():
        last = tx.glance.digest(spec.name, spec.channels, now)
        # A digest that was never composed has the moment from which on it owes slots.
        begun = last is not None and last.at == last.taken_at and not last.stories
        found.append(
            DigestLine(
                name=spec.name,
                timezone=spec.timezone,
                next=slot_due(tx, spec, now) or next_slot(spec, now),
                last=None if last is None or begun else last,
                late=last is not None and is_late(last.at, last.taken_at),
            )
        )
    return tuple(sorted(found, key=lambda each: (each.next is None, each.next, each.name)))


def _queues(tx: Tx, settings: Settings, now: datetime) -> tuple[Queue, ...]:
    """Channels that have something to say: messages that are not sent, or a reason why nothing is."""
    counts: dict[str, dict[str, int]] = {}
    for (channel, condition), messages in tx.glance.outbox().items():
        counts.setdefault(channel, {})[condition] = messages
    states = tx.queue.destinations()
    found = []
    for name in sorted({*settings.channels, *counts, *states}):
        state = states.get(name)
        paused = state.paused_until if state and state.paused_until and state.paused_until > now else None
        found.append(
            Queue(
                channel=name,
                configured=name in settings.channels,
                counts=counts.get(name, {}),
                disabled_at=state.disabled_at if state else None,
                paused_until=paused,
                why=(state.disabled_why if state.disabled_at else state.paused_why if paused else "")
                if state
                else "",
            )
        )
    return tuple(found)


def _spell(found: Status) -> dict[str, Any]:
    spelled = asdict(found)
    spelled |= {
        "keeps_items": found.keeps_items.total_seconds(),
        "keeps_messages": found.keeps_messages.total_seconds(),
        "alarms": [
            {"part": each.part, "subject": each.subject, "cause": each.cause, "text": each.text}
            | {"raised_at": each.raised_at, "told_at": each.told_at}
            for each in found.alarms
        ],
    }
    spelled["feeds"]["upcoming"] = [
        {"name": name, "at": at} for name, at in (found.feeds.upcoming if found.feeds else ())
    ]
    return spelled
