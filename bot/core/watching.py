"""Trouble that no step stumbles over by itself: a full disk, our own network, topics and feeds gone quiet.

Each function looks at something and gives the alarm that it is cause for, or what is over; neither where
nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from bot.core.alarms import NETWORK, Observation, Over
from bot.core.amounts import size
from bot.core.care import DAY, FAILING, GONE, RECOVERED, ROLLED_OVER, SILENT, silence
from bot.core.drift import Drift, Kind
from bot.model import Alarm, FeedState, Notice, Part, Reach, Room, Topic

ALMOST_FULL = "almost full"
TROUBLES = (FAILING, SILENT, ROLLED_OVER, GONE)
LASTING = timedelta(hours=1)
"""So long feeds must have failed to count as failing together."""
_FEWEST_FAILING = 5
_MOST = 1 / 2
_MOST_OVER = 2 / 5
_ROOM_AGAIN = 1.2
"""Times the least free space: a disk at the very bound is not full and free by turns."""
_DRIFT = "drift "


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def of_feed(state: FeedState, notices: Iterable[Notice]) -> Iterator[Observation]:
    """What the notices of one poll mean; ``state`` is the one after it, which knows what still stands."""
    for notice in notices:
        feed = notice.feed_id
        if notice.kind in TROUBLES:
            yield Alarm(
                part=Part.FEED, subject=feed, cause=notice.kind, text=notice.text, raised_at=notice.at
            )
        if notice.kind in (RECOVERED, GONE):
            for cause in TROUBLES:
                if cause not in (notice.kind, state.trouble):
                    quietly = notice.kind == GONE
                    yield Over(part=Part.FEED, subject=feed, cause=cause, text=notice.text, quietly=quietly)


def of_network(reach: Reach, now: datetime) -> Observation | None:
    """Whether so many feeds fail together that the fault will be on our side."""
    part, subject, cause = NETWORK
    if reach.lasting >= _FEWEST_FAILING and reach.lasting > _MOST * reach.polled:
        text = (
            f"{reach.failing:,} of {reach.polled:,} feeds can't be read, most of them for over an hour. It "
            "looks like our own network, its name server or a proxy; chipwatch feeds list shows what each "
            "answers. A feed that failed with the others is named only if it still fails once they answer."
        )
        return Alarm(part=part, subject=subject, cause=cause, text=text, raised_at=now)
    if reach.failing < _MOST_OVER * reach.polled or reach.failing < _FEWEST_FAILING:
        text = f"Most feeds can be read again: {reach.failing:,} of {reach.polled:,} fail."
        return Over(part=part, subject=subject, cause=cause, text=text)
    return None


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────


def of_room(room: Room, least: int, now: datetime) -> Observation | None:
    """Whether a folder's disk has ``least`` bytes free. Between that and a fifth more, all stays as it is."""
    if room.free < least:
        text = (
            f"Only {size(room.free)} are free for {room.folder}; {size(least)} should be. On a full disk "
            "nothing is taken in and nothing is told. Make room, or lower [alarms] disk_free_mb."
        )
        return Alarm(part=Part.DISK, subject=room.folder, cause=ALMOST_FULL, text=text, raised_at=now)
    if room.free >= _ROOM_AGAIN * least:
        text = f"There is room again for {room.folder}: {size(room.free)} are free."
        return Over(part=Part.DISK, subject=room.folder, cause=ALMOST_FULL, text=text)
    return None


def of_no_room(rooms: Iterable[Room], known: Iterable[Alarm]) -> Iterator[Over]:
    """What was told of disks that the bot no longer writes to."""
    folders = {room.folder for room in rooms}
    for each in known:
        if each.part is Part.DISK and each.subject not in folders:
            yield Over(part=each.part, subject=each.subject, cause=each.cause, quietly=True)


# ── topics ───────────────────────────────────────────────────────────────────────────────────────


def of_topic(topic: Topic, days: Sequence[date], last: datetime, heard: int, now: datetime) -> Alarm | None:
    """Whether a topic has had no item for longer than its rhythm lets expect, as it is asked of a feed.

    ``days`` on which something matched, newest first: an event of many reports is no rhythm. ``heard``: on
    how many days since ``last``, when an item matched, any item at all came in. Only those count; on others
    the bot was down, or could read nothing.
    """
    bound = silence([datetime.combine(day, time(), UTC) for day in days])
    if bound is None or heard * DAY <= bound:
        return None
    text = (
        f"Topic “{topic.title}”: no item has matched since {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC, though "
        f"others came in on {heard} days since. Its pauses are far shorter as a rule. Look whether its feeds "
        f"are still kept, and what its query asks for: chipwatch topics show {topic.id}"
    )
    return Alarm(part=Part.TOPIC, subject=topic.id, cause=SILENT, text=text, raised_at=now)


def topic_speaks(topic: Topic) -> Over:
    """Something has matched within the shortest time that counts as silence."""
    text = f"Topic “{topic.title}” has items again."
    return Over(part=Part.TOPIC, subject=topic.id, cause=SILENT, text=text)


def of_drift(topic: Topic, drift: Drift, now: datetime) -> Iterator[Observation]:
    """What has drifted and what has not, of one topic."""
    found = {each.kind: each.text for each in drift.alarms}
    for kind in Kind:
        cause = f"{_DRIFT}{kind.value}"
        if kind in found:
            text = f"Topic “{topic.title}”: {found[kind]}. See: chipwatch topics drift"
            yield Alarm(part=Part.TOPIC, subject=topic.id, cause=cause, text=text, raised_at=now)
        else:
            text = f"Topic “{topic.title}”: its stream is again what it was."
            # Where nothing is left to compare with, as after a change of the topic, nobody can say so.
            quietly = drift.stability is None
            yield Over(part=Part.TOPIC, subject=topic.id, cause=cause, text=text, quietly=quietly)
