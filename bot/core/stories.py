"""Which story an item joins or opens: one pass in time order, each item answered before the next is seen.

An item is compared with the stories that share its rarest words. Observations, each understandable alone, add
up to the log-odds that item and story report one event; the best story wins if its odds suffice and nothing
objects, else the item opens a story of its own. A copy of a text always joins the story of that text. A wrong
"yes" hides a story, a wrong "no" only tells one twice: in doubt it is "no". See ``docs/stories.md``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from bot.core import text
from bot.core.copies import Fingerprint, KnownText, find_copy, fingerprint, one_form
from bot.core.merging import Fit, late_evidence, merging
from bot.core.openstory import OpenStory
from bot.core.postings import Heaviest
from bot.core.recollection import Prepared, Recollection
from bot.core.resemblance import Common, Resemblance, Vectors, told_elsewhere
from bot.core.traces import Trace, trace
from bot.core.vocabulary import Reading
from bot.model import Article, Placement

# How many stories are looked at closely.
_SHORT_LIST = 10
_WORTH_A_LOOK = 0.05
_CONTRADICTED = 0.5
"""From here on names in the headlines differ, not their emphasis."""
_OF_A_SERIES = 0.35
"""Cosine of the headlines from which other figures tell one report of a series from the next."""
_RARE = 4.5
"""Weight (nats) of a word that tells by itself what a report is about."""
_SAID_ALIKE = 0.2
"""Cosine of the words besides names from which two reports say the same."""
_SUREST = 0.999
"""1 is said of copies only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryPolicy:
    """When stories close, and what each observation adds to the log-odds of belonging together.

    The weights were chosen on five labelled news streams, whole and cut into cold starts of 100 items, and
    on the demo's feeds, with more regard for precision than for recall; ``docs/stories.md`` says what moving
    them costs.
    """

    window: timedelta = timedelta(days=30)
    """A story that nothing joined for so long is closed and forgotten."""
    both: float = 3.4
    """Who and what agree: the lesser of their cosines, ``enough`` and more counting as 1."""
    enough: float = 0.3
    headline: float = 4.3
    """Cosine of the headlines alone."""
    retold: float = 5.4
    """Share of the story's headline that the item's text knows."""
    closest: float = 5.5
    """Cosine with the story's most similar item."""
    closest_headline: float = 8.5
    """The same once more where one of them has no text: the headlines are all there is."""
    neighbours: float = 1.3
    """The story's share of the likeness that the item has to the items most like it."""
    names: float = 1.6
    """Share of the item's names that the story knows, less the share it doesn't."""
    contradiction: float = -0.8
    """Names that differ in the headlines."""
    elsewhere: float = -1.7
    """Share of the item's headline that another story near it knows and this one doesn't."""
    thin: float = -6.0
    """Names agree, but only such as many articles have, and hardly anything else does; see :func:`_thin`."""
    rarest: float = 0.18
    """Weight (nats) of the rarest word in common."""
    days_apart: float = -1.1
    """``ln(1 + days)`` between the item and the story's nearest end."""
    age: float = -0.65
    """``ln(1 + days)`` between the item and the story's beginning."""
    same_day: float = 1.3
    """Both name the same day."""
    other_day: float = -1.7
    """Both name days, and none of the one is a day of the other."""
    lone: float = 0.6
    """The story is one item: what its other items would share is not known yet."""
    headline_only: float = 2.1
    """Item or story is headlines without text: there is less that could agree."""
    start: float = -3.2
    """Log-odds before anything is observed."""
    least_besides_rarest: float = 2.5
    """Weight (nats) that the words in common besides the rarest must have, where both have text: one shared
    name is no event."""
    least_who: float = 0.05
    """Cosine of the names from which names that differ in the headlines may be a matter of emphasis."""
    least_in_headlines: float = 0.6
    least_who_in_headlines: float = 0.07
    """The same where one has no text; there, either of them is enough."""
    least_rarest: float = 0.4
    """Weight (nats) of the rarest word in common: what a third of all articles have weighs less, and is no
    rare word."""
    crowded: int = 3
    """An item with text that so many stories fit opens its own, however well they fit: round-ups do."""
    several: int = 2
    """An item with text that so many stories fit, and none of them well, opens its own: round-ups do."""
    weak: float = 3.0
    """Log-odds from which a story fits well."""
    strongly: float = 5.0
    """Log-odds from which an item fits two stories, and each of them the other, so well that they are one."""


class _Near(NamedTuple):
    """A story that has items like the new one."""

    story: OpenStory
    closest: float
    """Cosine with its most similar item, of the words by which items are found."""
    item_id: str
    """That item."""
    share: float
    """Of the likeness that the new item has to those most like it, the part that is in this story."""


