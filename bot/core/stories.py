"""Which story an item joins or opens: one pass in time order, each item answered before the next is seen.

An item is compared with the stories that share its rarest words. Observations, each understandable alone, add
up to the log-odds that item and story report one event; the best story wins if its odds suffice and nothing
objects, else the item opens a story of its own. A copy of a text always joins the story of that text. A wrong
"yes" hides a story, a wrong "no" only tells one twice: in doubt it is "no". See ``docs/stories.md``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.core import text
from bot.core.copies import CopyIndex, Fingerprint, fingerprint
from bot.core.resemblance import Common, Resemblance, Vectors, weigh
from bot.core.vocabulary import Reading, Vocabulary, read
from bot.model import Article, Placement

_DAY = 86_400.0
# How many of an item's heaviest words look for stories, and how many stories are looked at closely.
_SEARCH_WORDS = 40
_SHORT_LIST = 10
_WORTH_A_LOOK = 0.05
_CONTRADICTED = 0.5
"""From here on names in the headlines differ, not their emphasis."""
_SUREST = 0.999
"""1 is said of copies only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryPolicy:
    """When stories close, and what each observation adds to the log-odds of belonging together.

    The weights were chosen on four news streams, whole and cut into cold starts of 100 items, with more
    regard for precision than for recall; ``docs/stories.md`` says what moving them costs.
    """

    window: timedelta = timedelta(days=7)
    """A story that nothing joined for so long is closed and forgotten."""
    both: float = 4.5
    """Who and what agree: the lesser of their cosines, ``enough`` and more counting as 1."""
    enough: float = 0.3
    headline: float = 6.5
    """Cosine of the headlines alone."""
    retold: float = 8.0
    """Share of the story's headline that the item's text knows."""
    closest: float = 7.0
    """Cosine with the story's most similar item."""
    names: float = 1.5
    """Share of the item's names that the story knows, less the share it doesn't."""
    contradiction: float = -1.2
    """Names that differ in the headlines."""
    days_apart: float = -2.0
    """``ln(1 + days)`` between the item and the story's nearest end."""
    headline_only: float = 1.8
    """Item or story is headlines without text: there is less that could agree."""
    start: float = -4.0
    """Log-odds before anything is observed."""
    least_besides_rarest: float = 2.5
    """Weight (nats) that the words in common besides the rarest must have, where both have text: one shared
    name is no event."""
    least_who: float = 0.17
    """Cosine of the names from which names that differ in the headlines may be a matter of emphasis."""
    least_in_headlines: float = 1.0
    least_who_in_headlines: float = 0.07
    """The same where one has no text; there, either of them is enough."""
    several: int = 2
    """An item with text that so many stories fit, and none of them well, opens its own: round-ups do."""
    weak: float = 3.0
    """Log-odds from which a story fits well."""


@dataclass(slots=True)
class _OpenStory:
    """A story that may still grow."""

    id: str
    first: float
    last: float
    touched: float
    items: list[str] = field(default_factory=list)
    common: Common = field(default_factory=Common)

    def days_from(self, day: float) -> float:
        """Distance of a day to the span that the story's items cover."""
        return max(self.first - day, day - self.last, 0.0)


class _Candidate(NamedTuple):
    """A story that an item may join."""

    odds: float
    """Log-odds that both are about one event."""
    story: _OpenStory
    closest: str
    """Id of the story's item most similar to the new one."""


