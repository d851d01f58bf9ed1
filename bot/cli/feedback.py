"""``chipwatch feedback``: tell whether an item is on a topic, and let the bot learn from it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.backtest import SINCE, pending_effect, replay, show, spell
from bot.cli.commands import Commands
from bot.cli.known import known_item, known_topic
from bot.cli.opening import looked_into, opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, since
from bot.cli.output import print_json, print_table, say
from bot.core.amounts import plural
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Answer

app = Commands(
    "Tell whether an item is on a topic: chipwatch feedback ITEM TOPIC yes|no",
    otherwise="answer",
    epilog="Example: chipwatch feedback 3f2a9c mtia no --note 'a game console'",
)

_YES, _NO = ("yes", "y"), ("no", "n")

Reference = Annotated[str, typer.Argument(metavar="ITEM", help="An item's id, its beginning, or an address.")]
TopicName = Annotated[str, typer.Argument(metavar="TOPIC", help="Id of a topic.")]


@app.command()
def answer(
    reference: Reference,
    topic: TopicName,
    verdict: Annotated[str, typer.Argument(metavar="yes|no", help="Whether the item is on the topic.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for people.")] = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Say whether an item is on a topic. The word [bold]answer[/bold] may be left out.

    The answer waits until it is adopted, unless the configuration says [bold]adopt = "auto"[/bold].

    [dim]Example: chipwatch feedback answer https://example.org/news/chip mtia yes[/dim]
    """
    from bot.pipeline.feedback import answer as keep

    said = verdict.casefold()
    if said not in (*_YES, *_NO):
        raise UsageError(f'"{verdict}" is no answer; write yes or no')
    with opened(config, data) as application:
        known_topic(application, topic)
        with application.store.read() as tx:
            item = known_item(tx, reference)
        kept = keep(application.deps, item, topic, yes=said in _YES, note=note)
        say(f"kept {kept.id[:12]}: “{item.title}” {_said(kept)}")
        if application.configuration.settings.judging.adopt == "auto":
            _adopt_if_sound(application, topic)
        else:
            say("pending; see what it would change, and adopt it, with: chipwatch feedback adopt")


def _adopt_if_sound(application: Application, topic: str) -> None:
    from bot.pipeline.feedback import adopt as put_into_effect
    from bot.pipeline.feedback import after_adopting, topics_made_worse

    deps = application.deps
    with deps.store.read() as tx:
        standing = tx.feedback.answers()
    pending = [each.id for each in standing if each.pending and each.topic_id == topic]
    if topic in topics_made_worse(deps, after_adopting(standing, pending)):
        say(f"pending: with it the answers to {topic} would be met worse than without any")
        say("adopt it all the same with: chipwatch feedback adopt")
        return
    changed = put_into_effect(deps, pending)
    say(f"adopted; {changed} stored verdicts changed")


@app.command()
def adopt(
    yes: Annotated[bool, typer.Option("--yes", help="Adopt without asking.")] = False,
    after: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Show what would change of items seen later.")
    ] = SINCE,
    limit: Limit = 20,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Show what the pending answers would change, ask, and give them their effect.

    [dim]Example: chipwatch feedback adopt --since 7d[/dim]
    """
    from bot.pipeline.feedback import adopt as put_into_effect
    from bot.pipeline.feedback import after_adopting, topics_made_worse

    with opened(config, data) as application:
        deps = application.deps
        with deps.store.read() as tx:
            standing = tx.feedback.answers()
        pending = [each.id for each in standing if each.pending]
        if not pending:
            _tell_none(as_json=as_json)
            return
        begin = since(after, deps.clock.now())
        tally = replay(application, pending_effect(application), begin, limit)
        worse = topics_made_worse(deps, after_adopting(standing, pending))
        if not as_json:
            show(tally, begin, f"with {plural(len(pending), 'pending answer')}")
            for topic in worse:
                say(f"{topic}: its answers, predicted from each other, would be met worse than without any")
        if not (yes or _asked(as_json=as_json)):
            raise UsageError("nothing is adopted; to adopt without being asked, add --yes")
        changed = put_into_effect(deps, pending)
    if as_json:
        print_json({"adopted": len(pending), "verdicts": changed, "worse": worse, "backtest": spell(tally)})
    else:
        say(f"{plural(len(pending), 'answer')} adopted; {plural(changed, 'stored verdict')} changed")


def _tell_none(*, as_json: bool) -> None:
    if as_json:
        print_json({"adopted": 0, "verdicts": 0, "worse": [], "backtest": None})
    else:
        say("no answer is pending")


def _asked(*, as_json: bool) -> bool:
    return not as_json and sys.stdin.isatty() and typer.confirm("Adopt?")


@app.command("list")
def list_(
    withdrawn: Annotated[bool, typer.Option("--all", help="Also those that were withdrawn.")] = False,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """List the answers, the latest first.

    [dim]Example: chipwatch feedback list[/dim]
    """
    with looked_into(config, data) as application, application.store.read() as tx:
        found = tx.feedback.answers(withdrawn=withdrawn)[::-1]
    if as_json:
        print_json([_spell(each) for each in found])
        return
    print_table(
        ("answer", "item", "topic", "says", "state", "answered", "title", "note"),
        (
            (
                each.id[:12],
                each.item_id[:12],
                each.topic_id,
                "yes" if each.yes else "no",
                state(each),
                each.answered_at,
                each.title,
                each.note,
            )
            for each in found
        ),
        empty="no answers",
    )


@app.command()
def withdraw(
    reference: Annotated[
        str, typer.Argument(metavar="ANSWER|ITEM", help="An answer's id or its beginning; or an item.")
    ],
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="With an item: of which topic.")] = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Take an answer back; the verdicts are again what they would be without it.

    [dim]Example: chipwatch feedback withdraw 3f2a9c mtia[/dim]
    """
    from bot.pipeline.feedback import withdraw as take_back

    with opened(config, data) as application:
        with application.store.read() as tx:
            standing = tx.feedback.answers()
            if topic:
                item = known_item(tx, reference)
                chosen = [each for each in standing if (each.item_id, each.topic_id) == (item.id, topic)]
            else:
                chosen = [each for each in standing if each.id.startswith(reference)]
        about = {(each.item_id, each.topic_id) for each in chosen}
        if not reference or len(about) != 1:
            problem = "fits several answers" if chosen else "names no answer that stands"
            raise UsageError(f'"{reference}" {problem}; see: chipwatch feedback list')
        changed = take_back(application.deps, [each.id for each in chosen])
    say(f"{plural(len(chosen), 'answer')} withdrawn; {plural(changed, 'stored verdict')} changed")


def state(given: Answer) -> str:
    """``pending``, ``adopted`` or ``withdrawn``."""
    return "pending" if given.pending else "adopted" if given.adopted else "withdrawn"


def _said(given: Answer) -> str:
    return f"is {'' if given.yes else 'not '}{given.topic_id}"


def _spell(given: Answer) -> dict[str, Any]:
    kept = asdict(given)
    del kept["summary"], kept["body"]
    return kept | {"state": state(given)}
