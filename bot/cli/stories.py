"""``chipwatch stories``: find stories, say why each item is in one, and set right what grouping got wrong."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.explain_story import WhyStory
from bot.cli.known import known_item, known_story, known_topic
from bot.cli.opening import looked_into, opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, Since, Topic, Words, since
from bot.cli.output import print_json, print_table, say
from bot.cli.spelled import matched, spell_story
from bot.core.amounts import plural
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Member, Story
    from bot.ports import Tx

app = Commands(
    "Search the stories, newest first: chipwatch stories [WORD]…; its options: chipwatch stories list --help",
    otherwise="list",
    bare=True,
    epilog="Example: chipwatch stories --topic chip-deals --since 48h",
)

StoryId = Annotated[str, typer.Argument(metavar="STORY", help="A story's id, or its beginning.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; your login by default.")]
Because = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for people.")]


@app.command("list")
def list_(
    words: Words = None,
    topic: Topic = "",
    after: Since = "",
    explain: Annotated[
        str, typer.Option("--explain", metavar="STORY", help="Say of one story why each item is in it.")
    ] = "",
    limit: Limit = 50,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Search the stories, newest first. The word [bold]list[/bold] may be left out.

    [dim]Example: chipwatch stories list --explain 3f2a9c[/dim]
    """
    with looked_into(config, data) as application, application.store.read() as tx:
        if explain:
            told = WhyStory.of(application, tx, known_story(tx, explain))
            if as_json:
                print_json(told.spelled())
                return
            for line in told.lines():
                say(line)
            return
        found = tx.stories.search(
            topic=known_topic(application, topic),
            since=since(after, application.deps.clock.now()),
            words=words or (),
            limit=limit,
        )
    from bot.core.telling import title_of

    if as_json:
        print_json([spell_story(story) | {"title": title_of(story)} for story in found])
        return
    print_table(
        ("story", "last item", "items", "topics", "title"),
        (
            (
                story.id,
                story.last_seen,
                len(story.members),
                matched([verdict for member in story.members for verdict in member.verdicts]),
                title_of(story) + (" (muted)" if story.muted else ""),
            )
            for story in found
        ),
        empty="no story matches",
    )


@app.command()
def split(
    reference: StoryId,
    items: Annotated[
        list[str], typer.Argument(metavar="ITEM", help="Ids of its items, their beginnings, or addresses.")
    ],
    told: Annotated[
        bool, typer.Option("--told", help="Whoever was told of the story knows of these items as well.")
    ] = False,
    by: By = "",
    note: Because = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Make items a story of their own, which grouping never puts back.

    It counts as untold, since the other story hid it; with [bold]--told[/bold] it doesn't.

    [dim]Example: chipwatch stories split 3f2a9c 81d4aa 0c55f1[/dim]
    """
    from bot.pipeline.editing import split as take_apart

    with _editing(config, data) as (application, tx):
        story = known_story(tx, reference)
        chosen = {_member(tx, story, item).item.id for item in items}
        if len(chosen) == len(story.members):
            raise UsageError(f"these are all items of story {story.id}; leave one of them in it")
        new = take_apart(application.deps, tx, story, chosen, by=by or _who(), because=note, told=told)
        count = len(known_story(tx, new).members)
    left = plural(len(story.members) - count, "item")
    say(f"{plural(count, 'item')} split off as story {new}; {left} left in {story.id}")


@app.command()
def merge(
    reference: StoryId,
    others: Annotated[list[str], typer.Argument(metavar="OTHER", help="Stories that become part of it.")],
    by: By = "",
    note: Because = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Make other stories part of one. What a channel was told of any of them counts for the whole.

    [dim]Example: chipwatch stories merge 3f2a9c 81d4aa[/dim]
    """
    from bot.pipeline.editing import merge as put_together

    with _editing(config, data) as (application, tx):
        story = known_story(tx, reference)
        found = {other.id: other for other in (known_story(tx, each) for each in others)}
        if story.id in found:
            raise UsageError(f"story {story.id} can't become part of itself")
        put_together(application.deps, tx, story, list(found.values()), by=by or _who(), because=note)
    count = len(found)
    became = f"{count} {'story is' if count == 1 else 'stories are'} part of story {story.id} now"
    say(f"{became}; it is muted" if story.muted else became)


@app.command()
def mute(
    reference: StoryId,
    undo: Annotated[bool, typer.Option("--undo", help="Tell it again.")] = False,
    by: By = "",
    note: Because = "",
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
) -> None:
    """Tell nothing more of a story, nor of what joins it later: no alert, no digest, no update.

    [dim]Example: chipwatch stories mute 3f2a9c[/dim]
    """
    from bot.pipeline.editing import mute as silence

    with _editing(config, data) as (application, tx):
        story = known_story(tx, reference)
        if story.muted == (not undo):
            say(f"story {story.id} is {'not muted' if undo else 'muted already'}")
            return
        silence(application.deps, tx, story, muted=not undo, by=by or _who(), because=note)
    say(f"story {story.id} is {'heard again' if undo else 'muted'}")


@contextmanager
def _editing(config: Path, data: Path) -> Iterator[tuple[Application, Tx]]:
    """A transaction in which nobody groups: what is read of a story stays true until it is changed."""
    with opened(config, data) as application, application.store.begin() as tx:
        tx.grouping.hold(0)
        yield application, tx


def _member(tx: Tx, story: Story, reference: str) -> Member:
    item = known_item(tx, reference)
    for member in story.members:
        if member.item.id == item.id:
            return member
    raise UsageError(f"“{item.title}” ({item.id[:12]}) is not in story {story.id}")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user may have no name
        return "somebody"
