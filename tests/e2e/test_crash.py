"""``kill -9`` while polling, composing and sending, then a restart: nothing lost, nothing doubled."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from bot.app import opened
from bot.configuration import read_configuration
from tests.e2e.world import NEWS, Daemon, World, configure, serving, until

FEEDS = len(NEWS)
SEED = 20261122


@pytest.mark.slow
def test_a_daemon_killed_again_and_again_tells_every_story_once(tmp_path: Path) -> None:
    """Killed in the 5th and 14th poll, the 2nd and 9th webhook, the 1st and 2nd letter, and by chance."""
    world = World(feeds=FEEDS)
    daemon = Daemon(tmp_path)
    due = {("poll", 5), ("poll", 14), ("hook", 2), ("hook", 9), ("mail", 1), ("mail", 2)}
    killed = []

    def kill(what: str, count: int) -> None:
        if (what, count) in due:
            due.discard((what, count))
            killed.append((what, count))
            daemon.kill()

    with serving(world) as ports:
        configure(tmp_path, world, ports)
        world.at_moment = kill
        chance = random.Random(SEED)
        for _ in range(3):
            daemon.start()
            until(
                lambda: daemon.process is not None and daemon.process.poll() is not None, 1 + chance.random()
            )
            daemon.kill()
            daemon.wait()

        def all_told() -> bool:
            if daemon.process is not None and daemon.process.poll() is not None:
                daemon.start()
            return len(set(world.titles_by_hook())) >= FEEDS and len(world.letters_by_id()) >= 2

        assert until(all_told, within=200), daemon.log[-3000:]
        assert not due
        # Whatever would be told twice gets its chance.
        settled = len(world.letters)
        until(lambda: len(world.letters) > settled, within=3)
        assert daemon.terminate() == 0

    # Told: every story once at receivers that honour the key, always with the same bytes.
    assert Counter(world.titles_by_hook()) == Counter(dict.fromkeys(set(world.titles_by_hook()), 1))
    assert len(world.titles_by_hook()) == FEEDS
    assert all(len(bodies) == 1 for bodies in world.told_by_hook.values())
    # A kill between request and settling is the only reason for a repeat.
    assert len(world.hooks) - len(world.told_by_hook) <= sum(what == "hook" for what, _ in killed) + 3
    letters = world.letters_by_id()
    assert all(len(copies) == 1 for copies in letters.values())
    assert len(letters) == 2  # one digest, two recipients

    # Stored: every item once, judged and placed.
    with (
        opened(read_configuration(tmp_path / "config", tmp_path / "data")) as application,
        application.store.read() as tx,
    ):
        items = [item for item, _ in tx.items.search(topic=None, since=None, words=(), limit=1000)]
        assert Counter(item.title for item in items).most_common(1)[0][1] == 1
        assert len(items) == FEEDS * 2
        assert all(tx.items.verdicts(item.id) for item in items)
        assert all(tx.stories.placement(item.id) for item in items)
        assert not [each for each in tx.outbox.deliveries(state=None, limit=1000) if each.state != "sent"]


@pytest.mark.parametrize("moment", ["poll", "hook"])
def test_sigterm_in_the_middle_ends_in_time_and_loses_nothing(tmp_path: Path, moment: str) -> None:
    world = World(feeds=FEEDS)
    daemon = Daemon(tmp_path)

    def stop(what: str, count: int) -> None:
        if (what, count) == (moment, 3) and daemon.process is not None:
            daemon.process.terminate()

    with serving(world) as ports:
        configure(tmp_path, world, ports)
        world.at_moment = stop
        daemon.start()
        assert daemon.wait(20) == 0
        world.at_moment = lambda _what, _count: None
        daemon.start()
        assert until(lambda: len(world.titles_by_hook()) >= FEEDS), daemon.log[-3000:]
        assert daemon.terminate() == 0
    assert len(world.hooks) == FEEDS