class Grouper:
    """Groups articles into stories, online.

    All that it knows is in its ``memory``: by itself it remembers what it placed, as long as the stories are
    open. Where a store remembers between two runs, ``memory`` says what it lacks before an article is placed.
    """

    def __init__(self, policy: StoryPolicy | None = None, memory: Recollection | None = None) -> None:
        self._policy = policy or StoryPolicy()
        self.memory = memory or Recollection(self._policy.window)

    def __len__(self) -> int:
        """How many stories are open."""
        return self.memory.open_stories

    def learn(self, articles: Iterable[Article]) -> None:
        """Read articles for their words only, so that the first decisions know which words are common.

        Articles that are placed later are not counted twice.
        """
        for article in articles:
            self.memory.learn(article)

    def place(self, article: Article) -> Placement:
        """Decide which story an article joins or opens, and remember it.

        An article that is placed already keeps its place.
        """
        if known := self.memory.placed(article.id):
            return known
        day = self.memory.advance(article)
        prepared = self.memory.prepared(article)
        vector = prepared.vector
        prints = fingerprint(article)
        candidates = self.memory.candidates(article)
        texts = (KnownText(root=kept.root, prints=kept.prints()) for _, kept in candidates)
        if root := find_copy(prints, texts):
            placement = self._as_copy(article.id, root, candidates)
        else:
            fitting = self._fitting(prepared, prints, candidates, day)
            placement = merging(
                self._as_own_text(article.id, next(iter(fitting), None), vector, prepared.reading),
                late_evidence(fitting, self._log_odds, self.memory.vocabulary, self._policy.strongly),
            )
        self.memory.remember(placement, trace(vector, prints, root or article.id), day)
        return placement

    def restore(self, article: Article, placement: Placement) -> None:
        """Remember an article that was placed before, without deciding anew.

        Restoring all articles in the order they were placed leaves the grouper as it was then.
        """
        if self.memory.placed(article.id):
            return
        day = self.memory.advance(article)
        kept = trace(
            self.memory.prepared(article).vector, fingerprint(article), placement.copy_of or article.id
        )
        self.memory.remember(placement, kept, day)

    # ── deciding ─────────────────────────────────────────────────────────────────────────────────

    def _as_copy(self, item_id: str, root: str, candidates: Sequence[tuple[str, Trace]]) -> Placement:
        of_text = next(candidate for candidate, kept in candidates if kept.root == root)
        return Placement(
            item_id=item_id,
            story_id=self.memory.story_of(of_text).id,
            opens=False,
            copy_of=root,
            similarity=1.0,
            because=f"same text as {root}",
        )

    def _fitting(
        self, item: Prepared, prints: Fingerprint, candidates: Sequence[tuple[str, Trace]], day: float
    ) -> list[Fit]:
        """The stories with better than even odds that nothing speaks against, the best first."""
        near = self._short_list(item.heaviest, candidates, day)
        seen = [
            self.memory.common(each.story).resemblance(item.vector, self.memory.vocabulary) for each in near
        ]
        elsewhere = told_elsewhere(item.vector, seen)
        found = [
            Fit(
                self._weighed(item.vector, one, each.story, each.closest, day, each.share)
                + self._policy.elsewhere * share,
                each.story,
                each.item_id,
            )
            for each, one, share in zip(near, seen, elsewhere, strict=True)
        ]
        likely = sorted(
            (candidate for candidate in found if candidate.odds > 0),
            key=lambda candidate: (-candidate.odds, candidate.story.id),
        )
        if item.vector.has_text and self._is_round_up(likely):
            return []
        texts = dict(candidates)
        return [one for one in likely if not one_form(prints, texts[one.closest].prints())]

    def _is_round_up(self, likely: Sequence[Fit]) -> bool:
        """Whether an item fits many stories, or several and none of them well. ``likely``: the best first."""
        policy = self._policy
        if len(likely) >= policy.crowded:
            return True
        return len(likely) >= policy.several and likely[0].odds < policy.weak

    def _short_list(
        self, heaviest: Heaviest, candidates: Sequence[tuple[str, Trace]], day: float
    ) -> list[_Near]:
        """The stories most similar to the item by their closest item."""
        closest: dict[str, tuple[float, str]] = {}
        likeness: dict[str, float] = defaultdict(float)
        for item_id, kept in candidates:
            known = kept.weights()
            similarity = sum(weight * known[word] for word, weight in heaviest if word in known)
            story_id = self.memory.story_of(item_id).id
            likeness[story_id] += similarity
            if similarity > closest.get(story_id, (_WORTH_A_LOOK, ""))[0]:
                closest[story_id] = (similarity, item_id)
        ranked = sorted(closest.items(), key=lambda entry: (-entry[1][0], entry[0]))[:_SHORT_LIST]
        total = sum(likeness[story_id] for story_id, _ in ranked)
        near = (
            _Near(self.memory.story_of(found[1]), *found, likeness[story_id] / total)
            for story_id, found in ranked
        )
        return [each for each in near if each.story.days_from(day) <= self.memory.window]

    def _log_odds(self, item: Vectors, story: OpenStory, closest: float, day: float) -> float:
        """Log-odds that the item reports the story's event, of what the two of them say."""
        seen = self.memory.common(story).resemblance(item, self.memory.vocabulary)
        return self._weighed(item, seen, story, closest, day, 0.0)

    def _weighed(
        self, item: Vectors, seen: Resemblance, story: OpenStory, closest: float, day: float, share: float
    ) -> float:
        """Log-odds that the item reports the story's event; minus infinity where something objects.

        ``closest``: cosine with the story's most similar item; ``share``: see :class:`_Near`.
        """
        policy, common = self._policy, self.memory.common(story)
        both_have_text = item.has_text and common.has_text
        if self._objects(seen, both_have_text):
            return -math.inf
        odds = (
            policy.start
            + policy.both * min(1.0, min(seen.who, seen.what) / policy.enough)
            + policy.headline * seen.headline
            + policy.retold * seen.retold
            + policy.closest * closest
            + policy.neighbours * share
            + policy.names * seen.names
            + policy.contradiction * seen.contradiction
            + policy.rarest * seen.rarest
            + policy.thin * (_thin(seen) if both_have_text else 0.0)
            + policy.age * math.log1p(abs(day - story.first))
            + policy.days_apart * math.log1p(story.days_from(day))
            + (policy.same_day * (seen.days > 0) + policy.other_day * (seen.days < 0))
            + policy.lone * (common.items == 1)
        )
        return odds if both_have_text else odds + policy.headline_only + policy.closest_headline * closest

    def _objects(self, seen: Resemblance, both_have_text: bool) -> bool:
        """Whether item and story can't be one event however alike they are.

        They share no name and no rare word, or one word only (of headlines: one word only, and no names), or
        names differ, or it is the next of a series.
        """
        policy = self._policy
        if seen.rarest < policy.least_rarest or _is_next_of_series(seen):
            return True
        if not both_have_text:
            return (
                seen.who < policy.least_who_in_headlines and seen.besides_rarest < policy.least_in_headlines
            )
        differ = seen.contradiction >= _CONTRADICTED and seen.who < policy.least_who
        return differ or seen.besides_rarest < policy.least_besides_rarest

    def _as_own_text(self, item_id: str, chosen: Fit | None, vector: Vectors, reading: Reading) -> Placement:
        if chosen is None:
            return Placement(
                item_id=item_id,
                story_id=text.digest(["story", item_id]),
                opens=True,
                because="opens a story",
            )
        return Placement(
            item_id=item_id,
            story_id=chosen.story.id,
            opens=False,
            similarity=round(min(_SUREST, 1.0 / (1.0 + math.exp(-chosen.odds))), 4),
            because=_because(vector, self.memory.common(chosen.story), reading),
        )


def _is_next_of_series(seen: Resemblance) -> bool:
    """Whether it reads like the story but for its figures, and for names or days.

    A maker wins order after order, a company launches rocket after rocket. Where an event goes on, its
    figures change, and where and when it happened does not.
    """
    elsewhere = seen.contradiction >= _CONTRADICTED or seen.days < 0
    return seen.other_figures and elsewhere and seen.headline >= _OF_A_SERIES


def _thin(seen: Resemblance) -> float:
    """How much an agreement rests on names that many articles have: 1 where nothing else agrees at all.

    In news of one field the same few parties come with every story. A rare name in common is enough, and so
    is a common one where both say the same of it.
    """
    return max(0.0, 1.0 - seen.rarest / _RARE) * max(0.0, 1.0 - seen.what / _SAID_ALIKE)


def _because(vector: Vectors, common: Common, reading: Reading) -> str:
    """The three words that tie the item to the story most, as the item spells them."""
    ties = {word: weight * known for word, weight in vector.words.items() if (known := common.knows(word))}
    strongest = sorted(ties, key=lambda word: (-ties[word], word))[:3]
    spellings = reading.spellings()
    return "shares " + ", ".join(spellings[word] for word in strongest) + " with the story"
