"""Copies of one text: the same wire report on another site, cut, re-titled or with a dateline in front."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from zlib import crc32

from bot.core import text
from bot.core.stems import stem
from bot.model import Article

_SHINGLE = 4
"""Words a shingle; Broder (1997), "On the resemblance and containment of documents"."""
_SHARED_TEXT = 0.5
"""From this containment on two texts are one."""
_SHARED_UNDER_ONE_TITLE = 0.15
"""What identical headlines need besides where both articles have text: the same headline stands over
different texts in columns and live pages."""
_NUMBER_WORDS = frozenset(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
)
_FEWEST_SHINGLES = 6
_FEWEST_TITLE_WORDS = 4
_LONGEST_TEXT = 400

_OUTLET = re.compile(r"^(.*\S)\s+[-–—|»·:]\s+[^-–—|»·:]{2,40}$")
_LABEL = re.compile(
    r"^(?:[A-Z][A-Z0-9 ]{2,18}|(?i:updated?|breaking|exclusive|corrected|report|watch|video)(?: \d+)?)"
    r"\s*[-–—:|]\s*"
)


_ALIGNED = 150
"""Words compared one by one: aligning takes more than linear time, and a feed may be hostile."""
_SHARED_FORM = 0.25
"""Containment from which two texts may be one form: every swap of a word breaks four shingles."""
_LONGEST_BLANK = 4
"""Words that fill one blank of a form; longer stretches are other sentences."""
_FEWEST_SWAPS = 2
"""A place and a name in another's stead make it another event; one change alone may be an editor's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """What is compared to find copies: the headline's spellings, the text and its runs of words."""

    titles: Collection[str]
    words: tuple[str, ...]
    """The first of the text's words, as spelt."""
    shingles: Collection[int]
    """Hashes of the text's runs of four words, 32 bits each."""


def fingerprint(article: Article) -> Fingerprint:
    """Reduce an article to what its copies share."""
    body = article.body if len(article.body) > len(article.summary) else article.summary
    words = text.spelled(body[: _LONGEST_TEXT * 16])[:_LONGEST_TEXT]
    return Fingerprint(
        titles=frozenset(_titles(article.title)),
        words=tuple(words[:_ALIGNED]),
        shingles=frozenset(_runs([text.fold(word).encode("utf-8", "surrogatepass") for word in words])),
    )


def _runs(words: Sequence[bytes]) -> Iterator[int]:
    """Hashes of all runs of four words."""
    whole = b"\0".join(words)
    starts = [0, *accumulate(len(word) + 1 for word in words)]
    for start, end in zip(starts, starts[_SHINGLE:], strict=False):
        yield crc32(whole[start : end - 1])


def _titles(title: str) -> Iterable[str]:
    """The headline folded, with and without labels in front and outlets behind."""
    spelling = title
    while spelling:
        words = text.words(_LABEL.sub("", spelling, count=1))
        if len(words) >= _FEWEST_TITLE_WORDS:
            yield " ".join(words)
        outlet = _OUTLET.match(spelling)
        spelling = outlet[1] if outlet else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownText:
    """An article that a new one may repeat."""

    root: str
    """Id of the article whose text it is: its own where it is no copy."""
    prints: Fingerprint


def find_copy(candidate: Fingerprint, known: Iterable[KnownText]) -> str | None:
    """Root of the text that the candidate repeats, or ``None``.

    Runs of words that stand in several of the known texts (``the post appeared first on``) weigh less, one
    over the number of those texts, so boilerplate is learnt from the stream.
    """
    own = frozenset(candidate.shingles)
    shared = [(one, own.intersection(one.prints.shingles)) for one in known]
    # Most have too little in common even before anything is taken off.
    if not any(_likeness(candidate, one.prints, len(runs)) for one, runs in shared):
        return None
    roots: dict[int, set[str]] = defaultdict(set)
    for one, runs in shared:
        for run in runs:
            roots[run].add(one.root)
    best, chosen = 0.0, None
    for one, runs in shared:
        likeness = _likeness(candidate, one.prints, sum(1.0 / len(roots[run]) for run in sorted(runs)))
        if likeness > best:
            best, chosen = likeness, one
    if chosen is None or _furniture(candidate, chosen.prints):
        return None
    return None if _swaps(candidate.words, chosen.prints.words) >= _FEWEST_SWAPS else chosen.root


