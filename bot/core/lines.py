"""The lines of a text that was copied from a page, and what kind of line each is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from bot.core.furniture import ABOUT_NAME, AFTER_ARTICLE, BYLINE, LABEL, NOTICE, OTHER_ARTICLES
from bot.core.text import FUNCTION_WORDS, one_line, safe, words


class Kind(Enum):
    """What a line is, by its shape and by the words of its kind."""

    PROSE = "prose"
    SENTENCE = "sentence"
    """A short line that ends like a sentence."""
    ITEM = "item"
    """One of a list, marked so or under a line that ends in a colon."""
    SHORT = "short"
    LABEL = "label"
    OTHERS = "others"
    """The heading of a list of other articles."""
    AFTER = "after"
    """The heading of what follows an article: comments, notes on the company, risk notices."""


class Line(NamedTuple):
    text: str
    size: int
    """Words."""
    content: frozenset[str]
    kind: Kind
    notice: bool
    """It speaks of cookies, subscriptions, rights or risks."""

    @property
    def runs(self) -> bool:
        """Whether it is running text."""
        return self.kind is Kind.PROSE or self.kind is Kind.SENTENCE


_PROSE_WORDS = 9
_ITEM_WORDS = 3
_SYMBOL = re.compile(r"[•‣▪●◦·*]\s+")
_BULLET = re.compile(r"(?:[•‣▪●◦·*–—-]|\(?\d{1,2}[.)])\s+")
_MARKDOWN = re.compile(r"(?:[#>]+\s+)+")
_STOP = re.compile(r"[.!?…。！？।][\"'”’»)\]*]*$")
_PAUSE = re.compile(r"[:;,][\"'”’»]?$")
_HYPHEN = re.compile(r"\w[-‐]$")
_WIDEST = 130
"""No program breaks text to a greater width."""
_BEYOND = 0.2
"""Part of a text in longer lines from which it is not a broken one."""
_UNSPACED = "\u0e00"  # from here on lie the scripts that text.tokenize cuts by character


def lines_of(text: str) -> list[Line]:
    """The lines that hold something, without the marks of headings and quotes before them."""
    lines: list[Line] = []
    in_list = False
    for line in (_line(text) for raw in _unwrapped(safe(text)) if (text := one_line(raw))):
        listed = in_list and line.kind is Kind.SHORT and line.size >= _ITEM_WORDS
        in_list = listed or (line.text.endswith((":", "：")) and (line.runs or line.kind is Kind.SHORT))
        lines.append(line._replace(kind=Kind.ITEM) if listed else line)
    return lines


def _line(text: str) -> Line:
    text = _without(_MARKDOWN, text).strip(" `|") or text
    bare = _without(_SYMBOL, text)
    cut = words(bare)
    # Two characters of a script without blanks are about one word.
    size = len(cut) - sum(len(word) == 1 and word >= _UNSPACED for word in cut) // 2
    kind = _kind(bare, size, _BULLET.match(text) is not None)
    content = frozenset(word for word in cut if _is_content(word))
    return Line(text, size, content, kind, NOTICE.search(text) is not None)


def _without(mark: re.Pattern[str], text: str) -> str:
    found = mark.match(text)
    return text[found.end() :] if found else text


def _is_content(word: str) -> bool:
    return (len(word) >= 4 or word[0].isdigit() or word >= _UNSPACED) and word not in FUNCTION_WORDS


def _kind(text: str, size: int, marked: bool) -> Kind:
    heading = text.rstrip(" :：…")
    stops = _STOP.search(text) is not None
    if size <= _PROSE_WORDS:
        if AFTER_ARTICLE.fullmatch(heading) or (not stops and ABOUT_NAME.fullmatch(heading)):
            return Kind.AFTER
        if OTHER_ARTICLES.fullmatch(heading):
            return Kind.OTHERS
    if LABEL.fullmatch(text) or BYLINE.fullmatch(text):
        return Kind.LABEL
    if size >= 3 * _PROSE_WORDS or (size >= _PROSE_WORDS and (stops or _PAUSE.search(text))):
        return Kind.PROSE
    if size >= _ITEM_WORDS and stops:
        return Kind.SENTENCE
    return Kind.ITEM if marked and size >= _ITEM_WORDS else Kind.SHORT


def _unwrapped(text: str) -> Iterable[str]:
    """The lines of a text; where paragraphs were broken to a fixed width, one line each."""
    lines = [line.rstrip() for line in text.splitlines()]
    width = _width(lines)
    if not width:
        return lines
    paragraphs: list[str] = []
    for previous, line in pairwise(["", *lines]):
        edited = len(previous) * 2 >= width and _is_open(previous, line)
        if (edited or _goes_on(previous, line, width)) and not _BULLET.match(line):
            # A compound that was broken at its hyphen: "in-" and "house".
            joint = "" if _HYPHEN.search(previous) and line.strip()[0].islower() else " "
            paragraphs[-1] += joint + line.strip()
        else:
            paragraphs.append(line)
    return paragraphs


def _width(lines: Sequence[str]) -> int:
    """The width to which a text was broken; 0 where whole paragraphs stand on a line.

    In a broken text full lines end openly and go on with a small letter, one in three or more; lists of
    headlines of about one length don't. The width is the one that explains most such ends and is
    overstepped by fewest lines.
    """
    sizes = [len(line) for line in lines if " " in line.strip()]
    if sum(size for size in sizes if size > _WIDEST) > _BEYOND * sum(sizes):
        return 0
    pairs = [(one, two) for one, two in pairwise(lines) if one.strip() and two.strip()]
    open_ends = [(one, two) for one, two in pairs if _is_open(one, two)]
    best, best_width = 0, 0
    for width in sorted({len(one) for one, _ in open_ends if len(one) <= _WIDEST}):
        broken = sum(_goes_on(one, two, width) for one, two in open_ends)
        full = sum(_goes_on(one, two, width) for one, two in pairs)
        worth = broken - sum(size > width for size in sizes)
        if worth > best and broken * 3 >= full:
            best, best_width = worth, width
    return best_width


def _goes_on(line: str, following: str, width: int) -> bool:
    """Whether the first word of what follows did not fit the line any more."""
    first, *_ = following.split(maxsplit=1) or [""]
    return bool(line.strip()) and bool(first) and len(line) + len(first) >= width


def _is_open(line: str, following: str) -> bool:
    """Whether a sentence ends with neither stop nor line: what follows begins with a small letter."""
    return following.lstrip()[:1].islower() and not _STOP.search(line)
