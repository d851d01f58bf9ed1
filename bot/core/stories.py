"""Which story an item joins or opens: one pass in time order, each item answered before the next is seen.

An item is compared with the stories that share its rarest words. Six observations, each understandable alone,
add up to the log-odds that item and story report one event; the best story wins if its odds suffice, else the
item opens a story of its own. A copy of a text always joins the story of that text. See ``docs/stories.md``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.core import text
from bot.core.copies import CopyIndex, Fingerprint, fingerprint
from bot.core.vocabulary import Reading, Vocabulary, read
from bot.model import Article, Placement

_DAY = 86_400.0
# How an item's words become a vector (see docs/stories.md for what each is worth).
_HEADLINE_WEIGHT = 2.0
_NAME_WEIGHT = 1.5
_NUMBER_WEIGHT = 0.7
_SURELY_A_NAME = 0.6
_NAMES_PRIOR = 5.0
"""Rarity (nats) that names must carry before sharing them says much: about one rare name."""
# How many of an item's heaviest words look for stories, and how many stories are looked at closely.
_SEARCH_WORDS = 40
_SHORT_LIST = 10
_WORTH_A_LOOK = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryPolicy:
    """When stories close, and what each observation adds to the log-odds of belonging together.

    The weights come from a logistic regression over item–story pairs of four news streams, rounded;
    ``docs/stories.md`` says what moving them costs.
    """

    window: timedelta = timedelta(days=7)
    """A story that nothing joined for so long is closed and forgotten."""
    words: float = 5.0
    """Cosine with the story's mean."""
    closest: float = 3.0
    """Cosine with its most similar item: alone never enough, so that stories don't grow as chains."""
    headline: float = 5.0
    """Cosine of the headlines alone."""
    names: float = 1.5
    """Share of the item's names that the story knows, less the share it doesn't: between like events this is
    what says no."""
    rarest: float = 3.5
    """Rarity of the rarest shared word, 1 for a word that only one article ever had."""
    days_apart: float = -1.5
    """``ln(1 + days)`` between the item and the story's nearest end."""
    start: float = -4.5
    """Log-odds before anything is observed."""


class _Vector(NamedTuple):
    """Word weights of unit length."""

    words: dict[str, float]
    headline: dict[str, float]
    names: dict[str, float]


@dataclass(slots=True)
class _Mean:
    """The sum of vectors, with its length kept up to date."""

    sums: dict[str, float] = field(default_factory=dict)
    square: float = 0.0

    def add(self, vector: dict[str, float]) -> None:
        for word, weight in vector.items():
            before = self.sums.get(word, 0.0)
            self.sums[word] = before + weight
            self.square += weight * (2 * before + weight)

    def cosine(self, vector: dict[str, float]) -> float:
        dot = sum(weight * self.sums[word] for word, weight in vector.items() if word in self.sums)
        return dot / math.sqrt(self.square) if dot else 0.0