def one_form(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether the two texts are one form filled in twice: releases about like events, not about one.

    Or two texts of one site, alike by what the site puts in front of every text.
    """
    shorter = min(len(one.shingles), len(other.shingles))
    if shorter < _FEWEST_SHINGLES:
        return False
    ours, theirs = _form(one.words), _form(other.words)
    as_spelt = len(frozenset(one.shingles).intersection(other.shingles)) / shorter
    if max(as_spelt, len(ours & theirs) / max(1, min(len(ours), len(theirs)))) < _SHARED_FORM:
        return False
    return _furniture(one, other) or _swapped_names(one.words, other.words) >= _FEWEST_SWAPS


def _form(words: Sequence[str]) -> frozenset[int]:
    """Hashes of a text's runs of words, whatever its numbers: ``1 company`` and ``12 companies`` are one."""
    return frozenset(_runs([_blank(word).encode("utf-8", "surrogatepass") for word in words]))


def _blank(word: str) -> str:
    """A word's stem; the same for all numbers."""
    folded = text.fold(word)
    return "#" if folded.isdigit() or folded in _NUMBER_WORDS else stem(folded)


def _furniture(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether the runs of words that two texts share say nothing of what their headlines say.

    ``We have sent you an e-mail`` stands over any news of a site. The headline of a copy is told by what both
    texts have, or by the other text: its first sentence may have become the headline.
    """
    shared = _shared_words(one, other)
    if not shared or not one.titles or not other.titles:
        return False
    titles = [_content(" ".join(each.titles).split()) for each in (one, other)]
    texts = [_content(map(text.fold, each.words)) for each in (one, other)]
    return all(
        shared.isdisjoint(own) and 2 * len(own & (its_title | its_text)) < len(own)
        for own, its_title, its_text in zip(titles, reversed(titles), reversed(texts), strict=True)
    )


def _shared_words(one: Fingerprint, other: Fingerprint) -> frozenset[str]:
    """The content words of the runs of words that both have."""
    words = [text.fold(word) for word in one.words]
    theirs = frozenset(other.shingles)
    runs = _runs([word.encode("utf-8", "surrogatepass") for word in words])
    return _content(
        word for at, run in enumerate(runs) if run in theirs for word in words[at : at + _SHINGLE]
    )


def _content(words: Iterable[str]) -> frozenset[str]:
    return frozenset(words) - text.FUNCTION_WORDS


def _likeness(candidate: Fingerprint, other: Fingerprint, shared: float) -> float:
    """Containment of the shorter text in the longer, 0 where that is not enough for a copy."""
    same_title = any(title in other.titles for title in candidate.titles)
    shorter = min(len(candidate.shingles), len(other.shingles))
    if shorter < _FEWEST_SHINGLES:
        return 1.0 if same_title else 0.0
    containment = shared / shorter
    needed = _SHARED_UNDER_ONE_TITLE if same_title else _SHARED_TEXT
    return containment if containment >= needed else 0.0


def _swaps(one: Sequence[str], other: Sequence[str]) -> int:
    """How often a name or a figure stands in the one text where another stands in the other.

    A copy is cut, or gains words at its ends; between the words it keeps it has the same names.
    """
    return sum(
        _filled(ours, theirs, lambda word: word[0].isupper() or word[0].isdigit())
        for ours, theirs, inside in _replacements(one, other)
        if inside
    )


def _swapped_names(one: Sequence[str], other: Sequence[str]) -> int:
    """How many names stand in the one text where others stand in the other, also at its ends."""
    return sum(
        _filled(ours, theirs, lambda word: word[0].isupper())
        for ours, theirs, inside in _replacements(one, other)
        if inside or max(len(ours), len(theirs)) <= _LONGEST_BLANK
    )


def _replacements(
    one: Sequence[str], other: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str], bool]]:
    """Where the two texts have different words; third, whether words that both have stand on both sides."""
    matcher = SequenceMatcher(None, [*map(text.fold, one)], [*map(text.fold, other)], autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "replace":
            inside = start > 0 < other_start and end < len(one) and other_end < len(other)
            yield one[start:end], other[other_start:other_end], inside


def _filled(ours: Sequence[str], theirs: Sequence[str], telling: Callable[[str], bool]) -> int:
    """How many blanks of a form the two stretches fill: one a telling word, in long ones one at most."""
    blanks = min(sum(map(telling, ours)), sum(map(telling, theirs)))
    return blanks if max(len(ours), len(theirs)) <= _LONGEST_BLANK else min(blanks, 1)
