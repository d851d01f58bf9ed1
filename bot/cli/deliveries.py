"""``chipwatch deliveries``: the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.commands import Commands
from bot.cli.deliver import kept_waiting, standing
from bot.cli.opening import looked_into, opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit
from bot.cli.output import print_json, print_table, rough_time, say, short_time
from bot.errors import UsageError
from bot.model import Delivery, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.app import Application
    from bot.ports import Tx

app = Commands("The outbox: what was sent, what waits, what failed.")

_RETRIED = (DeliveryState.DEAD, DeliveryState.UNKNOWN)
_SEE = "see: chipwatch deliveries list"
Key = Annotated[str, typer.Argument(metavar="KEY", help="A delivery's key, or its beginning.")]


@app.command("list")
def list_(
    state: Annotated[
        str,
        typer.Option("--state", metavar="STATE", help="pending, sending, sent, unknown, dead or expired."),
    ] = "",
    limit: Limit = 50,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first, and the channels that get nothing now.

    [dim]Example: chipwatch deliveries list --state dead[/dim]
    """
    from bot.documents import unknown
    from bot.pipeline.alarm import untellable

    if state and state not in list(DeliveryState):
        raise UsageError(unknown("state", state, list(DeliveryState)))
    with looked_into(config, data) as application, application.store.read() as tx:
        now = application.deps.clock.now()
        found = tx.outbox.deliveries(state=DeliveryState(state) if state else None, limit=limit)
        kept = [*kept_waiting(tx, now)]
        untold = [alarm.text for alarm in untellable(application.deps, tx, now)]
    if as_json:
        print_json([_spell(delivery) for delivery in found])
        return
    print_table(
        ("key", "state", "age", "when", "tries", "from", "to", "subject", "note"),
        (_row(delivery, now) for delivery in found),
        empty=f"no delivery is {state}" if state else "the outbox is empty",
    )
    for line in kept:
        say(line)
    for text in untold:
        say(f"No channel is left to tell: {text}")


