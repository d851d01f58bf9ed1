"""Looking at what was stored, and why: items, and the whole decision about an item, a story or a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.known import Candidates, candidates, known_topic, unknown_item
from bot.cli.opening import looked_into
from bot.cli.options import CONFIG, DATA, AsJson, ConfigDir, DataDir, Limit, Since, Topic, Words, since
from bot.cli.output import print_json, print_table, say
from bot.cli.spelled import matched, scores, spell_item
from bot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.app import Application
    from bot.ports import Tx


def items(
    words: Words = None,
    topic: Topic = "",
    after: Since = "",
    limit: Limit = 50,
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Search the stored items, newest first.

    [dim]Example: chipwatch items --topic mtia --since 7d broadcom[/dim]
    """
    with looked_into(config, data) as application, application.store.read() as tx:
        found = tx.items.search(
            topic=known_topic(application, topic),
            since=since(after, application.deps.clock.now()),
            words=words or (),
            limit=limit,
        )
    if as_json:
        print_json([spell_item(item) | {"topics": scores(verdicts)} for item, verdicts in found])
        return
    print_table(
        ("item", "published", "topics", "title"),
        (
            (item.id[:12], item.published or item.seen_at, matched(verdicts), item.title)
            for item, verdicts in found
        ),
        empty="no item matches",
    )


def why(
    reference: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="An item's id or address, a story's id, or a delivery's key; of ids and keys the beginning.",
        ),
    ],
    config: ConfigDir = CONFIG,
    data: DataDir = DATA,
    as_json: AsJson = False,
) -> None:
    """Tell how something came about: an item, a story or a delivery; and what was told of it, or why not.

    [dim]Example: chipwatch why https://example.org/news/chip[/dim]
    """
    with looked_into(config, data) as application, application.store.read() as tx:
        spelled, lines = _explanation(application, tx, reference, candidates(tx, reference))
        if as_json:
            print_json(spelled())
            return
        told = list(lines)
    for line in told:
        say(line)


def _explanation(
    application: Application, tx: Tx, reference: str, found: Candidates
) -> tuple[Any, Iterable[str]]:
    """How to spell it for programs, and its lines for people. Raises UsageError."""
    from bot.cli.explain_delivery import WhyDelivery
    from bot.cli.explain_item import WhyItem
    from bot.cli.explain_story import WhyStory
    from bot.cli.explain_unseen import unseen

    if len(found) > 1:
        raise UsageError(f'"{reference}" fits several; write more of it:\n{found}')
    for item in found.items:
        item_told = WhyItem.of(application, tx, item)
        return item_told.spelled, item_told.lines()
    for story in found.stories:
        story_told = WhyStory.of(application, tx, story)
        return story_told.spelled, story_told.lines()
    for delivery in found.deliveries:
        delivery_told = WhyDelivery.of(application, tx, delivery)
        return delivery_told.spelled, delivery_told.lines()
    raise UsageError("\n".join([unknown_item(reference), *unseen(application, tx, reference)]))
