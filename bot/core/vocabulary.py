"""What words a stream of articles uses: how rare each is, and which of them are names.

Both are learnt from the stream itself, one article at a time, so that any subject and language works without
a list of names; before much is read, the language at large says which words are common. The memory is
bounded: counts are halved once in a while and words that fade are dropped.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from bot.core import text
from bot.core.days import NamedDay, named_days
from bot.core.rarity import rarity as rarity_in_the_language
from bot.core.stems import stem
from bot.model import Article

_READ_BEFORE = 300
"""Articles that count as read before the first, each word in as many of them as words of its form are."""
_NAME_BEFORE = 1.0
_NUMBER_BEFORE = 2.0
_LONG_BEFORE = 3.0
_LETTERS_BEFORE = 24.0
"""Words in small letters: 24 over their length, 3 at least. Frequent words are short (Zipf's law of
abbreviation, 1935); in news of one field a word met for the first time stands in about so many of 300."""
_COMMON_BEFORE, _COMMON_FADES = 200.0, 7.25
"""Words that the language at large has often: ``200 exp(-7.25 rarity)`` of those 300 articles. Less than a
word's frequency alone would say: news of one field has the words of the field oftener, and others less."""
# A headline with more capitalised words than this is in title case or capitals: they say nothing.
_TITLE_CASE = 0.65
_LEAD_WORDS = 150
# What stands between a headline and the outlets behind it.
_OUTLET_BREAK = re.compile(r"\s+[-–—|»«·]+\s+")
_OUTLET_WORDS, _OUTLET_WORDS_IN_TITLE_CASE = 8, 4
_OUTLET_NAME = 4
"""Longer ones say what the outlet is and where, and the news may happen there."""
_FEWEST_WORDS = 4
_SITE = re.compile(r"\S+\.[a-z]{2,}", re.IGNORECASE)
"""An outlet that is called by its address."""
_SENTENCE_BREAK = re.compile(r"[.!?:…“”\"\n—]|--")


class Word(NamedTuple):
    """A content word of a text."""

    folded: str
    """The stem of its folded spelling: the forms of a word are one."""
    spelling: str
    capital: bool | None
    """Starts with a capital; ``None`` where that says nothing (start of a sentence, headline, digits)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """An article as grouping reads it."""

    headline: tuple[Word, ...]
    lead: tuple[Word, ...]
    days: frozenset[int]
    """Those that headline and lead name, see :mod:`bot.core.days`. Their words are not among the others."""

    def counts(self, headline_weight: float) -> dict[str, float]:
        """Word → occurrences, one in the headline counting ``headline_weight`` times."""
        counts: dict[str, float] = {}
        for words, weight in ((self.headline, headline_weight), (self.lead, 1.0)):
            for word in words:
                counts[word.folded] = counts.get(word.folded, 0.0) + weight
        return counts

    def spellings(self) -> dict[str, str]:
        """Word → how the article spells it, in running text rather than in the headline."""
        return {word.folded: word.spelling for words in (self.headline, self.lead) for word in words}


def read(article: Article) -> Reading:
    """Cut an article's headline and lead (its first 150 words) into content words."""
    lead = article.summary
    if len(lead) < len(article.body) and not article.body.startswith(lead.rstrip(" .…")):
        lead = f"{lead}\n{article.body}"
    elif len(lead) < len(article.body):
        lead = article.body
    lead = lead[: _LEAD_WORDS * 16]
    title, outlet = _outlet(article.title)
    published = article.published.date() if article.published else None
    in_title, in_lead = list(named_days(title, published)), list(named_days(lead, published))
    headline = tuple(_content_words(title, in_title))
    if _in_title_case(title):
        headline = tuple(word._replace(capital=None) for word in headline)
    words = (word for word in _content_words(lead, in_lead) if word.folded not in outlet)
    return Reading(
        headline=headline,
        lead=tuple(islice(words, _LEAD_WORDS)),
        days=frozenset(named.day for named in (*in_title, *in_lead)),
    )


def _outlet(title: str) -> tuple[str, frozenset[str]]:
    """The headline without the outlets behind it, and their names' words: what tells nothing of the event."""
    kept, names = title, frozenset[str]()
    for found in reversed(list(_OUTLET_BREAK.finditer(title))):
        head, tail = title[: found.start()], kept[found.end() :]
        words = text.words(tail)
        longest = _OUTLET_WORDS_IN_TITLE_CASE if _in_title_case(head) else _OUTLET_WORDS
        if (
            len(text.words(head)) < _FEWEST_WORDS
            or len(words) > longest
            or not (_in_title_case(tail) or _SITE.fullmatch(tail))
        ):
            break
        kept = head
        if len(words) <= _OUTLET_NAME:
            names |= frozenset(map(stem, words))
    return kept, names


def _in_title_case(part: str) -> bool:
    """Whether most of its words start with capitals."""
    letters = [
        word[0].isupper()
        for word in text.spelled(part)
        if word[0].isalpha() and word not in text.FUNCTION_WORDS
    ]
    return sum(letters) > _TITLE_CASE * len(letters)


