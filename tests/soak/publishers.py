"""Publishers with habits: what each of their feeds answers at a moment of the month."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from tests.chaos.world import news
from tests.e2e.origin import Page

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
HISTORY = 6 * DAY
"""How long before the beginning a publisher's first item came out."""
WINDOW = 40
"""Entries that a document shows at most."""
EDITED_AFTER = 6 * HOUR
_RETELLERS = 2
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


SEEN = 7 * HOUR
"""The longest pause between two polls, and some more."""
BACK = 26 * HOUR
"""The longest pause after failures, and some more."""


@dataclass(frozen=True)
class Trouble:
    """What goes wrong at a feed, and when, counted from the month's beginning."""

    kind: str
    begins: timedelta
    lasts: timedelta

    def holds(self, age: timedelta) -> bool:
        return self.begins <= age < self.begins + self.lasts


@dataclass(frozen=True)
class Habit:
    """One kind of publisher."""

    share: int
    """How many in a hundred."""
    gap: timedelta = DAY
    """Between two items, on average."""
    validators: bool = True
    edits: bool = False
    renumbers: bool = False
    """Every document gives all its entries new guids and the date of the moment."""
    ends: timedelta | None = None
    """It publishes nothing more from then on."""
    troubles: tuple[Trouble, ...] = ()


