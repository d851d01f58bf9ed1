"""After the last kill: is every story told, and told once?"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bot.app import opened
from bot.configuration import read_configuration
from bot.model import DeliveryState
from tests.chaos.world import HELD, RECIPIENTS, RESENT, World


def in_the_air(database: Path) -> set[tuple[str, str, int]]:
    """Channel, key and number of each attempt that had begun and not reported when the bot was killed."""
    with closing(sqlite3.connect(database, timeout=10)) as connection:
        rows = connection.execute("SELECT channel, key, attempt FROM deliveries WHERE state = 'sending'")
        return {(str(channel), str(key), int(attempt)) for channel, key, attempt in rows}


def unsure(folder: Path) -> set[str]:
    """Headlines in deliveries of the chat that holds what got no answer, which nobody knows to be told."""
    with (
        opened(read_configuration(folder / "config", folder / "data")) as application,
        application.store.read() as tx,
    ):
        held = tx.outbox.deliveries(state=DeliveryState.UNKNOWN, limit=100_000)
        stories = [tx.stories.get(story) for each in held for story in each.stories]
    return {member.item.title for story in stories if story for member in story.members}


def untold(folder: Path, world: World) -> Iterator[str]:
    """What is still missing somewhere."""
    titles = set(world.titles)
    for missing in titles - set(world.told_by_hook()):
        yield f"hook: {missing}"
    for recipient in RECIPIENTS:
        for missing in titles - set(world.told_by_mail(recipient)):
            yield f"{recipient}: {missing}"
    for missing in titles - set(world.told_in(RESENT)):
        yield f"{RESENT}: {missing}"
    if still := titles - set(world.told_in(HELD)):
        for missing in still - unsure(folder):
            yield f"{HELD}: {missing}"


def faults(folder: Path, world: World, air: Counter[str]) -> Iterator[str]:
    """Every promise that was broken, in words. ``air``: channel → requests that a kill cut short."""
    yield from (f"never told: {each}" for each in untold(folder, world))
    received = {"hook": (world.hook_bodies(), world.told_by_hook())} | {
        recipient: (world.letter_bodies(recipient), world.told_by_mail(recipient)) for recipient in RECIPIENTS
    }
    for where, (bodies, told) in received.items():
        yield from (f"{where}: {key} came with different bytes" for key in bodies if len(bodies[key]) > 1)
        yield from (f"{where}: told {count} times: {title}" for title, count in told.items() if count > 1)
    yield from (f"{HELD}: doubled: {title}" for title, count in world.told_in(HELD).items() if count > 1)
    doubles = sum(count - 1 for count in world.told_in(RESENT).values())
    if doubles > air[RESENT]:
        yield f"{RESENT}: {doubles} doubles after {air[RESENT]} requests that a kill cut short"
    yield from _stored(folder, world, air)


def _stored(folder: Path, world: World, air: Counter[str]) -> Iterator[str]:
    with closing(sqlite3.connect(folder / "data/chipwatch.db")) as connection:
        ((answer,),) = connection.execute("PRAGMA integrity_check").fetchall()
        if answer != "ok":
            yield f"the database is damaged: {answer}"
    with (
        opened(read_configuration(folder / "config", folder / "data")) as application,
        application.store.read() as tx,
    ):
        items = [item for item, _ in tx.items.search(topic=None, since=None, words=(), limit=100_000)]
        if len(items) != 2 * world.feeds or len({item.title for item in items}) != len(items):
            yield f"{len(items)} items are stored of {2 * world.feeds} published"
        yield from (f"not judged: {item.title}" for item in items if not tx.items.verdicts(item.id))
        yield from (f"in no story: {item.title}" for item in items if not tx.stories.placement(item.id))
        left = [each for each in tx.outbox.deliveries(state=None, limit=100_000) if each.state != "sent"]
    unknown = [each for each in left if each.state == DeliveryState.UNKNOWN and each.channel == HELD]
    yield from (f"{each.channel}: left {each.state}: {each.note}" for each in left if each not in unknown)
    if len(unknown) > air[HELD]:
        yield f"{HELD}: {len(unknown)} are held after {air[HELD]} requests that a kill cut short"
