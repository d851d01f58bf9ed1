"""How an item resembles a story: what both say, in weights of words, and what of it agrees.

A story is compared by what its items share, not by every word that one of them ever had, so that a big story
does not come to resemble everything.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

from bot.core.vocabulary import Reading, Vocabulary

_HEADLINE_WEIGHT = 2.0
"""Times that a word of the headline counts."""
_NAME_WEIGHT = 1.5
_NUMBER_WEIGHT = 0.7
"""What names and numbers weigh where stories are looked for."""
_SURELY_A_NAME = 0.6
_ONE_NAME = 5.0
"""Weight (nats) of about one rare name: what names must carry before they say much."""
_ONE_WORD = 2.0
"""The same for the words of a headline."""
_CORE = 0.3
"""Part of a story's headlines that must have a word before its absence from an item says anything."""
_ONE_NIGHT = 1
"""Days: of what happens at night one report names the evening and another the morning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What is kept of what an item says. The vectors are of unit length."""

    words: Mapping[str, float]
    """All its words, to look for stories."""
    who: Mapping[str, float]
    """Its names; a word that may be a name or not stands in both parts."""
    what: Mapping[str, float]
    """Its other words and its numbers."""
    headline: Mapping[str, float]
    days: Collection[int]
    """Those it names."""
    has_text: bool
    """More than a headline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Vectors(Outline):
    """What a new item says, with what it takes to compare it."""

    weight: Mapping[str, float]
    """Word → how much it tells by its rarity, in nats."""
    names: Mapping[str, float]
    """Word → how certainly it is a name, for those that probably are."""
    figures: Collection[str]
    """The numbers in its headline."""


def weigh(reading: Reading, vocabulary: Vocabulary) -> Vectors:
    """Sublinear term frequency times the weight of the word, split into names and other words."""
    words, who, what = {}, {}, {}
    weights: dict[str, float] = {}
    names: dict[str, float] = {}
    for word, count in reading.counts(_HEADLINE_WEIGHT).items():
        weights[word] = vocabulary.weight(word)
        weight = weights[word] * (1.0 + math.log(count) if count > 1 else count)
        if word[0].isdigit():
            words[word], what[word] = weight * _NUMBER_WEIGHT, weight
            continue
        likeness = vocabulary.name_likeness(word)
        words[word] = weight * (1.0 + (_NAME_WEIGHT - 1.0) * likeness)
        certainty = _certainty(likeness)
        if certainty > 0.0:
            who[word] = weight * certainty
        if certainty < 1.0:
            what[word] = weight * (1.0 - certainty)
        if likeness > _SURELY_A_NAME:
            names[word] = certainty
    return Vectors(
        words=_unit(words),
        who=_unit(who),
        what=_unit(what),
        headline=_unit({word.folded: weights[word.folded] for word in reading.headline}),
        weight=weights,
        names=names,
        figures={word.folded for word in reading.headline if word.folded[0].isdigit()},
        days=reading.days,
        has_text=bool(reading.lead),
    )


def reweighed(outline: Outline, vocabulary: Vocabulary) -> Vectors:
    """A kept item as a new one is compared, with what its words tell by now."""
    likeness = {word: vocabulary.name_likeness(word) for word in outline.words if not word[0].isdigit()}
    return Vectors(
        **{each.name: getattr(outline, each.name) for each in fields(Outline)},
        weight={word: vocabulary.weight(word) for word in outline.words},
        names={word: _certainty(value) for word, value in likeness.items() if value > _SURELY_A_NAME},
        figures={word for word in outline.headline if word[0].isdigit()},
    )


def _certainty(likeness: float) -> float:
    """0 for what is surely no name, 1 for what surely is one: once seen inside a sentence is enough."""
    return min(1.0, max(0.0, 2.0 * likeness - 0.5))


def _unit(weights: Mapping[str, float]) -> Mapping[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()} if length else {}


@dataclass(slots=True)
class _Mean:
    """The sum of vectors, with its length kept up to date."""

    sums: dict[str, float] = field(default_factory=dict)
    square: float = 0.0

    def add(self, vector: Mapping[str, float]) -> None:
        sums, square = self.sums, self.square
        for word, weight in vector.items():
            before = sums.get(word, 0.0)
            sums[word] = before + weight
            square += weight * (2 * before + weight)
        self.square = square

    def cosine(self, vector: Mapping[str, float]) -> float:
        sums = self.sums
        dot = sum([weight * sums[word] for word, weight in vector.items() if word in sums])
        return dot / math.sqrt(self.square) if dot else 0.0


@dataclass(slots=True)
class Common:
    """What the items of a story say together."""

    items: int = 0
    has_text: bool = False
    _who: _Mean = field(default_factory=_Mean)
    _what: _Mean = field(default_factory=_Mean)
    _headline: _Mean = field(default_factory=_Mean)
    _held: Counter[str] = field(default_factory=Counter)
    """Word → how many items have it."""
    _headed: Counter[str] = field(default_factory=Counter)
    """Word → how many headlines have it."""
    _days: set[int] = field(default_factory=set)
    """Those that its items name."""
    _figures: set[str] = field(default_factory=set)
    """The numbers in its headlines."""

    def add(self, item: Outline) -> None:
        self.items += 1
        self.has_text = self.has_text or item.has_text
        self._who.add(item.who)
        self._what.add(item.what)
        self._headline.add(item.headline)
        self._held.update(item.words.keys())
        self._headed.update(item.headline.keys())
        self._days.update(item.days)
        self._figures.update(word for word in item.headline if word[0].isdigit())

    def knows(self, word: str) -> float:
        """1 where half of the items have the word, less where fewer do."""
        return min(1.0, 2.0 * self._held[word] / self.items) if word in self._held else 0.0

    def _core(self) -> Iterator[tuple[str, float]]:
        """The words of many of its headlines, with the same measure."""
        least = _CORE * self.items
        for word, count in self._headed.items():
            if count > least:
                yield word, min(1.0, 2.0 * count / self.items)

    def resemblance(self, item: Vectors, vocabulary: Vocabulary) -> Resemblance:
        """How an item resembles the story."""
        retold, theirs = self._retold(item, vocabulary)
        ours = sum(
            item.weight[word] * certainty
            for word, certainty in item.names.items()
            if word in item.headline and word not in self._held
        )
        held, all_items = self._held, self.items
        # Half of the items are enough: see `knows`, written out here because most of the time goes by in it.
        known_by = {word: min(1.0, 2.0 * held[word] / all_items) for word in item.weight if word in held}
        shared = [item.weight[word] * part for word, part in known_by.items()]
        known = sum([item.weight[word] * known_by.get(word, 0.0) for word in item.names])
        total = sum([item.weight[word] for word in item.names])
        return Resemblance(
            who=self._who.cosine(item.who),
            what=self._what.cosine(item.what),
            headline=self._headline.cosine(item.headline),
            retold=retold,
            names=(2.0 * known - total) / (total + _ONE_NAME),
            contradiction=min(1.0, min(ours, theirs) / _ONE_NAME),
            rarest=max(shared, default=0.0),
            besides_rarest=sum(shared) - max(shared, default=0.0),
            days=self._agreement(item.days),
            other_figures=self._has_other_figures(item),
            known=known_by,
        )

    def _agreement(self, days: Collection[int]) -> int:
        """1 where a day is named by both, -1 where both name days and none is within one of another."""
        if not self._days.isdisjoint(days):
            return 1
        nearest = min((abs(ours - theirs) for ours in days for theirs in self._days), default=0)
        return -1 if nearest > _ONE_NIGHT else 0

    def _has_other_figures(self, item: Vectors) -> bool:
        """Whether headlines of both name figures, and the other one's text has none of them."""
        return bool(
            self._figures
            and item.figures
            and self._figures.isdisjoint(item.weight)
            and self._held.keys().isdisjoint(item.figures)
        )

    def _retold(self, item: Vectors, vocabulary: Vocabulary) -> tuple[float, float]:
        """Share of the story's headline that the item knows, and the weight of the names it doesn't know."""
        total = known = missing = 0.0
        for word, part in self._core():
            if (weight := item.weight.get(word)) is not None:
                total += part * weight
                known += part * weight
                continue
            weight = vocabulary.weight(word)
            total += part * weight
            likeness = 0.0 if word[0].isdigit() else vocabulary.name_likeness(word)
            if likeness > _SURELY_A_NAME:
                missing += part * weight * _certainty(likeness)
        return known / (total + _ONE_WORD), missing