@dataclass(slots=True)
class _OpenStory:
    """A story that may still grow."""

    id: str
    first: float
    last: float
    touched: float
    items: list[str] = field(default_factory=list)
    words: _Mean = field(default_factory=_Mean)
    headlines: _Mean = field(default_factory=_Mean)
    names: set[str] = field(default_factory=set)

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
        self._copies = CopyIndex()
        self._stories: dict[str, _OpenStory] = {}
        self._placed: dict[str, Placement] = {}
        self._words_of: dict[str, tuple[str, ...]] = {}
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        self._clock = -math.inf
        self._latest = -math.inf

    def place(self, article: Article) -> Placement:
        """Decide which story an article joins or opens, and remember it.

        An article that is placed already keeps its place.
        """
        if known := self._placed.get(article.id):
            return known
        day = self._advance(article.published)
        reading = read(article)
        self._vocabulary.learn(reading)
        vector = self._weigh(reading)
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
        reading = read(article)
        self._vocabulary.learn(reading)
        self._copies.add(article.id, fingerprint(article), placement.copy_of)
        self._remember(placement, self._weigh(reading), day)

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

    def _weigh(self, reading: Reading) -> _Vector:
        """Sublinear term frequency times rarity; names and headline words weigh more, numbers less."""
        words: dict[str, float] = {}
        names: dict[str, float] = {}
        for word, count in reading.counts(_HEADLINE_WEIGHT).items():
            rarity = self._vocabulary.rarity(word)
            frequency = 1.0 + math.log(count) if count > 1 else count
            words[word] = frequency * rarity * self._emphasis(word)
            if not word[0].isdigit() and self._vocabulary.name_likeness(word) > _SURELY_A_NAME:
                names[word] = rarity
        headline = {word.folded: self._vocabulary.rarity(word.folded) for word in reading.headline}
        return _Vector(words=_unit(words), headline=_unit(headline), names=names)

    def _emphasis(self, word: str) -> float:
        if word[0].isdigit():
            return _NUMBER_WEIGHT
        return 1.0 + (_NAME_WEIGHT - 1.0) * self._vocabulary.name_likeness(word)

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

    def _choose(self, vector: _Vector, prints: Fingerprint, day: float) -> _Candidate | None:
        """The story with the best odds, if they are better than even and nothing speaks against it."""
        candidates = (
            _Candidate(self._log_odds(vector, story, similarity, day), story, item_id)
            for story, similarity, item_id in self._short_list(vector, day)
        )
        likely = sorted(
            (candidate for candidate in candidates if candidate.odds > 0),
            key=lambda candidate: (-candidate.odds, candidate.story.id),
        )
        fitting = (one for one in likely if not self._copies.one_form(prints, one.closest))
        return next(fitting, None)

    def _short_list(self, vector: _Vector, day: float) -> list[tuple[_OpenStory, float, str]]:
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

    def _log_odds(self, vector: _Vector, story: _OpenStory, closest: float, day: float) -> float:
        """Log-odds that the item reports the story's event."""
        policy = self._policy
        known = sum(rarity for word, rarity in vector.names.items() if word in story.names)
        total = sum(vector.names.values())
        shared = (word for word in vector.words if word in story.words.sums)
        rarest = max((self._vocabulary.rarity(word) for word in shared), default=0.0)
        return (
            policy.start
            + policy.words * story.words.cosine(vector.words)
            + policy.closest * closest
            + policy.headline * story.headlines.cosine(vector.headline)
            + policy.names * (2 * known - total) / (total + _NAMES_PRIOR)
            + policy.rarest * rarest / self._vocabulary.highest_rarity()
            + policy.days_apart * math.log1p(story.days_from(day))
        )

    # ── remembering ──────────────────────────────────────────────────────────────────────────────

    def _remember(self, placement: Placement, vector: _Vector, day: float) -> None:
        story = self._stories.pop(placement.story_id, None) or _OpenStory(
            id=placement.story_id, first=day, last=day, touched=self._clock
        )
        self._stories[story.id] = story  # at the end: the order is that of last growth
        story.first, story.last = min(story.first, day), max(story.last, day)
        story.touched = self._clock
        story.items.append(placement.item_id)
        story.words.add(vector.words)
        story.headlines.add(vector.headline)
        story.names.update(vector.names)
        self._placed[placement.item_id] = placement
        self._words_of[placement.item_id] = tuple(vector.words)
        for word, weight in vector.words.items():
            self._postings[word][placement.item_id] = weight


def _unit(weights: dict[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()} if length else {}


def _as_own_text(item_id: str, chosen: _Candidate | None, vector: _Vector, reading: Reading) -> Placement:
    if chosen is None:
        return Placement(
            item_id=item_id, story_id=text.digest(["story", item_id]), opens=True, because="opens a story"
        )
    return Placement(
        item_id=item_id,
        story_id=chosen.story.id,
        opens=False,
        similarity=round(1.0 / (1.0 + math.exp(-chosen.odds)), 4),
        because=_because(vector, chosen.story, reading),
    )


def _because(vector: _Vector, story: _OpenStory, reading: Reading) -> str:
    """The three words that tie the item to the story most, as the item spells them."""
    ties = {
        word: weight * story.words.sums[word]
        for word, weight in vector.words.items()
        if word in story.words.sums
    }
    strongest = sorted(ties, key=lambda word: (-ties[word], word))[:3]
    spellings = reading.spellings()
    return "shares " + ", ".join(spellings[word] for word in strongest) + " with the story"
