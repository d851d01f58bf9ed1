"""``chipwatch stories``: find stories, say why each item is in one, and set right what grouping got wrong."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.commands import Commands
from bot.cli.explain import (
    known_item,
    known_topic,
    matched,
    rule_lines,
    spell_delivery,
    spell_story,
    update_lines,
    waits_for,
)
from bot.cli.opening import opened
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, Since, Topic, Words, since
from bot.cli.output import print_json, print_table, say, short_time
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.app import Application
    from bot.model import Delivery, Member, Placing, Story, StoryEdit
    from bot.pipeline.alert import Reason
    from bot.ports import Tx

app = Commands(
    "Search the stories, newest first: chipwatch stories [WORD]…; its options: chipwatch stories list --help",
    otherwise="list",
    bare=True,
    epilog="Example: chipwatch stories --topic chip-deals --since 48h",
)

_SHORTEST = 6

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
    with opened(config, data) as application, application.store.read() as tx:
        if explain:
            _explain(application, tx, known_story(tx, explain), as_json=as_json)
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
    say(f"{_items(count)} split off as story {new}; {_items(len(story.members) - count)} left in {story.id}")


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


def known_story(tx: Tx, reference: str) -> Story:
    """A story by its id or the beginning of it, or those of one that became part of it. Raises UsageError."""
    found = tx.edits.find(reference) if reference else ()
    story = tx.stories.get(found[0]) if len(found) == 1 else None
    if story is not None and (len(reference) >= _SHORTEST or reference == story.id):
        return story
    problem = (
        f'"{reference}" fits several stories' if len(found) > 1 else f'no story is known by "{reference}"'
    )
    raise UsageError(
        f"{problem}; write six or more characters of its id; find one with: chipwatch stories WORD"
    )


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


def _items(count: int) -> str:
    return f"{count} item{'s' * (count != 1)}"


# ── explaining ───────────────────────────────────────────────────────────────────────────────────


def _explain(application: Application, tx: Tx, story: Story, *, as_json: bool) -> None:
    from bot.core.telling import relation_to_corpus, title_of
    from bot.pipeline.alert import why_alerted
    from bot.pipeline.telling import background

    rules = why_alerted(application.deps, tx, story)
    placings, edits = tx.edits.placings(story.id), tx.edits.history(story.id)
    sent = tx.outbox.deliveries(state=None, limit=100, story_id=story.id)
    decisions = tx.updates.of_story(story.id)
    relation = relation_to_corpus(story, list(application.deps.topics), background(application.deps))
    if as_json:
        spelled = spell_story(story)
        for item in spelled["items"]:
            placing = placings[item["id"]]
            item |= {"placed_at": placing.at, "placed_in": placing.story_id}
        told = {
            "title": title_of(story),
            "relation": relation,
            "edits": [asdict(edit) for edit in edits],
            "deliveries": [spell_delivery(delivery) for delivery in sent],
            "alerts": [asdict(rule) for rule in rules],
            "decisions": [asdict(decision) for decision in decisions],
        }
        print_json(spelled | told)
        return
    for line in (
        *_head_lines(story, title_of(story), relation),
        *_member_lines(story, placings),
        *_edit_lines(edits),
        *_told_lines(application, story, sent, rules),
        *rule_lines(rules),
        *update_lines(decisions),
    ):
        say(line)


def _head_lines(story: Story, title: str, relation: str) -> Iterator[str]:
    yield title
    yield f"  story {story.id}: {_items(len(story.members))}"
    yield f"  seen {short_time(story.first_seen)} to {short_time(story.last_seen)} UTC"
    if relation:
        yield f"  {relation}"
    if story.muted:
        yield "  muted: nothing is told of it"


def _member_lines(story: Story, placings: Mapping[str, Placing]) -> Iterator[str]:
    for member in story.members:
        placement, placing = member.placement, placings[member.item.id]
        yield ""
        yield f"{member.item.id[:12]}  {member.source}: {member.item.title}"
        surely = (
            f" ({placement.similarity:.0%} sure)" if placement.similarity and not placement.copy_of else ""
        )
        yield f"  {placement.because or 'opens it'}{surely}"
        elsewhere = f" in story {placing.story_id}" if placing.story_id != story.id else ""
        yield f"  placed {short_time(placing.at)} UTC by grouping{elsewhere}"


def _edit_lines(edits: Sequence[StoryEdit]) -> Iterator[str]:
    if edits:
        yield ""
        yield "Changed:"
    for edit in edits:
        note = f" ({edit.because})" if edit.because else ""
        yield f"  {short_time(edit.at)} UTC by {edit.by}: {_done(edit)}{note}"


def _done(edit: StoryEdit) -> str:
    from bot.model import EditKind

    match edit.kind:
        case EditKind.MERGE:
            return f"story {edit.other} became part of story {edit.story_id}"
        case EditKind.SPLIT:
            return f"{_items(len(edit.items))} split off from story {edit.story_id} as story {edit.other}"
        case EditKind.MUTE:
            return "muted"
        case EditKind.UNMUTE:
            return "heard again"


def _told_lines(
    application: Application, story: Story, sent: Sequence[Delivery], rules: Sequence[Reason]
) -> Iterator[str]:
    yield ""
    yield "Told:" if sent else f"Not told: {_why_not_told(application, story, rules)}"
    for delivery in sent:
        when = short_time(delivery.sent_at or delivery.due_at)
        note = f" ({delivery.note})" if delivery.note else ""
        route = f"{delivery.origin} by {delivery.channel} to {delivery.recipient}"
        yield f"  {delivery.state.value:<8} {when}  {route}{note}"


def _why_not_told(application: Application, story: Story, rules: Sequence[Reason]) -> str:
    topics = {verdict.topic_id for member in story.members for verdict in member.verdicts}
    if not topics:
        return "it matches no topic."
    baseline = all(member.item.baseline for member in story.members)
    return waits_for(application, topics, rules, baseline=baseline, muted=story.muted)
