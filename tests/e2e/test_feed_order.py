"""In whatever order the demo's feeds answer: the same articles, the same stories, told in the same words.

Among the feeds are a search feed and aggregators, which have articles of the others under their own dates and
headlines.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from bot.app import opened
from bot.configuration import read_configuration, starter_folder
from bot.core.telling import tell
from bot.demo.run import MORNING
from bot.demo.servers import Site, feed_server, read_sites
from bot.pipeline.poll import poll
from bot.pipeline.telling import background
from bot.pipeline.triage import triage
from tests.e2e.laboratory import LOOPBACK
from tests.fakes import FixedClock

# As in the demo, so that none of its articles counts as old. One that is old by its publisher's date and not
# by an aggregator's is old or not by which was asked first.
BASELINE = '[schedule]\nbaseline_age = "30h"\n'


@dataclass(frozen=True)
class Seen:
    """What a bot made of the feeds, without ids, which follow from who had an article first."""

    items: Set[tuple[str, str, str]]
    stories: Set[frozenset[str]]
    told: Set[tuple[object, ...]]


def seen(folder: Path, sites: Sequence[Site], server: str, chance: random.Random) -> Seen:
    config, listed = folder / "config", [*sites]
    chance.shuffle(listed)
    for name in ("topics", "corpus"):
        shutil.copytree(starter_folder() / name, config / name)
    shutil.copy(starter_folder() / "entities.toml", config)
    (config / "chipwatch.toml").write_text(LOOPBACK + BASELINE)
    tables = [
        f"[[feed]]\nurl = {json.dumps(server + site.path)}\ntags = {json.dumps(site.tags)}\n"
        for site in listed
    ]
    (config / "feeds.toml").write_text("\n".join(tables))
    clock = FixedClock(MORNING)
    with opened(read_configuration(config, folder / "data", clock), clock) as application:
        application.subscribe()
        deps = application.deps
        order = list(deps.feeds)
        chance.shuffle(order)
        for feed in order:
            list(poll(deps, [feed]))
        triage(deps)
        against = background(deps)
        with application.store.read() as tx:
            stories = tx.stories.search(topic=None, since=None, words=(), limit=1000)
    told = [each for story in stories if (each := tell(story, list(deps.topics), None, against))]
    return Seen(
        items={
            (member.item.url, member.item.title, str(member.item.published))
            for story in stories
            for member in story.members
        },
        stories={frozenset(member.item.url for member in story.members) for story in stories},
        told={
            (
                one.title,
                one.url,
                one.published,
                one.lead,
                one.facts,
                *((each.name, each.copies) for each in one.sources),
            )
            for one in told
        },
    )


def test_nothing_follows_from_the_order(tmp_path: Path) -> None:
    sites = tuple(replace(site, delay=0.0) for site in read_sites(starter_folder() / "demo"))
    with feed_server(sites) as server:
        usual, *others = (seen(tmp_path / str(seed), sites, server, random.Random(seed)) for seed in range(4))
    assert len(usual.told) >= 10
    for other in others:
        assert other.items == usual.items
        assert other.stories == usual.stories
        assert other.told == usual.told
