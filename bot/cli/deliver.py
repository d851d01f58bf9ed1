"""``chipwatch deliver``: one round now, told by destination."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir
from bot.cli.output import print_json, print_table, say, short_time
from bot.core.amounts import plural
from bot.model import DeliveryState, Destination, Settlement

if TYPE_CHECKING:
    from datetime import datetime

    from bot.ports import Tx

_STATES = (
    (DeliveryState.SENT, "sent"),
    (DeliveryState.PENDING, "again later"),
    (DeliveryState.UNKNOWN, "unknown"),
    (DeliveryState.EXPIRED, "expired"),
    (DeliveryState.DEAD, "dead"),
)


def deliver(config: ConfigDir = CONFIG, data: DataDir = DATA, as_json: AsJson = False) -> None:
    """Send what is due now; a row a destination.

    [dim]Example: chipwatch deliver[/dim]
    """
    from bot.cli.progress import counted
    from bot.pipeline.deliver import send
    from bot.runtime.lifecycle import delivering

    settled: list[Settlement] = []
    with opened(config, data) as application, delivering(application.configuration.data):
        deps = application.deps
        with application.store.read() as tx:
            due = sum(tx.queue.waiting().values())
        with counted("sending", due) as advance:
            for each in send(deps):
                settled.append(each)
                advance(each.channel)
        with application.store.read() as tx:
            kept = [*kept_waiting(tx, deps.clock.now())]
    if as_json:
        print_json([_spell(each) for each in settled])
    else:
        columns = ("destination", *(name for _, name in _STATES), "next try", "note")
        print_table(columns, _rows(settled), empty="nothing is due")
        for line in kept:
            say(line)
    if any(each.state is not DeliveryState.SENT for each in settled):
        raise typer.Exit(1)


def kept_waiting(tx: Tx, now: datetime) -> Iterator[str]:
    """A line for each channel that gets nothing now, with the reason."""
    waiting = tx.queue.waiting()
    for name, state in tx.queue.destinations().items():
        if told := standing(state, now):
            count = waiting.get(name, 0)
            yield f"“{name}” is {told}; {plural(count, 'message')} to it wait{'s' * (count == 1)}"


def standing(state: Destination, now: datetime) -> str:
    """Why nothing goes to a channel now, in words; empty where that is not so."""
    if state.disabled_at:
        since = short_time(state.disabled_at)
        return (
            f"disabled since {since} UTC ({state.disabled_why}): chipwatch deliveries enable {state.channel}"
        )
    if state.paused_until and state.paused_until > now:
        return f"paused until {short_time(state.paused_until)} UTC ({state.paused_why})"
    return ""


def _rows(settled: Sequence[Settlement]) -> Iterator[tuple[object, ...]]:
    by_channel: Mapping[str, list[Settlement]] = defaultdict(list)
    for each in settled:
        by_channel[each.channel].append(each)
    for channel, some in sorted(by_channel.items()):
        counts = Counter(each.state for each in some)
        next_try = min((each.due_at for each in some if each.due_at), default=None)
        trouble = [each.note for each in some if each.state is not DeliveryState.SENT]
        yield (
            channel,
            *(counts[state] or None for state, _ in _STATES),
            next_try,
            (trouble or [some[-1].note])[-1],
        )


def _spell(each: Settlement) -> dict[str, Any]:
    return {
        "key": each.key,
        "channel": each.channel,
        "state": each.state.value,
        "attempt": each.attempt,
        "due_at": each.due_at,
        "note": each.note,
    }
