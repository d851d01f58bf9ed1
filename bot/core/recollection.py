"""What grouping remembers, in memory: words, open stories, and where the clock stands.

By itself it forgets stories that are over and nothing else. Where a store remembers, it is given what the
next articles touch (``missing_words``, ``missing_items``) and says what they changed (``changes``): it then
decides as if it had all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from bot.core.openstory import OpenStory, packed, span
from bot.core.postings import Heaviest, Postings, heaviest
from bot.core.resemblance import Common, Vectors, weigh
from bot.core.traces import FORMAT, Trace, unpack
from bot.core.vocabulary import Reading, Vocabulary, read
from bot.model import Article, Placement
from bot.model.grouping import GroupingChange, GroupingState, StoryMemory, WordMemory

_DAY = 86_400.0
_TIDY = 0.25
"""Days between two looks for what can be forgotten."""
_BELIEVABLE = 366.0
"""Days ahead of the clock that a date may be and still keep the item's words."""
_COMMON_KEPT = 1_000
"""Stories whose common words are kept ready; those of others are added up again when they are asked for."""


class Prepared(NamedTuple):
    """An article that is about to be placed."""

    reading: Reading
    vector: Vectors
    heaviest: Heaviest
    """Of the vector's words."""
    as_of: int
    """How many readings had been learnt when the vector was made."""


