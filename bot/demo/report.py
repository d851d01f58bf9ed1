"""What the demo prints: for somebody who sees chipwatch for the first time."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import Application
from bot.configuration import Configuration
from bot.core.amounts import plural
from bot.core.telling import tell
from bot.errors import ChipwatchError
from bot.model import Delivery, DeliveryState
from bot.pipeline.poll import PollReport
from bot.pipeline.telling import background
from bot.ports import Tx

_WIDEST = 130


def _console() -> Console:
    return Console(
        width=min(_WIDEST, max(80, shutil.get_terminal_size((_WIDEST, 24)).columns)), highlight=False
    )


def introduce(configuration: Configuration) -> None:
    catalogue = configuration.catalogue
    topics = ", ".join(topic.title for topic in catalogue.topics)
    negatives = sum(not exemplar.topics for exemplar in catalogue.exemplars)
    _console().print(
        f"\n[bold]chipwatch[/bold] reads feeds and tells you once, with its reasons, when something "
        f"happens.\n\nIt watches [bold]{topics}[/bold]: queries, {len(catalogue.entities)} named "
        f"companies, chips and people, and {len(catalogue.exemplars)} example articles, {negatives} of "
        f"them about what you do [i]not[/i] want. The {len(catalogue.feeds)} sample feeds are invented; "
        f"HTTP, SMTP and webhooks are real, on loopback.\n"
    )


def tell_polls(reports: Sequence[PollReport]) -> None:
    console = _console()
    table = _table("1 · Poll: every feed over HTTP", ("feed", "format", "items", "what happened"))
    for report in sorted(reports, key=lambda report: report.feed.title):
        document = report.reading.document if report.reading else None
        trouble = report.plan.failed
        note = report.plan.state.last_result if trouble else "; ".join(document.faults if document else ())
        table.add_row(
            Text(report.feed.title),
            document.format if document else "–",
            str(len(report.plan.new)),
            Text(note or "read", style="red" if trouble else "yellow" if note else "green"),
        )
    console.print(table)
    items = sum(len(report.plan.new) for report in reports)
    broken = sum(report.plan.failed for report in reports)
    named = f"{plural(broken, 'feed')} failed and {'is' if broken == 1 else 'are'} named"
    console.print(f"{plural(items, 'item')} from {plural(len(reports), 'feed')}; {named}.\n")


def tell_stories(application: Application) -> None:
    """Every story that is news on a topic, with its reasons as a message gives them."""
    console = _console()
    deps = application.deps
    topics, against = list(deps.topics), background(deps)
    with application.store.read() as tx:
        found = tx.stories.search(topic=None, since=None, words=(), limit=1000)
        items = sum(len(story.members) for story in found)
    news = [told for story in found if (told := tell(story, topics, None, against))]
    news.sort(key=lambda told: (-told.items, told.id))
    table = _table(
        "2 · Judge and group: what is news on a topic, one row a story",
        ("story", "items", "sources", "why"),
    )
    for told in news:
        table.add_row(
            Text(told.title), str(told.items), str(len(told.sources)), Text("\n".join(told.because))
        )
    console.print(table)
    console.print(
        f"{plural(items, 'item')} in {plural(len(found), 'story')}; "
        f"{plural(len(news), 'story')} {'is' if len(news) == 1 else 'are'} news on a topic. "
        "Copies of one wire text count as one source.\n"
    )


def tell_messages(application: Application) -> None:
    console = _console()
    with application.store.read() as tx:
        deliveries = list(reversed(tx.outbox.deliveries(state=None, limit=1000)))
    table = _table("3 · Tell: alerts at once, the rest in the digest", ("to", "state", "stories", "subject"))
    for delivery in deliveries:
        sent = delivery.state is DeliveryState.SENT
        table.add_row(
            f"{delivery.origin} → {delivery.channel}",
            Text(delivery.state.value, style="green" if sent else "red"),
            str(len(delivery.stories)),
            Text(delivery.message.subject),
        )
    console.print(table)
    console.print()
    _check_sent(deliveries)


def _check_sent(deliveries: Sequence[Delivery]) -> None:
    unsent = [delivery for delivery in deliveries if delivery.state is not DeliveryState.SENT]
    if unsent or not deliveries:
        problem = unsent[0].note if unsent else "nothing was composed"
        raise ChipwatchError(f"the demo's messages did not arrive: {problem}")


def tell_second(reports: Sequence[PollReport], messages: int) -> None:
    """The proof that nothing is told twice. Raises ChipwatchError where something was."""
    console = _console()
    unchanged = sum(report.plan.result == "unchanged" for report in reports)
    items = sum(len(report.plan.new) for report in reports)
    console.print("[bold]4 · Once more: the same feeds, polled again[/bold]\n")
    console.print(
        f"{plural(unchanged, 'feed')} unchanged, {plural(items, 'new item')}, "
        f"{plural(messages, 'message')}: nothing is told twice.\n"
    )
    if items or messages:
        raise ChipwatchError(f"the second poll took in {items} items and told {messages} messages")


def tell_later(application: Application, since: datetime) -> None:
    """What was told from ``since`` on, and what is new in it. Raises ChipwatchError where nothing was."""
    console = _console()
    table = _table(
        "5 · Two hours later: one feed has news of a story that was told", ("to", "subject", "why now")
    )
    with application.store.read() as tx:
        deliveries = [
            delivery
            for delivery in reversed(tx.outbox.deliveries(state=None, limit=1000))
            if delivery.created_at >= since
        ]
        for delivery in deliveries:
            route = f"{delivery.origin} → {delivery.channel}"
            table.add_row(route, Text(delivery.message.subject), Text(_why_now(tx, delivery)))
    console.print(table)
    console.print("An update goes into the thread of the first telling, where a channel has threads.\n")
    _check_sent(deliveries)


def _why_now(tx: Tx, delivery: Delivery) -> str:
    news = [
        reason
        for story in delivery.stories
        for decision in tx.updates.of_story(story)
        if decision.material and decision.channel == delivery.channel
        for reason in decision.reasons
    ]
    return f"new: {'; '.join(news)}" if news else "waited for the hour's alert budget"


def conclude(folder: Path, seconds: float) -> None:
    console = _console()
    console.print(f"[bold]Look at what was received[/bold] ({seconds:.0f} s for all of it)\n")
    wanted = ("mail-1.html", "mail-1.txt", "mail-1.eml", "mail-2.html", "slack-1.json", "webhook-1.json")
    for name in wanted:
        if (folder / name).exists():
            console.print(Text(f"  {folder / name}"), soft_wrap=True)
    console.print("\nAnd ask it why, about any item:\n")
    command = _command()
    where = f"--config {quote(str(folder / 'config'))} --data {quote(str(folder / 'data'))}"
    console.print(Text(f"  {command} items --topic mtia {where}"), soft_wrap=True)
    console.print(Text(f"  {command} why ITEM {where}"), soft_wrap=True)
    console.print(Text(f"  {command} stories --explain STORY {where}\n"), soft_wrap=True)


def _command() -> str:
    """How to call chipwatch from here: by its name, or through the Python that runs the demo."""
    if shutil.which("chipwatch"):
        return "chipwatch"
    home = Path(sys.prefix)
    here = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    return f"{here}/bin/python -m bot"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in ("items", "sources", "stories") else "left"
        )
    return table
