"""``chipwatch config plan``: what the files would change against what is in force. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.backtest import SINCE, replay
from bot.cli.opening import looked_into
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, since
from bot.cli.output import print_json, say, short_time
from bot.core.amounts import plural

if TYPE_CHECKING:
    from bot.app import Application
    from bot.core.backtest import Tally
    from bot.core.plan import Change
    from bot.model import InForce
    from bot.ports import Tx

_FEEDS = 10
"""Feeds named of each kind of change."""
_PARTS = ("feeds", "digests", "alerts", "channels", "topics", "settings")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would change, part by part."""

    known: bool
    """Whether it was ever written down what is in force."""
    since: datetime | None
    """When the configuration in force was changed last."""
    changes: Mapping[str, Sequence[Change]]
    judged: int | None
    """Stored items that were judged anew; ``None`` where every topic judges as before."""
    begin: datetime | None

    @property
    def count(self) -> int:
        return sum(map(len, self.changes.values()))


def plan(
    after: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="Judge stored items first seen later: a date, a time or an age."
        ),
    ] = SINCE,
    fail_on_change: Annotated[
        bool, typer.Option("--fail-on-change", help="Exit status 1 where anything would change.")
    ] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Say what the files as they are now would change against what is in force; writes nothing.

    Where a topic changed, stored items are judged anew, which takes a while.

    [dim]Example: chipwatch config plan --since 7d --fail-on-change[/dim]
    """
    with looked_into(config, data) as application:
        made = planned(application, since(after, application.deps.clock.now()))
    if as_json:
        print_json(_spell(made))
    else:
        _show(made)
    if fail_on_change and made.count:
        raise typer.Exit(1)


def planned(application: Application, begin: datetime | None) -> Plan:
    """Everything that would change; ``begin``: stored items seen later are judged, where topics changed."""
    from bot.core import inforce
    from bot.core.plan import digest_changes, feed_changes, part_changes

    deps, now = application.deps, application.deps.clock.now()
    wanted = _wanted(application.configuration.in_force(now))
    with deps.store.read() as tx:
        known = tx.in_force.all()
        subscriptions = tx.glance.subscriptions()
        waiting = tx.queue.waiting()
    topics = part_changes(known, inforce.TOPIC, wanted[inforce.TOPIC])
    tally = _judged_anew(application, begin) if topics and subscriptions else None
    changes: dict[str, Sequence[Change]] = {
        "feeds": feed_changes(subscriptions, list(deps.feeds.values()), known),
        "digests": digest_changes(known, deps.digests, wanted, now),
        "alerts": part_changes(known, inforce.ALERT, wanted[inforce.ALERT]),
        "channels": _waited_for(part_changes(known, inforce.CHANNEL, wanted[inforce.CHANNEL]), waiting),
        "topics": topics,
        "settings": part_changes(known, inforce.SETTINGS, wanted[inforce.SETTINGS]),
    }
    with deps.store.read() as tx:
        changes |= _told(application, tx, changes, tally)
    configured = [each.since for each in known if each.part != inforce.PROCESS]
    return Plan(
        known=bool(configured),
        since=max(configured, default=None),
        changes=changes,
        judged=tally.items if tally else None,
        begin=begin,
    )


def _wanted(rows: Sequence[InForce]) -> dict[str, dict[str, Mapping[str, Any]]]:
    from bot.core.inforce import CONFIGURED, of_part

    return {part: {name: each.content for name, each in of_part(rows, part).items()} for part in CONFIGURED}


def _judged_anew(application: Application, begin: datetime | None) -> Tally:
    from bot.core.feedback import correct
    from bot.pipeline.backtest import anew
    from bot.pipeline.feedback import adopted

    deps = application.deps
    with deps.store.read() as tx:
        effective = adopted(tx)
    return replay(application, anew(correct(deps.judge, effective)), begin, 0)


# ── what would be told ───────────────────────────────────────────────────────────────────────────


def _told(
    application: Application, tx: Tx, changes: Mapping[str, Sequence[Change]], tally: Tally | None
) -> dict[str, Sequence[Change]]:
    """The same changes of digests, alerts and topics, with how many stories and items they are about."""
    from bot.core.plan import REMOVED
    from bot.pipeline.plan import at_once, by_then, tellable

    deps = application.deps

    def lasting(part: str) -> set[str]:
        return {each.name for each in changes[part] if each.sign != REMOVED}

    alerts = at_once(deps, tx, lasting("alerts"))
    digests = by_then(deps, tx, lasting("digests"))
    watched = {topic for spec in deps.digests.values() for topic in spec.topics}
    watched |= {topic for rule in deps.alerts for topic in rule.topics}
    stories = tellable(tx, tally.gaining, watched) if tally else {}
    return {
        "alerts": [_adding(each, _goes_out(alerts.get(each.name))) for each in changes["alerts"]],
        "digests": [_adding(each, _by_then(digests.get(each.name))) for each in changes["digests"]],
        "topics": [_adding(each, _items(each, tally, stories)) for each in changes["topics"]],
    }


def _goes_out(stories: int | None) -> str:
    return f"{plural(stories, 'story')} would go out or be noted at once" if stories else ""


def _by_then(stories: int | None) -> str:
    return "" if stories is None else f"with {plural(stories, 'story')} as things stand"


def _items(change: Change, tally: Tally | None, stories: Mapping[str, int]) -> str:
    if tally is None:
        return ""
    gains, loses = tally.topics[change.name, True], tally.topics[change.name, False]
    more = stories.get(change.name, 0)
    return f"items +{gains:,} −{loses:,}" + (f", {plural(more, 'story')} more to tell" if more else "")


def _waited_for(changes: Sequence[Change], waiting: Mapping[str, int]) -> Sequence[Change]:
    """Messages that wait for a channel that goes die with the next round."""
    from bot.core.plan import REMOVED

    told = []
    for each in changes:
        count = waiting.get(each.name, 0) if each.sign == REMOVED else 0
        text = f"{plural(count, 'message')} that wait{'s' * (count == 1)} for it will be dead"
        told.append(_adding(each, text if count else ""))
    return told


def _adding(change: Change, text: str) -> Change:
    return replace(change, text="; ".join(filter(None, (change.text, text))))


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


def _show(made: Plan) -> None:
    if not made.known:
        say("What is in force was never written down: all but the feeds counts as new.")
    if not made.count:
        say(f"Nothing changes: the files are as what is in force since {short_time(made.since)} UTC.")
        return
    for part in _PARTS:
        changes = made.changes[part]
        if not changes:
            continue
        say(f"{part.capitalize()}: {_counted(changes)}")
        if part == "topics" and made.judged is not None:
            seen = f", first seen after {short_time(made.begin)} UTC" if made.begin else ""
            say(f"  {made.judged:,} stored items{seen}, judged anew against their stored verdicts")
        for change in _cut(changes) if part == "feeds" else changes:
            _show_change(change)
        if part == "feeds" and (left := len(changes) - len(_cut(changes))):
            say(f"  and {left:,} more")
    if made.changes["topics"]:
        say("Stored verdicts stay as they are: only what comes, or is edited, is judged so.")


def _counted(changes: Sequence[Change]) -> str:
    from bot.core.plan import ADDED, CHANGED, REMOVED

    counts = ((ADDED, "added"), (REMOVED, "removed"), (CHANGED, "changed"))
    told = [(sum(each.sign == sign for each in changes), word) for sign, word in counts]
    return ", ".join(f"{count:,} {word}" for count, word in told if count)


def _cut(changes: Sequence[Change]) -> Sequence[Change]:
    """A few of each kind."""
    kept: list[Change] = []
    for each in changes:
        if sum(other.sign == each.sign for other in kept) < _FEEDS:
            kept.append(each)
    return kept


def _show_change(change: Change) -> None:
    """``+`` in green, ``−`` in red, ``~`` in yellow; without colours in a pipe."""
    from rich.console import Console
    from rich.text import Text

    from bot.core.plan import ADDED, CHANGED, REMOVED

    style = {ADDED: "green", REMOVED: "red", CHANGED: "yellow"}[change.sign]
    name = f"{change.name}: {change.text}" if change.text else change.name
    Console(highlight=False, soft_wrap=True).print(Text(f"  {change.sign} {name}", style=style))


def _spell(made: Plan) -> dict[str, Any]:
    return {
        "known": made.known,
        "in_force_since": made.since,
        "changed": made.count,
        "items_judged": made.judged,
        **{part: [asdict(each) for each in made.changes[part]] for part in _PARTS},
    }