class Recollection:
    """The memory of a :class:`~bot.core.stories.Grouper`."""

    def __init__(
        self, window: timedelta, state: GroupingState | None = None, most_items: float = math.inf
    ) -> None:
        """``state``: where a store that remembers the rest stands.

        ``most_items``: for a memory that no store keeps. Of more, the stories that nothing joined for longest
        are forgotten, open or not.
        """
        self.window = window.total_seconds() / _DAY
        self._most_items = most_items
        self.vocabulary = Vocabulary()
        self._turn = state.turn if state else 0
        self._clock = -math.inf
        self._latest = -math.inf
        self._newest: str | None = None
        if state is not None:
            self.vocabulary.recall_articles(state.articles)
            self._clock = -math.inf if state.clock is None else state.clock
            self._latest = -math.inf if state.latest is None else state.latest
            self._newest = state.newest
        self._opened = state.opened if state else 0
        self._tidied = self._clock
        self._readings_learnt = 0
        self._postings = Postings()
        self._stories: dict[str, OpenStory] = {}
        self._story_of: dict[str, str] = {}
        self._placements: dict[str, Placement] = {}
        self._learnt: set[str] = set()
        self._readings: dict[str, Reading] = {}
        self._prepared: dict[str, Prepared] = {}
        self._ready: dict[str, None] = {}
        self._found: tuple[object, Sequence[str]] = (None, ())
        # Of a memory in a store: what was asked for, and what is to be stored.
        self._asked_words: set[str] = set()
        self._wanted_words: set[str] = set()
        self._asked_items: set[str] = set()
        self._changed_words: set[str] = set()
        self._changed_stories: set[str] = set()
        self._rewritten: set[str] = set()
        self._gone: list[str] = []
        self._new_items: list[str] = []

    @property
    def open_stories(self) -> int:
        return sum(self._is_open(story) for story in self._stories.values())

    @property
    def size(self) -> int:
        """How many items are in memory."""
        return len(self._story_of)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def learn(self, article: Article) -> None:
        """Count an article's words, once."""
        if article.id in self._placements or article.id in self._learnt:
            return
        self._learnt.add(article.id)
        self._count(self._read(article))

    def prepared(self, article: Article) -> Prepared:
        """An article as it is compared, its words counted."""
        self.learn(article)
        known = self._prepared.get(article.id)
        if known is None or known.as_of != self._readings_learnt:
            reading = self._read(article)
            vector = weigh(reading, self.vocabulary)
            known = Prepared(reading, vector, heaviest(vector.words), self._readings_learnt)
            self._prepared[article.id] = known
        return known

    def _read(self, article: Article) -> Reading:
        if article.id not in self._readings:
            self._readings[article.id] = read(article)
        return self._readings[article.id]

    def _count(self, reading: Reading) -> None:
        self.vocabulary.learn(reading)
        self._readings_learnt += 1

    # ── time ─────────────────────────────────────────────────────────────────────────────────────

    def advance(self, article: Article) -> float:
        """Move the clock on by an article. Returns its day.

        The clock believes a date only when the next article's date confirms it: one article dated
        in the far future must not close every story.
        """
        day, confirmed = self._dated(article)
        self._latest = day
        if self._newest in self._story_of:
            newest = self.story_of(self._newest)
            if confirmed > newest.grown:
                newest.grown = confirmed
                self._changed_stories.add(newest.id)
        if confirmed > self._clock:
            self._clock = confirmed
            if not self._clock < self._tidied + _TIDY:
                self._tidied = self._clock
                self._forget()
        return day

    def _dated(self, article: Article) -> tuple[float, float]:
        """An article's day, and as much of it as is believed."""
        day = article.published.timestamp() / _DAY if article.published else self._latest
        day = 0.0 if day == -math.inf else day
        return day, min(day, self._latest)

    def _oldest(self, clock: float) -> float:
        """When a story must have grown to be open."""
        return clock - self.window

    def _is_open(self, story: OpenStory) -> bool:
        return story.grown >= self._oldest(self._clock)

    def _forget(self) -> None:
        for story in [story for story in self._stories.values() if not self._is_open(story)]:
            self._drop(story)
        self._postings.forget(self._oldest(self._clock))

    def _drop(self, story: OpenStory) -> None:
        del self._stories[story.id]
        self._ready.pop(story.id, None)
        for item_id in story.traces:
            del self._story_of[item_id]
        for item_id in (*story.traces, *story.shed):
            self._placements.pop(item_id, None)

    # ── finding and remembering ──────────────────────────────────────────────────────────────────

    def placed(self, item_id: str) -> Placement | None:
        """Where an item was placed, of those that this process placed and that are not forgotten."""
        return self._placements.get(item_id)

    def story_of(self, item_id: str) -> OpenStory:
        return self._stories[self._story_of[item_id]]

    def common(self, story: OpenStory) -> Common:
        """What a story's items say together."""
        self._ready.pop(story.id, None)
        self._ready[story.id] = None
        if story.common is None:
            story.common = Common()
            for kept in story.traces.values():
                story.common.add(kept.outline())
            if len(self._ready) > _COMMON_KEPT:
                longest_unused = next(iter(self._ready))
                del self._ready[longest_unused]
                self._stories[longest_unused].common = None
        return story.common

    def candidates(self, article: Article) -> list[tuple[str, Trace]]:
        """The items of open stories that are most like an article, the likest first."""
        likest = self._likest(article, self._clock)
        return [
            (item_id, story.traces[item_id])
            for item_id in likest
            if item_id in self._story_of and self._is_open(story := self.story_of(item_id))
        ]

    def _likest(self, article: Article, clock: float) -> Sequence[str]:
        """What was found for an article last is found again as long as nothing was placed since."""
        asked = (article.id, self._readings_learnt, clock, self._newest)
        if self._found[0] != asked:
            found = self._postings.candidates(self.prepared(article).heaviest, self._oldest(clock))
            self._found = asked, found
        return self._found[1]

    def remember(self, placement: Placement, kept: Trace, day: float) -> None:
        """Remember where an article was placed."""
        item_id, now = placement.item_id, self._clock
        story = self._stories.get(placement.story_id)
        if story is None or not self._is_open(story):
            self._opened += 1
            story = OpenStory(id=placement.story_id, first=day, last=day, grown=now, opened=self._opened)
        # The last of all: those in front are forgotten first where they are too many.
        self._stories.pop(story.id, None)
        self._stories[story.id] = story
        for other in placement.merges:
            self._merge(story, other)
        story.add(item_id, kept, day, now)
        self._story_of[item_id] = story.id
        self._placements[item_id] = placement
        # Not yet confirmed, and the next article may come when the clock's day is long over.
        last = max(now, day) if now == -math.inf or day <= now + _BELIEVABLE else now
        keys = self._postings.add(item_id, heaviest(kept.weights()), last, self._oldest(now))
        self._newest = item_id
        self._learnt.discard(item_id)
        self._prepared.pop(item_id, None)
        self._readings.pop(item_id, None)
        self._changed_words.update(keys)
        self._changed_stories.add(story.id)
        self._new_items.append(item_id)
        if left_out := story.lighten():
            self._rewritten.add(story.id)
            # The store may still have them.
            self._asked_items.update(left_out)
            for each in left_out:
                del self._story_of[each]
        if self._most_items < math.inf:
            self._keep_within_bounds()

    def _keep_within_bounds(self) -> None:
        while len(self._story_of) > self._most_items and len(self._stories) > 1:
            self._drop(next(iter(self._stories.values())))
        self.vocabulary.changes()
        self._asked_items.clear()
        self._keep_no_changes()

    def _merge(self, story: OpenStory, other_id: str) -> None:
        """Make another story part of this one, if it is known."""
        other = self._stories.pop(other_id, None)
        if other is None:
            return
        self._ready.pop(other_id, None)
        story.take_over(other)
        self._story_of.update(dict.fromkeys(other.traces, story.id))
        for item_id in (*other.traces, *other.shed):
            if known := self._placements.get(item_id):
                self._placements[item_id] = replace(known, story_id=story.id)
        self._rewritten.add(story.id)
        self._gone.append(other_id)

    # ── a memory in a store ──────────────────────────────────────────────────────────────────────

    def missing_words(self, articles: Iterable[Article] = ()) -> set[str]:
        """Words that must be recalled: before articles are learnt, and after stories were recalled."""
        for article in articles:
            reading = self._read(article)
            self._wanted_words.update(word.folded for word in (*reading.headline, *reading.lead))
        return self._wanted_words - self._asked_words

    def recall_words(self, asked: Iterable[str], found: Mapping[str, WordMemory]) -> None:
        """What the store knows of these words; those not found are new to it."""
        self._asked_words.update(asked)
        self._wanted_words.clear()
        for word, known in found.items():
            self.vocabulary.recall(word, known.found_in, known.capital, known.small)
            if known.holders:
                self._postings.recall(word, known.holders, known.last)

    def missing_items(self, articles: Iterable[Article]) -> list[str]:
        """Items whose stories must be recalled before any of these articles, now learnt, is placed next."""
        wanted = {} if self._newest is None else {self._newest: None}
        for article in articles:
            clock = max(self._clock, self._dated(article)[1])
            wanted.update(dict.fromkeys(self._likest(article, clock)))
        return [item for item in wanted if item not in self._story_of and item not in self._asked_items]

    def recall_stories(self, asked: Iterable[str], found: Iterable[StoryMemory]) -> None:
        """The whole stories of these items; those not found are over."""
        self._asked_items.update(asked)
        for known in found:
            story = OpenStory(
                id=known.id,
                first=known.first,
                last=known.last,
                grown=known.grown,
                opened=known.opened,
                apart=known.apart,
                muted=known.muted,
            )
            self._stories[known.id] = story
            for item in known.items:
                kept = story.traces[item.item_id] = unpack(item.trace)
                self._story_of[item.item_id] = known.id
                self._wanted_words.update(kept.words[: kept.headed])
            for kept in story.newest():
                self._wanted_words.update(kept.words)

    def stored(self) -> None:
        """What :meth:`changes` said is in the store now."""
        self._turn += 1

    def changes(self) -> GroupingChange:
        """What there is to store since this was last asked."""
        counted, faded = self.vocabulary.changes()
        stories = [self._stories[story] for story in sorted(self._changed_stories) if story in self._stories]
        change = GroupingChange(
            state=self._state(),
            faded=faded,
            words={word: self._word(word) for word in sorted(counted | self._changed_words)},
            stories=[span(story) for story in stories],
            items=[
                packed(item_id, self.story_of(item_id))
                for item_id in self._new_items
                if item_id in self._story_of and self._story_of[item_id] not in self._rewritten
            ],
            rewritten=[
                replace(span(story), items=tuple(packed(item_id, story) for item_id in story.traces))
                for story in (
                    self._stories[each] for each in sorted(self._rewritten) if each in self._stories
                )
            ],
            gone=self._gone,
        )
        self._keep_no_changes()
        return change

    def _keep_no_changes(self) -> None:
        self._changed_words, self._changed_stories, self._rewritten = set(), set(), set()
        self._new_items, self._gone = [], []

    def _state(self) -> GroupingState:
        return GroupingState(
            format=FORMAT,
            turn=self._turn,
            articles=self.vocabulary.articles,
            clock=None if self._clock == -math.inf else self._clock,
            latest=None if self._latest == -math.inf else self._latest,
            newest=self._newest,
            opened=self._opened,
        )

    def _word(self, word: str) -> WordMemory:
        found_in, capital, small = self.vocabulary.counts(word)
        holders, last = self._postings.packed(word)
        return WordMemory(found_in=found_in, capital=capital, small=small, holders=holders, last=last)