HABITS: Mapping[str, Habit] = {
    "daily": Habit(30),
    "plain": Habit(10, validators=False),
    "busy": Habit(4, gap=2 * HOUR),
    "weekly": Habit(20, gap=6 * DAY),
    "editing": Habit(6, edits=True),
    "renumbering": Habit(6, renumbers=True, validators=False),
    "sick": Habit(6, troubles=(Trouble("error", 2 * DAY, 2 * DAY),)),
    "flapping": Habit(2, troubles=tuple(Trouble("error", n * DAY, 3 * HOUR) for n in range(1, 30, 2))),
    "broken": Habit(4, troubles=(Trouble("broken", 3 * DAY, 1 * DAY),)),
    "not found": Habit(4, troubles=(Trouble("missing", 5 * DAY, 3 * DAY),)),
    "gone": Habit(2, troubles=(Trouble("gone", 4 * DAY, 60 * DAY),)),
    "moved": Habit(4, troubles=(Trouble("moved", 2 * DAY, 60 * DAY),)),
    "silent": Habit(2, gap=8 * HOUR, ends=timedelta(hours=60)),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One item of a feed. ``event`` is the number of the event it reports, if it is on topic."""

    at: datetime
    number: int
    title: str
    text: str
    event: int | None = None


@dataclass
class Publisher:
    """One feed."""

    name: str
    kind: str
    began: datetime
    entries: Sequence[Entry]
    """Oldest first."""

    def __post_init__(self) -> None:
        self._times = [entry.at for entry in self.entries]

    @property
    def habit(self) -> Habit:
        return HABITS[self.kind]

    def visible(self, entry: Entry) -> datetime:
        """From when on it must have been seen: after trouble a feed is asked again within a day."""
        age = entry.at - self.began
        ends = [each.begins + each.lasts + BACK for each in self.habit.troubles if _hides(each, age)]
        return self.began + max([age + SEEN, *ends])

    def answer(self, now: datetime, etag: str | None, *, moved: bool) -> Page:
        """What a request gets; ``moved``: it asks at the new address."""
        habit = self.habit
        trouble = next((each.kind for each in habit.troubles if each.holds(now - self.began)), "")
        match trouble:
            case "error":
                return Page(body=b"out of order", status=500)
            case "missing":
                return Page(body=b"nothing here", status=404)
            case "gone":
                return Page(body=b"taken down", status=410)
            case "broken":
                return Page(body=b"<html><body>Under construction</body></html>")
            case "moved" if not moved:
                return Page(body=b"", status=301, headers={"Location": f"/moved/{self.name}"})
        body = self._document(now)
        tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        if not habit.validators:
            return Page(body=body, headers={"Content-Type": "application/rss+xml"})
        if etag == tag:
            return Page(body=b"", status=304, headers={"ETag": tag})
        return Page(body=body, headers={"Content-Type": "application/rss+xml", "ETag": tag})

    def _document(self, now: datetime) -> bytes:
        until = bisect_right(self._times, now)
        shown = self.entries[max(0, until - WINDOW) : until]
        entries = "".join(self._spelled(entry, now) for entry in reversed(shown))
        head = f"<title>{self.name}</title><link>https://{self.name}.example/</link>"
        return f"<rss version='2.0'><channel>{head}{entries}</channel></rss>".encode()

    def _spelled(self, entry: Entry, now: datetime) -> str:
        habit = self.habit
        edited = " The figures were corrected." if habit.edits and now - entry.at > EDITED_AFTER else ""
        guid = f"{entry.number}-{now.timestamp():.0f}" if habit.renumbers else str(entry.number)
        date = format_datetime((now if habit.renumbers else entry.at).replace(microsecond=0))
        return (
            f"<item><guid isPermaLink='false'>{guid}</guid>"
            f"<link>https://{self.name}.example/{entry.number}</link><title>{entry.title}</title>"
            f"<description>{entry.text}{edited}</description><pubDate>{date}</pubDate></item>"
        )


def populate(
    feeds: int, began: datetime, lasts: timedelta, seed: int, on_topic: float = 0.1
) -> list[Publisher]:
    """Publishers in the proportions of :data:`HABITS`, with all that they publish until the end.

    An event is reported by one publisher and, within hours, word for word by some others; ``on_topic`` is
    the part of items that do so.
    """
    chance = random.Random(seed)
    kinds = [kind for kind, habit in HABITS.items() for _ in range(habit.share)]
    chance.shuffle(kinds)
    names = [f"site{number}" for number in range(feeds)]
    entries: dict[str, list[Entry]] = {name: [] for name in names}
    kind_of = {name: kinds[number % len(kinds)] for number, name in enumerate(names)}
    retellers = [name for name in names if kind_of[name] == "daily"]
    number = events = 0
    for name in names:
        for at in _times(HABITS[kind_of[name]], chance, began, lasts):
            number += 1
            if not (chance.random() < on_topic and at > began and _is_sound(kind_of[name])):
                entries[name].append(
                    Entry(at=at, number=number, title=_words(number, 6), text=_words(-number, 20))
                )
                continue
            title, text = news(events)
            tellers = {name, *chance.sample(retellers, min(len(retellers), chance.randint(0, _RETELLERS)))}
            for order, teller in enumerate(sorted(tellers, key=lambda each: each != name)):
                number += 1
                moment = at + order * chance.uniform(20, 120) * MINUTE
                entries[teller].append(Entry(at=moment, number=number, title=title, text=text, event=events))
            events += 1
    return [
        Publisher(name, kind_of[name], began, sorted(entries[name], key=lambda entry: entry.at))
        for name in names
    ]


def _hides(trouble: Trouble, age: timedelta) -> bool:
    return trouble.kind != "moved" and trouble.begins - SEEN <= age < trouble.begins + trouble.lasts


def _is_sound(kind: str) -> bool:
    """Whether all that it publishes can be seen some time; and not under another date each time."""
    troubles = HABITS[kind].troubles
    return not any(each.kind == "gone" for each in troubles) and not HABITS[kind].renumbers


def _times(habit: Habit, chance: random.Random, began: datetime, lasts: timedelta) -> Iterator[datetime]:
    at = began - HISTORY
    while True:
        at += habit.gap * chance.uniform(0.4, 1.6)
        if at > began + (lasts if habit.ends is None else min(habit.ends, lasts)):
            return
        yield at.replace(microsecond=0)


def _words(number: int, count: int) -> str:
    """Words that no other number is likely to give."""
    chance = random.Random(number)
    syllables = [chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(3 * count)]
    words = ["".join(syllables[at : at + 3]) for at in range(0, 3 * count, 3)]
    return " ".join(words).capitalize()