@app.command()
def show(key: Key, config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Show a delivery: how it stands, what it tells, and the message itself.

    [dim]Example: chipwatch deliveries show 3f2a9c[/dim]
    """
    from bot.core.letters import in_words

    with looked_into(config, data) as application, application.store.read() as tx:
        delivery = _known(tx, key)
        titles = {story_id: _title(tx, story_id) for story_id in delivery.stories}
        state = tx.queue.destinations().get(delivery.channel)
        channel = standing(state, application.deps.clock.now()) if state else ""
    headers, text = in_words(delivery.message)
    if as_json:
        told = {"stories": titles, "channel_is": channel, "headers": headers, "text": text}
        print_json(_spell(delivery) | told)
        return
    for line in _lines(delivery, titles.values(), channel):
        say(line)
    say()
    for name, value in headers.items():
        say(f"{name}: {value}")
    say(*[""] * bool(headers))
    say(text.rstrip())


@app.command()
def dead(
    limit: Limit = 50, config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False
) -> None:
    """List the dead letters: given up, kept, to be sent again by hand.

    [dim]Example: chipwatch deliveries dead[/dim]
    """
    list_(state="dead", limit=limit, config=config, data=data, as_json=as_json)


@app.command()
def retry(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY", help="Keys, or their beginnings, of dead or unknown ones."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
    unknown_too: Annotated[
        bool, typer.Option("--unknown", help="With --all: also what may have arrived, perhaps a second time.")
    ] = False,
    channel: Annotated[
        str, typer.Option("--channel", metavar="NAME", help="With --all: only those to this channel.")
    ] = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Send dead or unknown deliveries again, with the same bytes and the same key.

    [dim]Example: chipwatch deliveries retry --all --channel chat[/dim]
    """
    if bool(keys) == every:
        raise UsageError("name the keys to send again, or --all of them; see: chipwatch deliveries dead")
    if not every and (channel or unknown_too):
        raise UsageError("--channel and --unknown go with --all")
    with opened(config, data) as application, application.store.begin() as tx:
        if every:
            _known_channel(application, tx, channel)
            states = _RETRIED if unknown_too else (DeliveryState.DEAD,)
            chosen = [key for state in states for key in tx.outbox.keys(state, channel or None)]
        else:
            chosen = [_retried(_known(tx, key)) for key in keys or ()]
        now = application.deps.clock.now()
        count = tx.outbox.retry(chosen, now)
        kept = [*kept_waiting(tx, now)]
    say(f"{count} will be sent again; now, with: chipwatch deliver" if count else "no delivery is dead")
    for line in kept:
        say(line)


@app.command()
def enable(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="A channel that is disabled or paused.")],
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Send to a channel again that was disabled, or end its pause. What waited for it goes out.

    [dim]Example: chipwatch deliveries enable chat[/dim]
    """
    with opened(config, data) as application, application.store.begin() as tx:
        _known_channel(application, tx, channel)
        ended = tx.queue.enable(channel)
        count = tx.queue.waiting().get(channel, 0)
    if ended:
        say(f"“{channel}” is enabled; {count} waiting; now, with: chipwatch deliver")
    else:
        say(f"“{channel}” is neither disabled nor paused")


def _known(tx: Tx, key: str) -> Delivery:
    """The delivery whose key begins so. Raises UsageError."""
    found = tx.outbox.keyed(key)
    if len(found) == 1:
        return found[0]
    raise UsageError(f'"{key}" fits several; {_SEE}' if found else f'no delivery has the key "{key}"; {_SEE}')


def _retried(delivery: Delivery) -> str:
    if delivery.state not in _RETRIED:
        why = ": a digest tells what it told" if delivery.state is DeliveryState.EXPIRED else ""
        raise UsageError(
            f'"{delivery.key[:12]}" is neither dead nor unknown but {delivery.state.value}{why}; {_SEE}'
        )
    return delivery.key


def _known_channel(application: Application, tx: Tx, channel: str) -> None:
    from bot.documents import unknown

    known = [*dict.fromkeys([*application.deps.channels, *tx.queue.destinations()])]
    if channel and channel not in known:
        raise UsageError(unknown("channel", channel, known))


def _title(tx: Tx, story_id: str) -> str:
    story = tx.stories.get(story_id)
    return story.members[0].item.title if story else "(gone)"


def _row(delivery: Delivery, now: datetime) -> tuple[object, ...]:
    return (
        delivery.key[:12],
        delivery.state.value,
        rough_time(now - delivery.created_at),
        delivery.sent_at or delivery.due_at,
        delivery.attempt,
        delivery.origin,
        f"{delivery.channel}: {delivery.recipient}",
        delivery.message.subject,
        delivery.note,
    )


def _lines(delivery: Delivery, titles: Iterable[str], channel: str) -> Iterator[str]:
    yield delivery.message.subject
    yield f"  key       {delivery.key}"
    yield f"  from      {delivery.kind} {delivery.origin}"
    yield f"  to        {delivery.channel}: {delivery.recipient}{f' ({channel})' if channel else ''}"
    doubt = "; an attempt got no answer" if delivery.unanswered else ""
    yield f"  state     {delivery.state.value}{doubt}"
    yield f"  tries     {delivery.attempt}"
    yield f"  composed  {short_time(delivery.created_at)} UTC"
    if delivery.sent_at:
        yield f"  sent      {short_time(delivery.sent_at)} UTC"
    elif delivery.state is DeliveryState.PENDING:
        yield f"  due       {short_time(delivery.due_at)} UTC"
    if delivery.note:
        yield f"  note      {delivery.note}"
    for number, title in enumerate(titles):
        yield f"  {'stories' if not number else '':<9} {title}"
    yield f"  message   {delivery.message.content_type}, {len(delivery.message.body):,} bytes"


def _spell(delivery: Delivery) -> dict[str, Any]:
    row = asdict(delivery)
    del row["message"]
    return row | {
        "subject": delivery.message.subject,
        "content_type": delivery.message.content_type,
        "bytes": len(delivery.message.body),
    }
