"""Watch: look at what no other step stumbles over, and have people told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.alarms import Observation, identity, noted
from bot.core.care import SHORTEST_SILENCE
from bot.core.drift import Drift
from bot.core.watching import LASTING, of_drift, of_network, of_no_room, of_room, of_topic, topic_speaks
from bot.model import Topic
from bot.pipeline.alarm import note_observations
from bot.pipeline.deps import Deps
from bot.ports import Tx

_DAYS = 50
"""Days with items that a topic's rhythm is made from."""


def watch(deps: Deps) -> Sequence[Observation]:
    """Look at the disks and at how many feeds can be read. Returns what is new or over.

    Cheap enough for every minute: nothing is written, and nobody kept from writing, while all is as it was.
    """
    now = deps.clock.now()
    with deps.store.read() as tx:
        rooms = deps.rooms()
        disks = (of_room(room, deps.least_free, now) for room in rooms)
        network = of_network(tx.feeds.reach(now - LASTING), now)
        observations = (*disks, *of_no_room(rooms, tx.alarms.all()), network)
    return _note(deps, [each for each in observations if each], now)


def watch_topics(deps: Deps, drifting: Sequence[Drift]) -> Sequence[Observation]:
    """Look whether topics fell silent, or drift; once an hour will do. Returns what is new or over."""
    now = deps.clock.now()
    with deps.store.read() as tx:
        observations = [each for topic in deps.topics.values() for each in _silence(tx, topic, now)]
    for drift in drifting:
        observations += of_drift(deps.topics[drift.topic_id], drift, now)
    return _note(deps, observations, now)


def _silence(tx: Tx, topic: Topic, now: datetime) -> Iterator[Observation]:
    """A small question while a topic has items; what takes longer to count is asked of silent ones only."""
    if tx.drift.last_match(topic.id, now - SHORTEST_SILENCE):
        yield topic_speaks(topic)
    elif last := tx.drift.last_match(topic.id):
        days = tx.drift.days_matched(topic.id, _DAYS)
        found = of_topic(topic, days, last, tx.drift.days_heard(last), now)
        if found:
            yield found


def _note(deps: Deps, observations: Sequence[Observation], now: datetime) -> Sequence[Observation]:
    with deps.store.read() as tx:
        known = {identity(each): each for each in tx.alarms.all()}
    if not any(noted(each, known.get(identity(each)), now) for each in observations):
        return ()
    with deps.store.begin() as tx:
        return note_observations(tx, observations, now)