def _content_words(source: str, days: Sequence[NamedDay]) -> Iterator[Word]:
    end = 0
    spans = iter(days)
    named = next(spans, None)
    for token in text.tokens(source):
        before, end = end, token.end
        while named is not None and named.end <= token.start:
            named = next(spans, None)
        if named is not None and named.start <= token.start:
            continue
        if token.word in text.FUNCTION_WORDS or (
            len(token.word) == 1 and token.word.isascii() and not token.word.isdigit()
        ):
            continue
        spelling = source[token.start : end]
        telling = spelling[0].isalpha() and not _opens(source, before, token.start)
        yield Word(stem(token.word), spelling, spelling[0].isupper() if telling else None)


def _opens(source: str, before: int, start: int) -> bool:
    """Whether a word begins a sentence; the one before it ended at ``before``."""
    if before == 0:
        return True
    between = source[before:start]
    return between != " " and _SENTENCE_BREAK.search(between) is not None


class Vocabulary:
    """Document frequencies and capitalisation of the words seen so far."""

    def __init__(self, horizon: int = 20_000) -> None:
        """``horizon``: articles after which all counts are halved."""
        self._horizon = horizon
        self._articles = 0
        self._found_in: Counter[str] = Counter()
        self._capital: Counter[str] = Counter()
        self._small: Counter[str] = Counter()
        self._faded = False
        self._changed: set[str] = set()

    @property
    def articles(self) -> int:
        """How many articles the counts stand for."""
        return self._articles

    def counts(self, word: str) -> tuple[int, int, int]:
        """In how many articles the word is, how often inside sentences with a capital, and without."""
        return self._found_in[word], self._capital[word], self._small[word]

    def recall(self, word: str, found_in: int, capital: int, small: int) -> None:
        """Take over a word's counts from where they were kept."""
        fading = 2 if self._faded else 1  # where they are kept they were not halved yet
        for counter, count in (
            (self._found_in, found_in),
            (self._capital, capital),
            (self._small, small),
        ):
            if count // fading:
                counter[word] = count // fading

    def recall_articles(self, articles: int) -> None:
        self._articles = articles

    def changes(self) -> tuple[set[str], bool]:
        """Words counted since this was last asked, and whether all counts were halved in between."""
        changed, faded = self._changed, self._faded
        self._changed, self._faded = set(), False
        return changed, faded

    def learn(self, reading: Reading) -> None:
        """Count the words of one article."""
        self._articles += 1
        words = reading.headline + reading.lead
        folded = {word.folded for word in words}
        self._changed |= folded
        self._found_in.update(folded)
        self._capital.update(word.folded for word in words if word.capital)
        self._small.update(word.folded for word in words if word.capital is False)
        if self._articles >= self._horizon:
            self._articles //= 2
            self._faded = True
            for counter in (self._found_in, self._capital, self._small):
                _halve(counter)

    def rarity(self, word: str) -> float:
        """Inverse document frequency ``ln(1 + (N + 300) / (n + n₀))`` in nats.

        As if 300 articles had been read before the first, the word in ``n₀`` of them: one for a name, more
        for a word in small letters, most for a short one or one that English has often. So the first
        articles of a stream know rare words, and know that an ordinary word is none though nobody has used
        it yet.
        """
        return math.log1p(
            (self._articles + _READ_BEFORE) / (self._found_in.get(word, 0) + self._before(word))
        )

    def weight(self, word: str) -> float:
        """What sharing the word tells, in nats: its rarity, lessened by how far it is from the highest.

        What half of a stream is about has some rarity left, but tells little: ``rarity² / highest rarity``.
        """
        rarity = self.rarity(word)
        return rarity * rarity / self.highest_rarity()

    def highest_rarity(self) -> float:
        """The rarity of a name that only one article has."""
        return math.log1p((self._articles + _READ_BEFORE) / (1.0 + _NAME_BEFORE))

    def _before(self, word: str) -> float:
        """In how many of the articles read before the first the word is taken to have been."""
        if word[0].isdigit():
            return _NUMBER_BEFORE
        small = max(_LONG_BEFORE, _LETTERS_BEFORE / len(word))
        by_form = small + (_NAME_BEFORE - small) * self.name_likeness(word)
        return max(by_form, _before_in_the_language(word))

    def name_likeness(self, word: str) -> float:
        """Share of the word's occurrences inside sentences that are capitalised; 0.5 for an unknown word."""
        # Not by subscript: a counter answers for a word it lacks in Python, and most are names or not.
        capital = self._capital.get(word, 0)
        return (capital + 0.5) / (capital + self._small.get(word, 0) + 1.0)

    def __len__(self) -> int:
        return len(self._found_in)


@lru_cache(maxsize=16384)
def _before_in_the_language(word: str) -> float:
    return _COMMON_BEFORE * math.exp(-_COMMON_FADES * rarity_in_the_language(word))


def _halve(counter: Counter[str]) -> None:
    faded: Mapping[str, int] = {word: count // 2 for word, count in counter.items() if count > 1}
    counter.clear()
    counter.update(faded)