class Grouper:
    """Groups articles into stories, online. Remembers open stories only, so its memory is bounded."""

    def __init__(self, policy: StoryPolicy | None = None) -> None:
        self._policy = policy or StoryPolicy()
        self._vocabulary = Vocabulary()
        self._learnt_ahead: set[str] = set()
        self._copies = CopyIndex()
        self._stories: dict[str, _OpenStory] = {}
        self._placed: dict[str, Placement] = {}
        self._words_of: dict[str, tuple[str, ...]] = {}
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        self._clock = -math.inf
        self._latest = -math.inf

    def learn(self, articles: Iterable[Article]) -> None:
        """Read articles for their words only, so that the first decisions know which words are common.

        Articles that are placed later are not counted twice.
        """
        for article in articles:
            if article.id not in self._placed and article.id not in self._learnt_ahead:
                self._learnt_ahead.add(article.id)
                self._vocabulary.learn(read(article))

    def place(self, article: Article) -> Placement:
        """Decide which story an article joins or opens, and remember it.

        An article that is placed already keeps its place.
        """
        if known := self._placed.get(article.id):
            return known
        day = self._advance(article.published)
        reading = self._read(article)
        vector = weigh(reading, self._vocabulary)
        prints = fingerprint(article)
        if root := self._copies.find(prints):
            placement = self._as_copy(article.id, root)
        else:
            story = self._choose(vector, prints, day)
            placement = _as_own_text(article.id, story, vector, reading)
        self._copies.add(article.id, prints, root)
        self._remember(placement, vector, day)
        return placement

    def restore(self, article: Article, placement: Placement) -> None:
        """Remember an article that was placed before, without deciding anew.

        Restoring all articles in the order they were placed leaves the grouper as it was then.
        """
        if article.id in self._placed:
            return
        day = self._advance(article.published)
        reading = self._read(article)
        self._copies.add(article.id, fingerprint(article), placement.copy_of)
        self._remember(placement, weigh(reading, self._vocabulary), day)

    def _read(self, article: Article) -> Reading:
        reading = read(article)
        if article.id in self._learnt_ahead:
            self._learnt_ahead.remove(article.id)
        else:
            self._vocabulary.learn(reading)
        return reading

    def __len__(self) -> int:
        """How many stories are open."""
        return len(self._stories)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def _advance(self, published: datetime | None) -> float:
        """The article's day; closes the stories that are over.

        The clock believes a date only when the next article's date confirms it: one article dated
        in the far future must not close every story.
        """
        day = published.timestamp() / _DAY if published else self._latest
        if day == -math.inf:
            day = 0.0
        confirmed = min(day, self._latest)
        self._latest = day
        if self._stories:
            newest = self._stories[next(reversed(self._stories))]
            newest.touched = max(newest.touched, confirmed)
        if confirmed > self._clock:
            self._clock = confirmed
            self._close_old()
        return day

    def _close_old(self) -> None:
        """Forget stories that nothing joined within the window; ``_stories`` is in order of last growth."""
        oldest_open = self._clock - self._policy.window.total_seconds() / _DAY
        while self._stories:
            story = next(iter(self._stories.values()))
            if story.touched >= oldest_open:
                return
            del self._stories[story.id]
            for item_id in story.items:
                self._forget(item_id)

    def _forget(self, item_id: str) -> None:
        del self._placed[item_id]
        self._copies.forget(item_id)
        for word in self._words_of.pop(item_id):
            holders = self._postings[word]
            del holders[item_id]
            if not holders:
                del self._postings[word]

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────

    def _as_copy(self, item_id: str, root: str) -> Placement:
        story_id = self._placed[root].story_id
        return Placement(
            item_id=item_id,
            story_id=story_id,
            opens=False,
            copy_of=root,
            similarity=1.0,
            because=f"same text as {root}",
        )

    def _choose(self, vector: Vectors, prints: Fingerprint, day: float) -> _Candidate | None:
        """The story with the best odds, if they are better than even and nothing speaks against it."""
        candidates = (
            _Candidate(self._log_odds(vector, story, similarity, day), story, item_id)
            for story, similarity, item_id in self._short_list(vector, day)
        )
        likely = sorted(
            (candidate for candidate in candidates if candidate.odds > 0),
            key=lambda candidate: (-candidate.odds, candidate.story.id),
        )
        if vector.has_text and len(likely) >= self._policy.several and likely[0].odds < self._policy.weak:
            return None
        fitting = (one for one in likely if not self._copies.one_form(prints, one.closest))
        return next(fitting, None)

    def _short_list(self, vector: Vectors, day: float) -> list[tuple[_OpenStory, float, str]]:
        """The stories most similar to the item by their closest item, with that similarity and item."""
        heaviest = sorted(vector.words.items(), key=lambda entry: (-entry[1], entry[0]))[:_SEARCH_WORDS]
        similar: dict[str, float] = defaultdict(float)
        for word, weight in heaviest:
            for item_id, other in self._postings.get(word, {}).items():
                similar[item_id] += weight * other
        closest: dict[str, tuple[float, str]] = {}
        for item_id, similarity in similar.items():
            story_id = self._placed[item_id].story_id
            if similarity > closest.get(story_id, (_WORTH_A_LOOK, ""))[0]:
                closest[story_id] = (similarity, item_id)
        ranked = sorted(closest.items(), key=lambda entry: (-entry[1][0], entry[0]))[:_SHORT_LIST]
        window = self._policy.window.total_seconds() / _DAY
        near = ((self._stories[story_id], *found) for story_id, found in ranked)
        return [entry for entry in near if entry[0].days_from(day) <= window]

    def _log_odds(self, item: Vectors, story: _OpenStory, closest: float, day: float) -> float:
        """Log-odds that the item reports the story's event; minus infinity where something objects."""
        policy, common = self._policy, story.common
        both_have_text = item.has_text and common.has_text
        seen = common.resemblance(item, self._vocabulary)
        if self._objects(seen, both_have_text):
            return -math.inf
        return (
            policy.start
            + policy.both * min(1.0, min(seen.who, seen.what) / policy.enough)
            + policy.headline * seen.headline
            + policy.retold * seen.retold
            + policy.closest * closest
            + policy.names * seen.names
            + policy.contradiction * seen.contradiction
            + policy.days_apart * math.log1p(story.days_from(day))
            + policy.headline_only * (not both_have_text)
        )

    def _objects(self, seen: Resemblance, both_have_text: bool) -> bool:
        """Whether item and story can't be one event however alike they are.

        They share one word only (of headlines: one word only, and no names), or names differ.
        """
        policy = self._policy
        if not both_have_text:
            return (
                seen.who < policy.least_who_in_headlines and seen.besides_rarest < policy.least_in_headlines
            )
        differ = seen.contradiction >= _CONTRADICTED and seen.who < policy.least_who
        return differ or seen.besides_rarest < policy.least_besides_rarest

    # ── remembering ──────────────────────────────────────────────────────────────────────────────

    def _remember(self, placement: Placement, vector: Vectors, day: float) -> None:
        story = self._stories.pop(placement.story_id, None) or _OpenStory(
            id=placement.story_id, first=day, last=day, touched=self._clock
        )
        self._stories[story.id] = story  # at the end: the order is that of last growth
        story.first, story.last = min(story.first, day), max(story.last, day)
        story.touched = self._clock
        story.items.append(placement.item_id)
        story.common.add(vector)
        self._placed[placement.item_id] = placement
        self._words_of[placement.item_id] = tuple(vector.words)
        for word, weight in vector.words.items():
            self._postings[word][placement.item_id] = weight


def _as_own_text(item_id: str, chosen: _Candidate | None, vector: Vectors, reading: Reading) -> Placement:
    if chosen is None:
        return Placement(
            item_id=item_id, story_id=text.digest(["story", item_id]), opens=True, because="opens a story"
        )
    return Placement(
        item_id=item_id,
        story_id=chosen.story.id,
        opens=False,
        similarity=round(min(_SUREST, 1.0 / (1.0 + math.exp(-chosen.odds))), 4),
        because=_because(vector, chosen.story, reading),
    )


def _because(vector: Vectors, story: _OpenStory, reading: Reading) -> str:
    """The three words that tie the item to the story most, as the item spells them."""
    ties = {
        word: weight * known for word, weight in vector.words.items() if (known := story.common.knows(word))
    }
    strongest = sorted(ties, key=lambda word: (-ties[word], word))[:3]
    spellings = reading.spellings()
    return "shares " + ", ".join(spellings[word] for word in strongest) + " with the story"