class Resemblance(NamedTuple):
    """What of an item agrees with a story; from 0 to 1 where nothing else is said."""

    who: float
    """Cosine of the names with the story's mean."""
    what: float
    """Cosine of the other words with the story's mean."""
    headline: float
    """Cosine of the headline with the mean of the story's headlines."""
    retold: float
    """Share of the story's headline that the item's text knows."""
    names: float
    """Share of the item's names that the story knows, less the share it doesn't: −1 to 1."""
    contradiction: float
    """Names in the item's headline that the story doesn't know, or names in the story's headlines that the
    item doesn't, whichever weigh less; 1 for a rare one on either side."""
    rarest: float
    """Weight (nats) of the rarest word in common."""
    besides_rarest: float
    """Weight (nats) of all words in common but the rarest: hardly any where they share one name."""
    days: int
    """1 where both name the same day, -1 where they name other days, else 0."""
    other_figures: bool
    """The headlines of both name figures, and neither text knows those of the other's headline."""
    known: Mapping[str, float]
    """Word of the item → how far the story knows it (:meth:`Common.knows`), for those that it knows."""


def told_elsewhere(item: Vectors, seen: Sequence[Resemblance]) -> list[float]:
    """For each story, the share of the item's headline that it doesn't know and another of them does.

    In a narrow field all stories near an item share its commonest names. What tells them apart is a word of
    its headline that belongs to another one.
    """
    best: dict[str, tuple[float, float]] = {}
    for each in seen:
        for word in item.headline:
            part = each.known.get(word, 0.0)
            first, second = best.get(word, (0.0, 0.0))
            best[word] = (part, first) if part > first else (first, max(second, part))
    total = sum(item.weight[word] for word in item.headline) + _ONE_WORD / 2
    return [
        sum(
            item.weight[word] * (1.0 - part) * (second if part == first else first)
            for word, (first, second) in best.items()
            for part in (each.known.get(word, 0.0),)
        )
        / total
        for each in seen
    ]
